/**
 * PAE paging where Bochs cannot be asked (system/pae.c has the rest): addresses of 36 bits, bits that are reserved without PAT, what does not load
 * the page-directory-pointer registers, a debugger's look, snapshots.
 */

import assert from 'node:assert/strict';

import { Cpu } from '../../../src/machine/cpu/cpu';
import { CR2, CR3, CR4, TLB_READ_SUPERVISOR, TLB_WRITE_SUPERVISOR } from '../../../src/machine/cpu/layout';
import { restoreState, saveState } from '../../../src/machine/cpu/state';
import { setCr0, writeControl } from '../../../src/machine/cpu/system';
import { Registers } from '../../../src/machine/registers';

const PROTECTED = 0x11;
const PAGING = 0x80000011 | 0;
const CR0_WP = 1 << 16;
const CR4_TSD = 1 << 2;
const CR4_PAE = 1 << 5;

const PRESENT = 1n;
const ALL = 7n;
const ACCESSED = 0x20;
const DIRTY = 0x40;
const LARGE = 0x80n;

/** Where the tables are: the first pointer's table of 32 bytes, another one, two directories, a table. */
const POINTERS = 0x2020;
const OTHER_POINTERS = 0x2040;
const DIRECTORY = 0x3000;
const OTHER_DIRECTORY = 0x4000;
const TABLE = 0x5000;

const PAGE_FAULT = 14;
const GENERAL_PROTECTION = 13;
const PROTECTION = 1;
const WRITE = 2;
const USER = 4;
const RESERVED = 8;

function put(cpu: Cpu, table: number, index: number, entry: bigint): void {
  cpu.pokePhysical(table + 8 * index, new Uint8Array(BigUint64Array.of(entry).buffer));
}

function entryOf(cpu: Cpu, table: number, index: number): number {
  return cpu.readPhysical(table + 8 * index, 4);
}

/** PAE paging with the first 2 MiB mapped to themselves by pages of 4 KiB, and the same a second time at 0x40000000 by one of 2 MiB. */
function paged(): Cpu {
  const cpu = new Cpu({ memoryMiB: 4 });
  put(cpu, POINTERS, 0, BigInt(DIRECTORY) | PRESENT);
  put(cpu, POINTERS, 1, BigInt(OTHER_DIRECTORY) | PRESENT);
  put(cpu, DIRECTORY, 0, BigInt(TABLE) | ALL);
  for (let page = 0; page < 512; page++) put(cpu, TABLE, page, BigInt(page << 12) | ALL);
  put(cpu, OTHER_DIRECTORY, 0, ALL | LARGE);
  setCr0(cpu, PROTECTED);
  writeControl(cpu, 4, CR4_PAE);
  writeControl(cpu, 3, POINTERS);
  setCr0(cpu, PAGING);
  return cpu;
}

function reload(cpu: Cpu): void {
  writeControl(cpu, 3, cpu.i32[CR3 >> 2]);
}

function faults(access: () => unknown, errorCode: number, message?: string): void {
  assert.throws(access, { vector: PAGE_FAULT, errorCode }, message);
}

