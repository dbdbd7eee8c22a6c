/**
 * What the host's FPU cannot show: the images of real-address mode, restart after faults, FERR#, and the state's place
 * in the machine's memory.
 */
import assert from 'node:assert/strict';
import { X87, X87_STATE_SIZE } from '../../../../src/machine/cpu/x87';
import { Machine, Raised, TestHost, type Value } from './record';

const FLD_M64 = [0xdd, 0x03];
const FADD_M64 = [0xdc, 0x03];
const FST_M64 = [0xdd, 0x13];
const FSTP_M80 = [0xdb, 0x3b];
const FBSTP = [0xdf, 0x33];
const FNSTENV = [0xd9, 0x33];
const FLDENV = [0xd9, 0x23];
const FNSAVE = [0xdd, 0x33];
const FRSTOR = [0xdd, 0x23];
const FLD1 = [0xd9, 0xe8];
const FLDPI = [0xd9, 0xeb];
const FLDCW = [0xd9, 0x2b];
const FNSTSW_AX = [0xdf, 0xe0];
const FWAIT = [0x9b];

/** Words of memory, in hexadecimal. */
function words(machine: Machine, offset: number, count: number, size: 2 | 4): string[] {
  const buffer = Buffer.from(machine.host.bytes.buffer);
  return Array.from({ length: count }, (_, i) =>
    buffer
      .readUIntLE(offset + i * size, size)
      .toString(16)
      .padStart(size * 2, '0'),
  );
}

/** A machine that has executed FLDPI and FADD m64, both at 1234:00056789, the latter with its operand at 002b:0400. */
function prepared(): Machine {
  const machine = new Machine();
  machine.host.cs = 0x1234;
  machine.host.eip = 0x56789;
  machine.execute(FLDPI, 0);
  machine.execute(FADD_M64, 0x400);
  return machine;
}

describe('x87: environment images', () => {
  const BOTH = [
    { protectedMode: true, operandSize16: false, prefix: [] as number[] },
    { protectedMode: true, operandSize16: true, prefix: [0x66] },
    { protectedMode: false, operandSize16: false, prefix: [] },
    { protectedMode: false, operandSize16: true, prefix: [0x66] },
  ];

  it('32-bit protected mode (SDM volume 1, figure 8-9)', () => {
    const machine = prepared();
    machine.execute(FNSTENV, 0);
    assert.deepEqual(words(machine, 0, 7, 4), [
      'ffff037f',
      'ffff3800',
      'ffff3fff',
      '00056789',
      '04031234',
      '00000400',
      'ffff002b',
    ]);
  });

  it('32-bit real-address mode (figure 8-10): linear addresses', () => {
    const machine = prepared();
    machine.host.protectedMode = false;
    machine.execute(FNSTENV, 0);
    // 0x12340 + 0x56789 = 0x68ac9; 0x2b0 + 0x400 = 0x6b0.
    assert.deepEqual(words(machine, 0, 7, 4), [
      'ffff037f',
      'ffff3800',
      'ffff3fff',
      'ffff8ac9',
      '00006403',
      'ffff06b0',
      '00000000',
    ]);
  });

  it('16-bit protected mode (figure 8-11)', () => {
    const machine = prepared();
    machine.execute([0x66, ...FNSTENV], 0);
    assert.deepEqual(words(machine, 0, 7, 2), ['037f', '3800', '3fff', '6789', '1234', '0400', '002b']);
  });

  it('16-bit real-address mode (figure 8-12)', () => {
    const machine = prepared();
    machine.host.protectedMode = false;
    machine.execute([0x66, ...FNSTENV], 0);
    assert.deepEqual(words(machine, 0, 7, 2), ['037f', '3800', '3fff', '8ac9', '6403', '06b0', '0000']);
  });

  for (const { protectedMode, operandSize16, prefix } of BOTH) {
    const name = `${operandSize16 ? 16 : 32}-bit ${protectedMode ? 'protected' : 'real-address'} mode`;
    it(`FRSTOR takes back what FNSAVE wrote: ${name}`, () => {
      const machine = prepared();
      machine.host.protectedMode = protectedMode;
      machine.execute(FLD1, 0);
      machine.execute([...prefix, ...FNSAVE], 0);
      assert.equal(machine.fpu.registers.tagWord(new Int32Array(4)), 0xffff, 'FNSAVE initializes');
      machine.execute([...prefix, ...FRSTOR], 0);
      assert.equal(machine.fpu.toNumber(0).double, 1);
      assert.equal(machine.fpu.toNumber(1).double, Math.PI);
      assert.equal(machine.fpu.toNumber(2).empty, true);
      machine.execute([...prefix, ...FNSAVE], 0x200);
      const size = operandSize16 ? 94 : 108;
      assert.deepEqual(machine.host.bytes.slice(0x200, 0x200 + size), machine.host.bytes.slice(0, size));
    });

    it(`FLDENV takes back what FNSTENV wrote, which masks all exceptions: ${name}`, () => {
      const machine = prepared();
      machine.host.protectedMode = protectedMode;
      machine.host.bytes.set([0x40, 0x03], 0x100);
      machine.execute(FLDCW, 0x100);
      machine.execute([...prefix, ...FNSTENV], 0);
      assert.equal(machine.fpu.registers.control, 0x37f);
      machine.execute([...prefix, ...FLDENV], 0);
      assert.equal(machine.fpu.registers.control, 0x340);
      assert.equal(machine.fpu.toNumber(0).double, Math.PI);
    });
  }
});

