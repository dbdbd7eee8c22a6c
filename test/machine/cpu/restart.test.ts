import assert from 'node:assert/strict';

import { Evaluator } from '../../../src/machine/cpu/evaluator';
import { GuestFault } from '../../../src/machine/cpu/fault';
import { getEflags, setEflags } from '../../../src/machine/cpu/flags';
import { EIP, Register } from '../../../src/machine/cpu/layout';
import { CODE, DATA, STACK } from './cases';
import { FlatProcessor } from './flat-processor';

const PAGE = 4096;

/** An evaluator over a page of code, of data and of stack, with a few bytes of code. */
function machine(code: number[], pages = [CODE, DATA, STACK]) {
  const processor = new FlatProcessor(pages);
  const evaluator = new Evaluator(processor);
  const { u8, i32 } = processor;
  const poke = (linear: number, bytes: number[]): void => u8.set(bytes, processor.offset(linear));
  poke(CODE, code);
  i32[EIP >> 2] = CODE;
  i32[Register.ESP] = STACK + PAGE;
  setEflags(i32, 2);
  /** Execute one instruction; gives the vector of the fault that ended it, or nothing. */
  const step = (): number | undefined => {
    try {
      evaluator.step();
      return undefined;
    } catch (fault) {
      assert(fault instanceof GuestFault);
      return fault.vector;
    }
  };
  return { processor, u8, i32, poke, step, eip: () => i32[EIP >> 2]! - CODE };
}

describe('Evaluator, restart', () => {
  // Each with ESP or the operand at the edge of what is mapped, so that its second access faults.
  const low = STACK + 2;
  const faulting: [string, number[], Partial<Record<Register, number>>][] = [
    ['PUSH', [0x50], { [Register.ESP]: low }],
    ['POP to memory', [0x8f, 0x05, 0, 0, 0, 0], {}],
    ['PUSH from memory', [0xff, 0x35, 0, 0, 0, 0x30], { [Register.ESP]: low }],
    ['PUSHA', [0x60], { [Register.ESP]: STACK + 18 }],
    ['POPA', [0x61], { [Register.ESP]: STACK + PAGE - 8 }],
    ['CALL', [0xe8, 0, 0, 0, 0], { [Register.ESP]: low }],
    ['RET', [0xc3], { [Register.ESP]: STACK + PAGE - 2 }],
    ['ENTER', [0xc8, 0, 1, 3], { [Register.ESP]: STACK + 64, [Register.EBP]: STACK + 60 }],
    ['LEAVE', [0xc9], { [Register.EBP]: STACK + PAGE - 2 }],
    ['MOVS', [0xa5], { [Register.ESI]: DATA, [Register.EDI]: DATA + PAGE - 2 }],
    ['CMPS', [0xa7], { [Register.ESI]: DATA, [Register.EDI]: DATA + PAGE - 2 }],
    ['XCHG', [0x87, 0x03], { [Register.EBX]: DATA + PAGE - 2 }],
    ['XADD', [0x0f, 0xc1, 0x03], { [Register.EBX]: DATA + PAGE - 2 }],
    ['CMPXCHG8B', [0x0f, 0xc7, 0x0e], { [Register.ESI]: DATA + PAGE - 4 }],
    ['ADD to memory', [0x01, 0x03], { [Register.EBX]: DATA + PAGE - 2 }],
    ['SHL of memory', [0xd1, 0x23], { [Register.EBX]: DATA + PAGE - 2 }],
    ['BTS in memory', [0x0f, 0xab, 0x03], { [Register.EBX]: DATA + PAGE - 2 }],
  ];
  for (const [name, code, registers] of faulting) {
    it(`leaves registers, flags and EIP as they were when ${name} faults`, () => {
      const { i32, step, eip } = machine(code);
      for (let register = 0; register < 8; register++) {
        if (register !== Register.ESP) i32[register] = 0x11111111 * (register + 1);
      }
      for (const [register, value] of Object.entries(registers)) i32[Number(register)] = value;
      setEflags(i32, 0x8d7);
      const before = Array.from(i32.subarray(0, 8));
      assert.equal(step(), 14);
      assert.deepEqual(Array.from(i32.subarray(0, 8)), before);
      assert.equal(getEflags(i32), 0x8d7 & 0xfd7);
      assert.equal(eip(), 0);
    });
  }

  it('counts each iteration of REP as an instruction, and keeps those done before a fault', () => {
    const { i32, u8, step, eip, processor } = machine([0xf3, 0xa4]);
    i32[Register.ESI] = DATA;
    i32[Register.EDI] = DATA + PAGE - 2;
    i32[Register.ECX] = 5;
    u8.set([1, 2, 3], processor.offset(DATA));
    assert.equal(step(), undefined);
    assert.equal(eip(), 0);
    assert.equal(step(), undefined);
    assert.equal(eip(), 0);
    assert.equal(step(), 14);
    assert.equal(eip(), 0);
    assert.equal(i32[Register.ECX], 3);
    assert.equal(i32[Register.ESI], DATA + 2);
    assert.equal(u8[processor.offset(DATA + PAGE - 1)], 2);
  });

  it('ends REP in the iteration that brings the count to 0, and at once where it is 0', () => {
    const { i32, step, eip } = machine([0xf3, 0xaa, 0xf3, 0xaa]);
    i32[Register.EDI] = DATA;
    i32[Register.ECX] = 2;
    step();
    assert.equal(eip(), 0);
    step();
    assert.equal(eip(), 2);
    step();
    assert.equal(eip(), 4);
    assert.equal(i32[Register.EDI], DATA + 2);
  });
});

describe('Evaluator, fetching', () => {
  it('executes code that was changed after it had been executed', () => {
    const { i32, poke, step } = machine([0x40, 0xeb, 0xfd]);
    step();
    step();
    assert.equal(i32[Register.EAX], 1);
    poke(CODE, [0x48]);
    step();
    assert.equal(i32[Register.EAX], 0);
  });

  it('executes an instruction that lies in two pages', () => {
    const { i32, poke, step } = machine([], [CODE, CODE + PAGE]);
    poke(CODE + PAGE - 2, [0xb8, 0x78]);
    poke(CODE + PAGE, [0x56, 0x34, 0x12]);
    for (let times = 0; times < 2; times++) {
      i32[EIP >> 2] = CODE + PAGE - 2;
      assert.equal(step(), undefined);
      assert.equal(i32[Register.EAX], 0x12345678);
    }
  });

  it('faults where an instruction goes on in a page that is not there, and nothing has changed', () => {
    const { i32, poke, step } = machine([], [CODE]);
    poke(CODE + PAGE - 2, [0xb8, 0x78]);
    i32[EIP >> 2] = CODE + PAGE - 2;
    assert.equal(step(), 14);
    assert.equal(i32[Register.EAX], 0);
    assert.equal(i32[EIP >> 2], CODE + PAGE - 2);
  });
});
