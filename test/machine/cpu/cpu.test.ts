/** What the outside sees of the processor: memory for the debugger, watchpoints, translations, interrupts, time, snapshots. */

import assert from 'node:assert/strict';

import { Cpu } from '../../../src/machine/cpu/cpu';
import { EvaluatorEngine } from '../../../src/machine/cpu/engine-evaluator';
import { Evaluator } from '../../../src/machine/cpu/evaluator';
import { WatchpointHit } from '../../../src/machine/cpu/fault';
import {
  CR3,
  HALTED,
  INTERRUPT_SHADOW,
  PENDING,
  Register,
  SegmentRegister,
  TLB_WRITE_SUPERVISOR,
} from '../../../src/machine/cpu/layout';
import { readMsr, writeMsr } from '../../../src/machine/cpu/msr';
import { reset, restoreState, saveState } from '../../../src/machine/cpu/state';
import { setCr0, writeControl } from '../../../src/machine/cpu/system';

const { EAX, EBX, ECX, EDX, ESP } = {
  EAX: Register.EAX,
  EBX: Register.EBX,
  ECX: Register.ECX,
  EDX: Register.EDX,
  ESP: Register.ESP,
};
const PAGING = 0x80000011 | 0;
const PRESENT = 1;
const WRITABLE = 2;
const USER = 4;
const ACCESSED = 0x20;
const DIRTY = 0x40;
const GLOBAL = 0x100;

interface Board {
  cpu: Cpu;
  engine: EvaluatorEngine;
  logged: string[];
}

/** A processor in flat protected mode with the code at 0x1000 and the stack below 0x8000. */
function flat(code: number[] = [], memoryMiB = 1): Board {
  const logged: string[] = [];
  const cpu = new Cpu({ memoryMiB, sysenter: true, log: (line) => logged.push(line) });
  for (let segment = SegmentRegister.ES; segment <= SegmentRegister.GS; segment++) {
    cpu.setSegment(segment, 8, 0, -1, segment === SegmentRegister.CS ? 0xc09b : 0xc093);
  }
  setCr0(cpu, 0x11);
  cpu.setRegister(ESP, 0x8000);
  cpu.pokePhysical(0x1000, Uint8Array.from(code));
  cpu.eip = 0x1000;
  return { cpu, engine: new EvaluatorEngine(cpu, new Evaluator(cpu)), logged };
}

/** Page tables at 0x10000: the first 4 MiB mapped to themselves but for what `pages` says of a page's number. */
function paged(pages: Record<number, number>, code: number[] = []): Board {
  const board = flat(code);
  const { cpu } = board;
  const entries = new Int32Array(1024);
  for (let page = 0; page < 1024; page++) entries[page] = pages[page] ?? (page << 12) | PRESENT | WRITABLE | USER;
  cpu.pokePhysical(0x10000, new Uint8Array(Int32Array.of(0x11000 | PRESENT | WRITABLE | USER).buffer));
  cpu.pokePhysical(0x11000, new Uint8Array(entries.buffer));
  writeControl(cpu, 3, 0x10000);
  setCr0(cpu, PAGING);
  return board;
}

function entryOf(cpu: Cpu, page: number): number {
  return cpu.readPhysical(0x11000 + page * 4, 4);
}

