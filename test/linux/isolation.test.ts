/** Page-table isolation, on a machine with page tables as arch/x86/mm/pti.c makes them. A whole kernel with it: `npm run test:kernels`. */

import assert from 'node:assert/strict';
import { EmulatorTarget } from '../../src/adapter/emulator-target';
import { MemoryError, presentSpace } from '../../src/debugger/target';
import { wholeSpaces } from '../../src/linux/isolation';
import type { Kernel } from '../../src/linux/kernel';
import { Machine } from '../../src/machine/machine';

const PAGE_OFFSET = 0xc0000000;
const PAE = 0x20;
const PAGING = 0x80000011;

/** Tables of page-directory pointers: a pair (the kernel's, and the program's in the page after it), and one without a partner. */
const WHOLE = 0x2000;
const PROGRAMS = 0x3000;
const ALONE = 0x9000;
const USER_DIRECTORY = 0x4000;
const KERNEL_DIRECTORY = 0x5000;
const ENTRY_DIRECTORY = 0x6000;
const ENTRY_TABLE = 0x7000;
/** In the kernel's memory, and in the program's. */
const KERNEL_DATA = PAGE_OFFSET + 0x10_0000;
const USER_DATA = 0x10_0010;
/** What the program's tables have of the kernel. */
const ENTRY_CODE = PAGE_OFFSET + 0x20_0000;

function guest(cr3: number, symbols: readonly string[]): EmulatorTarget {
  const machine = new Machine({ memoryMiB: 4 });
  const put = (table: number, index: number, low: number): void => {
    machine.writePhysical(table + 8 * index, new Uint8Array(Int32Array.of(low, 0).buffer));
  };
  for (const table of [WHOLE, PROGRAMS, ALONE]) put(table, 0, USER_DIRECTORY | 1);
  for (const table of [WHOLE, ALONE]) put(table, 3, KERNEL_DIRECTORY | 1);
  put(PROGRAMS, 3, ENTRY_DIRECTORY | 1);
  put(USER_DIRECTORY, 0, 0x87);
  for (let n = 0; n < 2; n++) put(KERNEL_DIRECTORY, n, (n << 21) | 0x83);
  put(ENTRY_DIRECTORY, 1, ENTRY_TABLE | 3);
  put(ENTRY_TABLE, 0, 0x20_0003);
  machine.writePhysical(0x10_0000, Uint8Array.of(0x78, 0x56, 0x34, 0x12));
  machine.registers.setControl(4, PAE);
  machine.registers.setControl(3, cr3);
  machine.registers.setControl(0, PAGING);
  const target = new EmulatorTarget(machine);
  const kernel = {
    target,
    pageOffset: PAGE_OFFSET,
    symbol: (name: string) => (symbols.includes(name) ? 1 : undefined),
  };
  target.wholeSpace = wholeSpaces(kernel as unknown as Kernel);
  return target;
}

describe('page-table isolation', () => {
  it('shows the kernel’s memory while a program runs on tables without it', () => {
    const target = guest(PROGRAMS, ['pti_init']);
    assert.equal(target.machine.translate(KERNEL_DATA), undefined);
    assert.equal(target.readWord(KERNEL_DATA), 0x12345678);
    assert.deepEqual([...target.readMemory(KERNEL_DATA, 2)], [0x78, 0x56]);
    assert.equal(target.readAvailable(KERNEL_DATA, 8).length, 8);
    assert.equal(target.translate(KERNEL_DATA), 0x10_0000);
    target.writeMemory(KERNEL_DATA, Uint8Array.of(1));
    assert.equal(target.readWord(KERNEL_DATA), 0x12345601);
    target.writeMemory(USER_DATA, Uint8Array.of(9));
    assert.deepEqual([...target.readMemory(USER_DATA, 1)], [9]);
    assert.equal(target.translate(ENTRY_CODE), 0x20_0000);
    assert.equal(presentSpace(target), WHOLE, 'one address space, whichever of the two tables');
    // Who asks for the program's tables gets them.
    assert.throws(() => target.readMemory(KERNEL_DATA, 1, PROGRAMS), MemoryError);
  });

  it('leaves tables that have the kernel’s memory alone', () => {
    assert.equal(presentSpace(guest(WHOLE, ['pti_init'])), WHOLE);
    // Switched off, 32 bytes anywhere are a table, and the address says nothing.
    assert.equal(presentSpace(guest(ALONE, ['pti_init'])), ALONE);
  });

  it('is not looked for in a kernel that was built without it', () => {
    const target = guest(PROGRAMS, []);
    assert.equal(target.wholeSpace, undefined);
    assert.throws(() => target.readMemory(KERNEL_DATA, 4), MemoryError);
    assert.equal(presentSpace(target), PROGRAMS);
  });
});