describe('x87: faults and restart', () => {
  /** The FPU's whole block of memory. */
  const snapshot = (machine: Machine): Int32Array => machine.memory.i32.slice();

  for (const [name, code, size] of [
    ['FLD m64', FLD_M64, 8],
    ['FADD m64', FADD_M64, 8],
    ['FST m64', FST_M64, 8],
    ['FSTP m80', FSTP_M80, 10],
    ['FBSTP', FBSTP, 10],
    ['FNSTENV', FNSTENV, 28],
    ['FLDENV', FLDENV, 28],
    ['FNSAVE', FNSAVE, 108],
    ['FRSTOR', FRSTOR, 108],
    ['FLDCW', FLDCW, 2],
    ['FISTP m32', [0xdb, 0x1b], 4],
    ['FSTP m32', [0xd9, 0x1b], 4],
    ['FNSTCW', [0xd9, 0x3b], 2],
    ['FNSTSW m16', [0xdd, 0x3b], 2],
    ['FISTP m64', [0xdf, 0x3b], 8],
  ] as const) {
    it(`${name} changes nothing if its operand's last byte faults`, () => {
      const machine = prepared();
      machine.host.bytes.fill(0x5a, 0x600, 0x600 + size);
      machine.host.eip = 0x77;
      machine.host.faultFrom = 0x600 + size - 1;
      machine.host.faultEnd = 0x600 + size;
      const state = snapshot(machine);
      const memory = machine.host.bytes.slice();
      assert.throws(
        () => machine.execute(code, 0x600),
        (error) => error instanceof Raised && error.vector === 14,
      );
      assert.deepEqual(snapshot(machine), state);
      assert.deepEqual(machine.host.bytes, memory);
      machine.host.faultFrom = Infinity;
      machine.execute(code, 0x600);
    });
  }

  it('an undefined encoding changes nothing', () => {
    const machine = prepared();
    const state = snapshot(machine);
    assert.throws(
      () => machine.execute([0xd9, 0xd1], 0),
      (error) => error instanceof Raised && error.vector === 6,
    );
    assert.deepEqual(snapshot(machine), state);
  });
});