describe('processor: memory', () => {
  it('is made only in sizes that the machine can have', () => {
    for (const memoryMiB of [0, 2049, 1.5, NaN])
      assert.throws(() => new Cpu({ memoryMiB }), /whole number of MiB from 1 to 2048/);
  });

  it('reads all ones beyond RAM and drops writes there', () => {
    const { cpu } = flat();
    cpu.writeLinear(0x100000, 4, 0x12345678);
    assert.equal(cpu.readLinear(0x100000, 4), -1);
    assert.equal(cpu.readLinear(0x100000, 1), 0xff);
    cpu.writeLinear(0xffffe, 4, 0x12345678);
    assert.equal(cpu.readLinear(0xffffe, 4), 0xffff5678 | 0);
  });

  it('wraps around at 4 GiB', () => {
    const { cpu } = flat();
    cpu.writeLinear(0, 2, 0xabcd);
    assert.equal(cpu.readLinear(-2, 4), 0xabcdffff | 0);
  });

  it('shows the debugger what is mapped, without faults and without setting accessed bits', () => {
    const { cpu } = paged({ 5: 0, 6: 0x7000 | PRESENT });
    cpu.pokePhysical(0x7000, Uint8Array.of(1, 2, 3));
    const bytes = new Uint8Array(3);
    assert.equal(cpu.peek(0x6000, bytes), 3);
    assert.deepEqual([...bytes], [1, 2, 3]);
    assert.equal(cpu.peek(0x4fff, bytes), 1, 'one byte before the page that is not there');
    assert.equal(cpu.translate(0x5000), undefined);
    assert.equal(cpu.poke(0x6001, Uint8Array.of(9)), 1, 'whatever the rights of the page');
    assert.equal(cpu.readPhysical(0x7001, 1), 9);
    assert.equal(entryOf(cpu, 6) & (ACCESSED | DIRTY), 0);
    assert.equal(cpu.translate(0x6123, 0x10000), 0x7123, 'by a CR3 of its own');
  });

  it('tells of writes to pages with decoded code, and of no others', () => {
    const { cpu } = flat();
    const written: [number, number][] = [];
    cpu.codeWritten = (physical, size) => written.push([physical, size]);
    cpu.writeLinear(0x3000, 4, 1);
    cpu.mmu.protectCode(3);
    cpu.writeLinear(0x3004, 4, 1);
    cpu.writeLinear(0x2ffe, 4, 1);
    cpu.pokePhysical(0x2ff0, new Uint8Array(0x20));
    cpu.mmu.unprotectCode(3);
    cpu.writeLinear(0x3008, 4, 1);
    assert.deepEqual(written, [
      [0x3004, 4],
      [0x3000, 1],
      [0x3001, 1],
      [0x3000, 0x10],
    ]);
  });
});

describe('processor: translations', () => {
  it('sets the accessed bit when reading and the dirty bit when writing', () => {
    const { cpu } = paged({});
    cpu.readLinear(0x5000, 1);
    assert.equal(entryOf(cpu, 5) & (ACCESSED | DIRTY), ACCESSED);
    cpu.writeLinear(0x5000, 1, 0);
    assert.equal(entryOf(cpu, 5) & (ACCESSED | DIRTY), ACCESSED | DIRTY);
  });

  it('keeps them until INVLPG or a load of CR3; global ones outlive CR3', () => {
    const board = paged({ 5: 0x5000 | PRESENT | GLOBAL, 6: 0x6000 | PRESENT });
    const { cpu } = board;
    writeControl(cpu, 4, 1 << 7);
    cpu.pokePhysical(0x5000, Uint8Array.of(0x55));
    cpu.pokePhysical(0x6000, Uint8Array.of(0x66));
    const see = (): number[] => [cpu.readLinear(0x5000, 1), cpu.readLinear(0x6000, 1)];
    assert.deepEqual(see(), [0x55, 0x66]);
    cpu.pokePhysical(
      0x11000 + 5 * 4,
      new Uint8Array(Int32Array.of(0x6000 | PRESENT | GLOBAL, 0x5000 | PRESENT).buffer),
    );
    assert.deepEqual(see(), [0x55, 0x66]);
    writeControl(cpu, 3, cpu.i32[CR3 >> 2]);
    assert.deepEqual(see(), [0x55, 0x55]);
    cpu.mmu.invalidate(0x5000);
    assert.deepEqual(see(), [0x66, 0x55]);
  });

  it('drops the whole of a 4 MiB page by INVLPG anywhere in it', () => {
    const { cpu } = paged({});
    writeControl(cpu, 4, 1 << 4);
    const map = (physical: number): void =>
      cpu.pokePhysical(0x10004, new Uint8Array(Int32Array.of(physical | 0x83).buffer));
    map(0);
    cpu.pokePhysical(0x2000, Uint8Array.of(0x22));
    assert.equal(cpu.readLinear(0x402000, 1), 0x22);
    map(0x400000);
    cpu.mmu.invalidate(0x7ff000);
    assert.equal(cpu.readLinear(0x402000, 1), 0xff, 'beyond RAM now');
  });

  it('enters a page for writing only once it is dirty', () => {
    const { cpu } = paged({});
    cpu.readLinear(0x5000, 1);
    assert.equal(cpu.i32[(TLB_WRITE_SUPERVISOR >> 2) + 5], -1);
    cpu.writeLinear(0x5000, 1, 0);
    assert.notEqual(cpu.i32[(TLB_WRITE_SUPERVISOR >> 2) + 5], -1);
  });
});

