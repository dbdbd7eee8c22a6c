import assert from 'node:assert/strict';
import { Cpu } from '../../../src/machine/cpu/cpu';
import { CR0, INTERRUPT_SHADOW, Register } from '../../../src/machine/cpu/layout';
import { flatMachine, ORIGIN } from '../wasm/flat-program';

const SSE = [0x0f, 0x28, 0xc1];
const CASES: [feature: string, ...code: number[]][] = [
  ['SSE', ...SSE],
  ['SSE2', 0x66, 0x0f, 0x6f, 0x05, 0, 0, 2, 0],
  ['SSE3', 0xdf, 0x0d, 0, 0, 2, 0],
  ['SSSE3', 0x0f, 0x38, 0x00, 0xc1],
  ['SSE4.2', 0xf2, 0x0f, 0x38, 0xf1, 0xc1],
  ['MMX', 0x0f, 0x77],
  ['3DNow!', 0x0f, 0x0f, 0xc1, 0x9e],
  ['FXSAVE', 0x0f, 0xae, 0x05, 0, 0, 2, 0],
  ['SSE', 0x0f, 0xae, 0x15, 0, 0, 2, 0],
  ['SSE2', 0x0f, 0xae, 0xf0],
  ['POPCNT', 0xf3, 0x0f, 0xb8, 0xc1],
  ['RDRAND', 0x0f, 0xc7, 0xf0],
  ['MOVBE', 0x0f, 0x38, 0xf0, 0x05, 0, 0, 2, 0],
  ['VMX', 0x0f, 0x01, 0xc1],
  ['SMX', 0x0f, 0x37],
  ['MONITOR', 0x0f, 0x01, 0xc8],
  ['XSAVE', 0x0f, 0x01, 0xd0],
  ['SYSCALL', 0x0f, 0x05],
  ['AVX', 0xc5, 0xf8, 0x77],
  ['AVX', 0xc4, 0xe2, 0x79, 0x18, 0xc0],
  ['AVX', 0x62, 0xf1, 0x7c, 0x48, 0x28, 0xc1],
  ['XOP', 0x8f, 0xe9, 0x78, 0x81, 0xc0],
];

for (const kind of ['wasm', 'evaluator'] as const)
  describe(`instructions that this machine does not have, on the ${kind} engine`, () => {
    for (const [feature, ...code] of CASES) {
      const hex = code.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
      it(`stops before ${hex} (${feature}), and at it again`, () => {
        // mov $5, %eax; …; mov $6, %eax
        const { cpu, engine } = flatMachine(Uint8Array.of(0xb8, 5, 0, 0, 0, ...code, 0xb8, 6, 0, 0, 0, 0xf4), kind);
        for (const resuming of [false, true, true]) {
          assert.equal(engine.run(100, resuming), 'unimplemented');
          assert.equal(engine.unimplemented?.feature, feature);
          assert.equal(cpu.eip, ORIGIN + 5);
          assert.equal(cpu.getRegister(Register.EAX), 5);
          assert.equal(cpu.now(), 1);
        }
      });
    }

    it('stops in the shadow of STI, which stays', () => {
      const { cpu, engine } = flatMachine(Uint8Array.of(0xfb, ...SSE), kind);
      assert.equal(engine.run(100), 'unimplemented');
      assert.equal(cpu.eip, ORIGIN + 1);
      assert.equal(cpu.i32[INTERRUPT_SHADOW >> 2], 1);
    });

    it('runs what such a processor takes for something else, and raises #UD for what no processor has', () => {
      const vector = (...code: number[]): number => {
        const { cpu, engine } = flatMachine(Uint8Array.of(...code, 0xf4), kind);
        let raised = -1;
        cpu.deliver = (number: number) => {
          raised = number;
          cpu.shutdown = true;
        };
        engine.run(10);
        return raised;
      };
      // TZCNT is BSF, LZCNT is BSR, PAUSE, ENDBR32 and PREFETCHW are NOPs.
      for (const code of [
        [0xf3, 0x0f, 0xbc, 0xc1],
        [0xf3, 0x0f, 0xbd, 0xc1],
        [0xf3, 0x90],
        [0xf3, 0x0f, 0x1e, 0xfb],
        [0x0f, 0x0d, 0x0e],
      ])
        assert.equal(vector(...code), -1);
      const UD = 6;
      for (const code of [
        [0x0f, 0x0b],
        [0x0f, 0xb9, 0xc0],
        [0x0f, 0xff, 0xc0],
        [0x0f, 0x04],
        [0x0f, 0x38, 0x0c, 0xc0],
        [0xf0, ...SSE],
        [0xf3, ...SSE],
        [0xc4, 0xc0, 0, 0],
        [0x66, 0xc5, 0xf8, 0x77],
        [0x0f, 0xaa],
      ])
        assert.equal(vector(...code), UD, code.map((byte) => byte.toString(16)).join(' '));
    });

    it('knows no VEX prefix in real mode', () => {
      const { cpu, engine } = flatMachine(Uint8Array.of(0xc5, 0xf8, 0x77), kind);
      cpu.i32[CR0 >> 2] &= ~1;
      cpu.updateMode();
      const raised: number[] = [];
      cpu.deliver = (number: number) => {
        raised.push(number);
        (cpu as Cpu).shutdown = true;
      };
      assert.equal(engine.run(10), 'shutdown');
      assert.deepEqual(raised, [6]);
    });
  });