describe('x87: pending exceptions', () => {
  /** Divides 1 by 0 with the zero-divide exception unmasked. */
  function divided(): Machine {
    const machine = new Machine();
    machine.host.bytes.set([0x7b, 0x03], 0x100);
    machine.execute(FLDCW, 0x100);
    machine.execute(FLD1, 0);
    machine.execute([0xdc, 0x33], 0x400); // FDIV m64
    return machine;
  }

  it('are raised as #MF by the next waiting instruction, not by their own', () => {
    const machine = divided();
    assert.equal(machine.fpu.registers.status, 0xb884);
    assert.equal(machine.fpu.toNumber(0).double, 1, 'the operand stays');
    for (const code of [FWAIT, FLD1, FLDCW, FST_M64]) {
      assert.throws(
        () => machine.execute(code, 0x200),
        (error) => error instanceof Raised && error.vector === 16,
      );
    }
    machine.execute(FNSTSW_AX, 0);
    assert.equal(machine.host.eax, 0xb884);
    machine.execute([0xdb, 0xe2], 0); // FNCLEX
    machine.execute(FWAIT, 0);
    assert.equal(machine.fpu.registers.status, 0x3800);
  });

  it('assert FERR# instead while CR0.NE is clear', () => {
    const machine = divided();
    machine.host.numericError = false;
    machine.execute(FWAIT, 0);
    assert.equal(machine.host.ferr, 1);
    machine.execute(FLD1, 0);
    assert.equal(machine.host.ferr, 2);
    assert.equal(machine.fpu.registers.top, 6, 'IGNNE# lets the instruction run');
  });

  it('come and go with the masks that FLDCW loads', () => {
    const machine = new Machine();
    machine.execute([0xd8, 0xc1], 0); // FADD on an empty stack, masked
    assert.equal(machine.fpu.registers.status, 0x41);
    machine.host.bytes.set([0x7e, 0x03], 0x100);
    machine.execute(FLDCW, 0x100);
    assert.equal(machine.fpu.registers.status, 0x80c1);
  });
});

describe('x87: state in the machine’s memory', () => {
  it('a second FPU over the same memory has the same registers', () => {
    const machine = prepared();
    const other = new X87(machine.memory, new TestHost());
    assert.deepEqual(other.toNumber(0), machine.fpu.toNumber(0));
    assert.equal(other.registers.status, machine.fpu.registers.status);
  });

  it('stays inside its block', () => {
    const memory = { i32: new Int32Array(256).fill(-1), base: 512 };
    const fpu = new X87(memory, new TestHost());
    fpu.reset();
    for (let i = 0; i < 8; i++) fpu.executeRegister(0xd9, 0xeb);
    assert.ok(memory.i32.subarray(0, 128).every((word) => word === -1));
    assert.ok(memory.i32.subarray(128 + X87_STATE_SIZE / 4).every((word) => word === -1));
  });

  it('refuses a block that is misaligned or outside the memory', () => {
    assert.throws(() => new X87({ i32: new Int32Array(64), base: 8 }, new TestHost()), RangeError);
    assert.throws(() => new X87({ i32: new Int32Array(64), base: 112 }, new TestHost()), RangeError);
  });
});

describe('x87: registers as text', () => {
  function text([se, significand]: Value): string {
    const machine = new Machine();
    const view = new DataView(machine.host.bytes.buffer);
    view.setBigUint64(0, significand, true);
    view.setUint16(8, se, true);
    machine.execute([0xdb, 0x2b], 0); // FLD m80
    return machine.fpu.toNumber(0).decimal;
  }

  for (const [decimal, value] of [
    ['0', [0, 0n]],
    ['-0', [0x8000, 0n]],
    ['1', [0x3fff, 1n << 63n]],
    ['-0.5', [0xbffe, 1n << 63n]],
    ['100000', [0x400f, 0xc350000000000000n]],
    ['0.1', [0x3ffb, 0xcccccccccccccccdn]],
    ['3.1415926535897932385', [0x4000, 0xc90fdaa22168c235n]],
    ['1.189731495357231765e+4932', [0x7ffe, 0xffffffffffffffffn]],
    ['3.3621031431120935063e-4932', [1, 1n << 63n]],
    ['4e-4951', [0, 1n]],
    ['inf', [0x7fff, 1n << 63n]],
    ['-nan(0xc000000000000000)', [0xffff, 3n << 62n]],
    ['snan(0x8000000000000001)', [0x7fff, 0x8000000000000001n]],
    ['unsupported', [0x3fff, 1n]],
  ] as const) {
    it(decimal, () => assert.equal(text(value), decimal));
  }

  it('gives all 80 bits in hexadecimal, and the nearest double', () => {
    const machine = prepared();
    assert.deepEqual(machine.fpu.toNumber(0), {
      empty: false,
      hex: '0x4000c90fdaa22168c235',
      decimal: '3.1415926535897932385',
      double: Math.PI,
    });
  });
});