describe('processor: watchpoints', () => {
  it('stop before the access, and let it pass when resuming', () => {
    // mov dword [0x5002], 0x11223344; hlt
    const { cpu, engine } = flat([0xc7, 0x05, 0x02, 0x50, 0, 0, 0x44, 0x33, 0x22, 0x11, 0xf4]);
    cpu.setWatchpoints([{ address: 0x5004, size: 1, read: false, write: true }]);
    assert.equal(engine.run(10), 'watchpoint');
    assert.deepEqual({ ...engine.watchpoint }, { linear: 0x5002, size: 4, write: true });
    assert.equal(cpu.eip, 0x1000);
    assert.equal(cpu.readPhysical(0x5002, 4), 0);
    assert.equal(engine.run(10, true), 'halt');
    assert.equal(cpu.readPhysical(0x5002, 4), 0x11223344);
  });

  it('tell reading from writing, and leave the rest of the page alone', () => {
    const { cpu } = flat();
    cpu.setWatchpoints([{ address: 0x5004, size: 4, read: true, write: false }]);
    cpu.writeLinear(0x5004, 4, 1);
    cpu.readLinear(0x5000, 4);
    cpu.readLinear(0x5008, 1);
    assert.throws(
      () => cpu.readLinear(0x5007, 1),
      (thrown) => thrown instanceof WatchpointHit,
    );
    cpu.setWatchpoints([]);
    assert.equal(cpu.readLinear(0x5004, 4), 1);
  });
});

describe('processor: interrupts', () => {
  it('are held off for one instruction after STI, and wake it from HLT', () => {
    const { cpu, engine } = flat([0xfa, 0xfb, 0xf4, 0x90]); // cli; sti; hlt; nop
    engine.run(2);
    assert.equal(cpu.canInterrupt, false);
    assert.equal(cpu.i32[INTERRUPT_SHADOW >> 2], 1);
    engine.run(1);
    assert.equal(cpu.canInterrupt, true);
    assert.equal(cpu.i32[HALTED >> 2], 1);
    // A gate for vector 0x20 to 0x2000.
    cpu.pokePhysical(0x9100, new Uint8Array(Int32Array.of(0x00082000, 0x8e00).buffer));
    cpu.pokePhysical(0xa008, new Uint8Array(Int32Array.of(0x0000ffff, 0x00cf9b00).buffer));
    cpu.helpers.loadIdt(0x9000, 0x7ff, 0, 0);
    cpu.helpers.loadGdt(0xa000, 0xff, 0, 0);
    const count = cpu.count;
    cpu.externalInterrupt(0x20);
    assert.equal(cpu.count, count, 'delivery counts no instruction');
    assert.equal(cpu.i32[HALTED >> 2], 0);
    assert.equal(cpu.eip, 0x2000);
    assert.equal(cpu.eflags & 0x200, 0);
    assert.equal(cpu.readPhysical(0x8000 - 12, 4), 0x1003, 'it returns to what follows HLT');
  });

  it('ask for the attention of the machine when flags let a waiting one through', () => {
    const { cpu, engine } = flat([0xfa, 0x68, 0x02, 0x02, 0, 0, 0x9d, 0x90]); // cli; push 0x202; popf; nop
    cpu.interruptLine = true;
    cpu.i32[PENDING >> 2] = 0;
    assert.equal(engine.run(10), 'pending');
    assert.equal(cpu.eip, 0x1007);
  });

  it('end in shutdown when neither an exception nor the double fault can be delivered', () => {
    const { cpu, engine } = flat([0x0f, 0x0b]); // ud2
    cpu.helpers.loadIdt(0, 0, 0, 0);
    assert.equal(engine.run(10), 'shutdown');
    assert.equal(cpu.shutdown, true);
    assert.equal(cpu.eip, 0x1000);
    assert.equal(engine.run(10), 'shutdown', 'for good');
    reset(cpu);
    assert.equal(cpu.shutdown, false);
    assert.equal((cpu.segmentBase(SegmentRegister.CS) + cpu.eip) >>> 0, 0xfffffff0);
  });
});