describe('processor: PAE paging', () => {
  it('goes through three levels, and sets accessed and dirty bits below the first', () => {
    const cpu = paged();
    cpu.pokePhysical(0x1ff008, Uint8Array.of(0x5a));
    assert.equal(cpu.readLinear(0x1ff008, 1), 0x5a);
    assert.equal(entryOf(cpu, TABLE, 511) & (ACCESSED | DIRTY), ACCESSED);
    assert.equal(entryOf(cpu, DIRECTORY, 0) & (ACCESSED | DIRTY), ACCESSED);
    assert.equal(cpu.i32[(TLB_WRITE_SUPERVISOR >> 2) + 511], -1, 'not dirty yet');
    cpu.writeLinear(0x1ff008, 1, 1);
    assert.equal(entryOf(cpu, TABLE, 511) & (ACCESSED | DIRTY), ACCESSED | DIRTY);
    assert.notEqual(cpu.i32[(TLB_WRITE_SUPERVISOR >> 2) + 511], -1);
    assert.equal(cpu.readLinear(0x401ff008 | 0, 1), 1);
    assert.equal(entryOf(cpu, OTHER_DIRECTORY, 0) & (ACCESSED | DIRTY), ACCESSED);
    cpu.writeLinear(0x40000000, 1, 1);
    assert.equal(entryOf(cpu, OTHER_DIRECTORY, 0) & (ACCESSED | DIRTY), ACCESSED | DIRTY);
    assert.equal(entryOf(cpu, POINTERS, 0), DIRECTORY | 1);
  });

  it('reaches 36 bits of physical address, where there is no RAM', () => {
    const cpu = paged();
    put(cpu, TABLE, 1, 0xf_1234_5000n | ALL);
    put(cpu, OTHER_DIRECTORY, 1, 0x8_0020_0000n | ALL | LARGE);
    assert.equal(cpu.translate(0x1678), 0xf_1234_5678);
    assert.equal(cpu.translate(0x40300010), 0x8_0030_0010);
    cpu.writeLinear(0x1678, 4, 0x12345678);
    assert.equal(cpu.readLinear(0x1678, 4), -1);
    assert.equal(cpu.readLinear(0x40300010, 2), 0xffff);
    assert.equal(cpu.i32[(TLB_READ_SUPERVISOR >> 2) + 1], -1, 'never kept in the TLB');
    assert.equal(cpu.readPhysical(0x1678, 4), 0, 'nor is what lies at the low 32 bits');
  });

  it('takes tables beyond RAM for what an open bus gives: reserved bits', () => {
    const cpu = paged();
    put(cpu, DIRECTORY, 0, 0x1_0000_5000n | ALL);
    faults(() => cpu.readLinear(0x1000, 1), PROTECTION | RESERVED);
    put(cpu, POINTERS, 1, 0x1_0000_4000n | PRESENT);
    reload(cpu);
    faults(() => cpu.readLinear(0x40000000, 1), PROTECTION | RESERVED);
    assert.equal(cpu.translate(0x40000000), undefined);
  });

  it('faults on every reserved bit of an entry, whatever the access and its rights', () => {
    let count = 0;
    const high = Array.from({ length: 28 }, (_, n) => 36n + BigInt(n));
    const cases: [string, number, bigint, bigint[]][] = [
      ['directory', DIRECTORY, BigInt(TABLE), high],
      ['table', TABLE, 0n, [7n, ...high]],
      ['2 MiB page', DIRECTORY, LARGE, [...Array.from({ length: 9 }, (_, n) => 12n + BigInt(n)), ...high]],
    ];
    for (const [name, table, entry, bits] of cases) {
      const cpu = paged();
      for (const bit of bits) {
        // No right at all: what is reserved comes before what is forbidden, and after what is not there.
        put(cpu, table, 0, entry | PRESENT | (1n << bit));
        for (const [write, user] of [
          [false, false],
          [true, false],
          [false, true],
          [true, true],
        ]) {
          // prettier-ignore
          const code = PROTECTION | RESERVED | (write ? WRITE : 0) | (user ? USER : 0);
          faults(
            () => (write ? cpu.writeAs(0x123, 1, 0, user) : cpu.readAs(0x123, 1, user)),
            code,
            `${name}, bit ${bit}`,
          );
          assert.equal(cpu.i32[CR2 >> 2], 0x123);
          count++;
        }
        assert.equal(cpu.translate(0x123), undefined);
        assert.equal(entryOf(cpu, table, 0) & (ACCESSED | DIRTY), 0);
        put(cpu, table, 0, entry | (1n << bit));
        faults(() => cpu.readLinear(0x123, 1), 0);
        count++;
      }
    }
    console.log(`      ${count} accesses`);
  });

  it('refuses pointers with reserved bits, and goes on with those it has', () => {
    const low = [1n, 2n, 5n, 6n, 7n, 8n];
    const bits = [...low, ...Array.from({ length: 28 }, (_, n) => 36n + BigInt(n))];
    const cpu = paged();
    for (const bit of bits) {
      put(cpu, POINTERS, 3, PRESENT | (1n << bit));
      const before = saveState(cpu);
      const refused = { vector: GENERAL_PROTECTION, errorCode: 0 };
      assert.throws(() => reload(cpu), refused, `bit ${bit}`);
      assert.throws(() => writeControl(cpu, 4, CR4_PAE | (1 << 7)), refused, `bit ${bit}`);
      assert.throws(() => writeControl(cpu, 0, PAGING | (1 << 30)), refused, `bit ${bit}`);
      assert.deepEqual(saveState(cpu), before);
      assert.equal(cpu.readLinear(0x40000000, 4), 0);
      put(cpu, POINTERS, 3, 1n << bit);
      reload(cpu);
      faults(() => cpu.readLinear(0xc0000000 | 0, 1), 0);
    }
  });

  it('loads the pointers only where the manual says so', () => {
    const cpu = paged();
    put(cpu, POINTERS, 1, BigInt(DIRECTORY) | PRESENT);
    cpu.pokePhysical(0x1000, Uint8Array.of(1));
    put(cpu, TABLE, 1, 0x7000n | ALL);
    cpu.pokePhysical(0x7000, Uint8Array.of(7));
    const seen = (): number => {
      cpu.mmu.invalidate(0x40001000);
      return cpu.readLinear(0x40001000, 1);
    };
    writeControl(cpu, 0, PAGING | CR0_WP);
    assert.equal(seen(), 1, 'CR0.WP');
    writeControl(cpu, 4, CR4_PAE | CR4_TSD);
    assert.equal(seen(), 1, 'CR4.TSD');
    cpu.mmu.flushAll();
    assert.equal(seen(), 1);
    reload(cpu);
    assert.equal(seen(), 7);
  });

  it('is entered and left while paging is on', () => {
    const cpu = new Cpu({ memoryMiB: 4 });
    // The page is the directory of 32-bit paging and the table of pointers: its first entry, of 4 bytes and of 8, leads to 0x3000.
    const both = 0x2000;
    put(cpu, both, 0, BigInt(DIRECTORY) | PRESENT);
    for (let page = 0; page < 512; page++) put(cpu, DIRECTORY, page, (BigInt(page * 2) << 12n) | 1n);
    cpu.pokePhysical(DIRECTORY + 4 * 8, new Uint8Array(Int32Array.of(0x8000 | 1).buffer));
    put(cpu, DIRECTORY, 0, BigInt(TABLE) | PRESENT);
    put(cpu, TABLE, 8, 0x9000n | PRESENT);
    cpu.pokePhysical(0x8000, Uint8Array.of(8));
    cpu.pokePhysical(0x9000, Uint8Array.of(9));
    setCr0(cpu, PROTECTED);
    writeControl(cpu, 3, both);
    setCr0(cpu, PAGING);
    assert.equal(cpu.readLinear(0x8000, 1), 8);
    // The accessed bit of a directory's entry is a reserved one of a pointer.
    assert.throws(() => writeControl(cpu, 4, CR4_PAE), { vector: GENERAL_PROTECTION, errorCode: 0 });
    assert.equal(cpu.i32[CR4 >> 2], 0);
    assert.equal(cpu.readLinear(0x8000, 1), 8);
    put(cpu, both, 0, BigInt(DIRECTORY) | PRESENT);
    writeControl(cpu, 4, CR4_PAE);
    assert.equal(cpu.readLinear(0x8000, 1), 9);
    writeControl(cpu, 4, 0);
    assert.equal(cpu.readLinear(0x8000, 1), 8);
  });

  it('drops the whole of a 2 MiB page by INVLPG anywhere in it', () => {
    const cpu = paged();
    cpu.readLinear(0x40001000, 1);
    cpu.readLinear(0x401ff000, 1);
    put(cpu, OTHER_DIRECTORY, 0, 0n);
    cpu.mmu.invalidate(0x40155000);
    faults(() => cpu.readLinear(0x40001000, 1), 0);
    faults(() => cpu.readLinear(0x401ff000, 1), 0);
  });

  it('shows a debugger the current address space and others', () => {
    const cpu = paged();
    put(cpu, OTHER_POINTERS, 3, BigInt(OTHER_DIRECTORY) | PRESENT);
    assert.equal(cpu.translate(0xc0001234 | 0), undefined);
    assert.equal(cpu.translate(0xc0001234 | 0, OTHER_POINTERS), 0x1234);
    assert.equal(cpu.translate(0x1234, OTHER_POINTERS), undefined);
    put(cpu, OTHER_POINTERS, 3, BigInt(OTHER_DIRECTORY) | PRESENT | 2n);
    assert.equal(cpu.translate(0xc0001234 | 0, OTHER_POINTERS), undefined, 'the processor would refuse it');
    // What the processor goes by is in its registers.
    put(cpu, POINTERS, 1, 0n);
    assert.equal(cpu.translate(0x40001234), 0x1234);
    assert.equal(cpu.translate(0x40001234, POINTERS), undefined);
    for (const table of [DIRECTORY, OTHER_DIRECTORY, TABLE]) assert.equal(entryOf(cpu, table, 0) & ACCESSED, 0);
  });

  it('comes back from a snapshot with the pointers that were loaded', () => {
    const cpu = paged();
    const saved = saveState(cpu);
    put(cpu, POINTERS, 1, 0n);
    const changed = saveState(cpu);
    assert.deepEqual(changed, saved, 'memory is not the processor’s');
    reload(cpu);
    assert.notDeepEqual(saveState(cpu), saved);
    faults(() => cpu.readLinear(0x40000000, 1), 0);
    restoreState(cpu, saved);
    assert.equal(cpu.readLinear(0x40000000, 4), 0);
    assert.deepEqual(saveState(cpu), saved);
  });

  it('loads the pointers when a debugger writes a control register, or says why not', () => {
    const cpu = paged();
    const registers = new Registers(cpu);
    put(cpu, OTHER_POINTERS, 3, BigInt(OTHER_DIRECTORY) | PRESENT);
    registers.setControl(3, OTHER_POINTERS);
    assert.equal(cpu.readLinear(0xc0000000 | 0, 4), 0);
    faults(() => cpu.readLinear(0x40000000, 1), 0);
    put(cpu, POINTERS, 0, 0x3fn);
    assert.throws(() => registers.setControl(3, POINTERS), /page-directory-pointer table .* has reserved bits set/);
    assert.equal(registers.control(3), OTHER_POINTERS);
    assert.equal(cpu.readLinear(0xc0000000 | 0, 4), 0);
  });

  it('keeps a page with decoded code from being written unseen, tables too', () => {
    const cpu = paged();
    const written: number[] = [];
    cpu.codeWritten = (physical) => written.push(physical);
    cpu.mmu.protectCode(TABLE >>> 12);
    cpu.readLinear(0x9000, 1);
    assert.deepEqual(written, [TABLE + 9 * 8]);
  });
});