describe('processor: time and identity', () => {
  it('counts time by instructions; RDTSC follows what was written', () => {
    const { cpu, engine } = flat([0x90, 0x0f, 0x31]); // nop; rdtsc
    cpu.count = 2 ** 33 + 5;
    engine.run(2);
    assert.equal(cpu.count, 2 ** 33 + 7);
    assert.equal(cpu.getRegister(EAX), 6, 'one instruction was complete when RDTSC began');
    assert.equal(cpu.getRegister(EDX), 2);
    assert.ok(writeMsr(cpu, 0x10, 0xffffffff_fffffff0n));
    assert.equal(readMsr(cpu, 0x10), 0xffffffff_fffffff0n);
    cpu.count += 0x20;
    assert.equal(readMsr(cpu, 0x10), 0x10n);
    cpu.helpers.rdtsc(0, 0, 0, 0);
    assert.deepEqual([cpu.getRegister(EDX), cpu.getRegister(EAX)], [0, 0x10]);
  });

  it('says in CPUID what it has', () => {
    const ask = (sysenter: boolean, leaf: number): number[] => {
      const cpu = new Cpu({ memoryMiB: 1, sysenter });
      cpu.setRegister(EAX, leaf);
      cpu.helpers.cpuid(0, 0, 0, 0);
      return [EAX, EBX, ECX, EDX].map((register) => cpu.getRegister(register));
    };
    const text = (words: number[]): string => Buffer.from(Int32Array.from(words).buffer).toString().replace(/\0+$/, '');
    const [highest, ebx, ecx, edx] = ask(true, 0);
    assert.equal(highest, 1);
    assert.equal(text([ebx, edx, ecx]), 'GenuineIntel');
    const fpuDePseTscMsrPaeCx8PgeCmov = 0xa17d;
    assert.equal(ask(false, 1)[3], fpuDePseTscMsrPaeCx8PgeCmov);
    assert.equal(ask(true, 1)[3], fpuDePseTscMsrPaeCx8PgeCmov | (1 << 11));
    assert.equal(ask(true, 1)[2], 0);
    assert.equal(text([...ask(true, 0x80000002 | 0), ...ask(true, 0x80000003 | 0)]), 'SockScope i686');
  });

  it('raises #GP for model-specific registers that are not there, and tells of each once', () => {
    const { cpu, logged } = flat();
    cpu.setRegister(ECX, 0x1b);
    for (let n = 0; n < 2; n++) assert.throws(() => cpu.helpers.rdmsr(0, 0, 0, 0), { vector: 13, errorCode: 0 });
    assert.deepEqual(logged, ['The guest read model-specific register 0x1b, which this processor does not have.']);
    const without = new Cpu({ memoryMiB: 1 });
    assert.equal(readMsr(without, 0x174), undefined, 'no SYSENTER, no registers of it');
    assert.throws(() => without.helpers.sysenter(0, 0, 0, 0), { vector: 6 });
  });
});

describe('processor: snapshots', () => {
  it('go back to the same state, flags that were lazy included', () => {
    const code = [0xb8, 0xff, 0xff, 0xff, 0x7f, 0x83, 0xc0, 0x01, 0x9c, 0x5b, 0xfb]; // mov eax, max; add eax, 1; pushf; pop ebx; sti
    const { cpu, engine } = flat(code);
    engine.run(2);
    const saved = saveState(cpu);
    const count = cpu.count;
    engine.run(3);
    const later = saveState(cpu);
    const flags = cpu.getRegister(EBX);
    assert.equal(flags & 0x8d5, 0x894, 'OF, SF, AF and PF');
    restoreState(cpu, saved);
    cpu.count = count;
    assert.deepEqual(saveState(cpu), saved);
    assert.equal(cpu.eip, 0x1008);
    assert.equal(engine.run(3), 'pending', 'the machine looks at everything afresh');
    engine.run(3);
    assert.deepEqual(saveState(cpu), later);
    assert.equal(cpu.getRegister(EBX), flags);
    assert.throws(() => restoreState(cpu, new Uint8Array(3)), /has \d+ bytes, not 3/);
  });
});
