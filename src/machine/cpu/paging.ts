/**
 * The paging structures (SDM volume 3, chapter 4): 32-bit paging with 4 KiB and 4 MiB pages (4.3), and PAE paging with 4 KiB and 2 MiB
 * pages and physical addresses of 36 bits (4.4). There is no execute-disable bit, no PAT and no PSE-36, so their bits are reserved in PAE paging.
 */

import { CR0, CR2, CR3, CR4, PDPTE, RAM } from './layout';
import { type GuestFault } from './fault';

/** Bits of paging-structure entries (SDM volume 3, tables 4-4 to 4-6 and 4-8 to 4-11). */
const PRESENT = 0x001;
const WRITABLE = 0x002;
const USER = 0x004;
const ACCESSED = 0x020;
const DIRTY = 0x040;
const LARGE = 0x080;
const GLOBAL = 0x100;

/** Reserved bits of present entries in PAE paging: low doublewords, where there is no PAT… */
const PDPTE_RESERVED = 0x1e6;
const LARGE_PDE_RESERVED = 0x001ff000;
const PTE_RESERVED = 0x080;
/** …and the high one of all: beyond the 36 bits of a physical address, and execute-disable. */
const HIGH_RESERVED = ~0xf;

const CR0_WP = 1 << 16;
const CR0_PG = 1 << 31;
const CR4_PSE = 1 << 4;
const CR4_PAE = 1 << 5;
const CR4_PGE = 1 << 7;

const TWO_32 = 0x1_0000_0000;

/** Page-fault error code (SDM volume 3, figure 4-12). */
const FAULT_PROTECTION = 1;
const FAULT_WRITE = 2;
const FAULT_USER = 4;
const FAULT_RESERVED = 8;
const PAGE_FAULT = 14;

/** What a debugger's look at a linear address finds. */
export interface Translation {
  /** Physical address. */
  physical: number;
  writable: boolean;
  user: boolean;
}

/** A 64-bit entry's address: bits 35..12 and what `mask` leaves of the low doubleword. */
function addressOf(low: number, high: number, mask: number): number {
  return (high & 0xf) * TWO_32 + ((low & mask) >>> 0);
}

export class Paging {
  /** Rights found by the last walk. */
  user = false;
  writable = false;
  global = false;
  /** The translation came from a 2 MiB or 4 MiB page. */
  large = false;
  dirty = false;

  constructor(
    private readonly i32: Int32Array,
    /** Size of RAM in bytes. */
    private readonly ramSize: number,
    private readonly fault: GuestFault,
    /** Told of an accessed or dirty bit that was set. */
    private readonly entryWritten: (physical: number) => void,
  ) {}

  get writeProtect(): boolean {
    return (this.i32[CR0 >> 2] & CR0_WP) !== 0;
  }

  /** Whether PAE paging is in use. */
  get extended(): boolean {
    return (this.i32[CR0 >> 2] & CR0_PG) !== 0 && (this.i32[CR4 >> 2] & CR4_PAE) !== 0;
  }

  /**
   * Physical address (0..2^36−1) of the 4 KiB page of a linear address, with the page's rights in the fields; without paging the same address.
   * Sets accessed and dirty bits; #PF where there is no such page or no such right.
   */
  walk(linear: number, write: boolean, user: boolean): number {
    const i32 = this.i32;
    if (!(i32[CR0 >> 2] & CR0_PG)) {
      this.user = this.writable = this.dirty = true;
      this.global = this.large = false;
      return (linear & 0xfffff000) >>> 0;
    }
    const cr4 = i32[CR4 >> 2];
    if (cr4 & CR4_PAE) return this.walkExtended(linear, write, user);
    const directoryAddress = ((i32[CR3 >> 2] & 0xfffff000) | ((linear >>> 20) & 0xffc)) >>> 0;
    const pde = this.readEntry(directoryAddress);
    if (!(pde & PRESENT)) this.pageFault(linear, write, user, 0);
    if (pde & LARGE && cr4 & CR4_PSE) {
      // Bits 21..13 of a 4 MiB entry are reserved where PSE-36 is not announced, and ignored by processors without it.
      this.checkRights(linear, pde, write, user);
      this.finish(directoryAddress, pde, write);
      this.large = true;
      return ((pde & 0xffc00000) | (linear & 0x003ff000)) >>> 0;
    }
    const tableAddress = ((pde & 0xfffff000) | ((linear >>> 10) & 0xffc)) >>> 0;
    const pte = this.readEntry(tableAddress);
    if (!(pte & PRESENT)) this.pageFault(linear, write, user, 0);
    this.checkRights(linear, pde & pte, write, user);
    if (!(pde & ACCESSED)) this.writeEntry(directoryAddress, pde | ACCESSED);
    this.finish(tableAddress, pte, write);
    this.large = false;
    return (pte & 0xfffff000) >>> 0;
  }

  /** PAE paging: from the PDPTE registers through a page directory and a page table of 512 entries of 8 bytes. */
  private walkExtended(linear: number, write: boolean, user: boolean): number {
    const pointer = (PDPTE >> 2) + ((linear >>> 30) << 1);
    const pdpte = this.i32[pointer];
    // Reserved bits were checked when the register was loaded. It has no rights and no accessed bit.
    if (!(pdpte & PRESENT)) this.pageFault(linear, write, user, 0);
    const directoryAddress = addressOf(pdpte, this.i32[pointer + 1], 0xfffff000) + ((linear >>> 18) & 0xff8);
    const pde = this.readEntry(directoryAddress);
    const pdeHigh = this.readEntry(directoryAddress + 4);
    if (!(pde & PRESENT)) this.pageFault(linear, write, user, 0);
    // PS asks for 2 MiB whatever CR4.PSE says.
    if (pdeHigh & HIGH_RESERVED || (pde & LARGE && pde & LARGE_PDE_RESERVED)) this.reservedFault(linear, write, user);
    if (pde & LARGE) {
      this.checkRights(linear, pde, write, user);
      this.finish(directoryAddress, pde, write);
      this.large = true;
      return addressOf(pde, pdeHigh, 0xffe00000) + (linear & 0x001ff000);
    }
    const tableAddress = addressOf(pde, pdeHigh, 0xfffff000) + ((linear >>> 9) & 0xff8);
    const pte = this.readEntry(tableAddress);
    const pteHigh = this.readEntry(tableAddress + 4);
    if (!(pte & PRESENT)) this.pageFault(linear, write, user, 0);
    if (pteHigh & HIGH_RESERVED || pte & PTE_RESERVED) this.reservedFault(linear, write, user);
    this.checkRights(linear, pde & pte, write, user);
    if (!(pde & ACCESSED)) this.writeEntry(directoryAddress, pde | ACCESSED);
    this.finish(tableAddress, pte, write);
    this.large = false;
    return addressOf(pte, pteHigh, 0xfffff000);
  }

  /** Check U/S and R/W of the combined entry (SDM volume 3, section 4.6) and note the page's rights. */
  private checkRights(linear: number, rights: number, write: boolean, user: boolean): void {
    this.user = (rights & USER) !== 0;
    this.writable = (rights & WRITABLE) !== 0;
    if (user ? !this.user || (write && !this.writable) : write && !this.writable && this.writeProtect) {
      this.pageFault(linear, write, user, FAULT_PROTECTION);
    }
  }

  /** Accessed and dirty bits of the entry that maps the page, and what it says of it. */
  private finish(address: number, entry: number, write: boolean): void {
    const wanted = entry | ACCESSED | (write ? DIRTY : 0);
    if (wanted !== entry) this.writeEntry(address, wanted);
    this.dirty = (wanted & DIRTY) !== 0;
    this.global = (entry & GLOBAL) !== 0 && (this.i32[CR4 >> 2] & CR4_PGE) !== 0;
  }

  private reservedFault(linear: number, write: boolean, user: boolean): never {
    this.pageFault(linear, write, user, FAULT_PROTECTION | FAULT_RESERVED);
  }

  private pageFault(linear: number, write: boolean, user: boolean, code: number): never {
    this.i32[CR2 >> 2] = linear;
    this.fault.vector = PAGE_FAULT;
    this.fault.errorCode = code | (write ? FAULT_WRITE : 0) | (user ? FAULT_USER : 0);
    throw this.fault;
  }

  /** A paging-structure entry, or half of one of 8 bytes: aligned, all ones beyond RAM. */
  private readEntry(physical: number): number {
    return physical < this.ramSize ? this.i32[(RAM + physical) >>> 2] : -1;
  }

  private writeEntry(physical: number, value: number): void {
    if (physical >= this.ramSize) return;
    this.i32[(RAM + physical) >>> 2] = value;
    this.entryWritten(physical);
  }

  /**
   * Load the PDPTE registers from the table of a CR3 value (SDM volume 3, section 4.4.1).
   * @returns false, with nothing loaded, where a present entry has a reserved bit set: #GP(0) to whoever asked for it
   */
  loadPointers(cr3: number): boolean {
    const table = this.pointerTable(cr3);
    for (let n = 0; n < 8; n += 2) {
      const low = this.readEntry(table + 4 * n);
      if (low & PRESENT && (low & PDPTE_RESERVED || this.readEntry(table + 4 * n + 4) & HIGH_RESERVED)) return false;
    }
    for (let n = 0; n < 8; n++) this.i32[(PDPTE >> 2) + n] = this.readEntry(table + 4 * n);
    return true;
  }

  private pointerTable(cr3: number): number {
    return (cr3 & 0xffffffe0) >>> 0;
  }

  /**
   * Translate without side effects; undefined where nothing is mapped.
   * @param cr3 the address space; the current one unless given
   */
  lookUp(linear: number, cr3?: number): Translation | undefined {
    const { i32 } = this;
    if (!(i32[CR0 >> 2] & CR0_PG)) return { physical: linear >>> 0, writable: true, user: true };
    if (i32[CR4 >> 2] & CR4_PAE) return this.lookUpExtended(linear, cr3);
    const pde = this.readEntry((((cr3 ?? i32[CR3 >> 2]) & 0xfffff000) | ((linear >>> 20) & 0xffc)) >>> 0);
    if (!(pde & PRESENT)) return undefined;
    if (pde & LARGE && i32[CR4 >> 2] & CR4_PSE)
      return translation(((pde & 0xffc00000) | (linear & 0x003fffff)) >>> 0, pde);
    const pte = this.readEntry(((pde & 0xfffff000) | ((linear >>> 10) & 0xffc)) >>> 0);
    if (!(pte & PRESENT)) return undefined;
    return translation(((pte & 0xfffff000) | (linear & 0xfff)) >>> 0, pde & pte);
  }

  /** An address space that is not the current one has its page-directory pointers in memory only. */
  private lookUpExtended(linear: number, cr3?: number): Translation | undefined {
    const which = (linear >>> 30) << 3;
    const pointer = cr3 === undefined ? undefined : this.pointerTable(cr3) + which;
    const pdpte = pointer === undefined ? this.i32[(PDPTE + which) >> 2] : this.readEntry(pointer);
    const pdpteHigh = pointer === undefined ? this.i32[(PDPTE + which + 4) >> 2] : this.readEntry(pointer + 4);
    if (!(pdpte & PRESENT) || pdpte & PDPTE_RESERVED || pdpteHigh & HIGH_RESERVED) return undefined;
    const directoryAddress = addressOf(pdpte, pdpteHigh, 0xfffff000) + ((linear >>> 18) & 0xff8);
    const pde = this.readEntry(directoryAddress);
    const pdeHigh = this.readEntry(directoryAddress + 4);
    if (!(pde & PRESENT) || pdeHigh & HIGH_RESERVED) return undefined;
    if (pde & LARGE) {
      if (pde & LARGE_PDE_RESERVED) return undefined;
      return translation(addressOf(pde, pdeHigh, 0xffe00000) + (linear & 0x001fffff), pde);
    }
    const tableAddress = addressOf(pde, pdeHigh, 0xfffff000) + ((linear >>> 9) & 0xff8);
    const pte = this.readEntry(tableAddress);
    const pteHigh = this.readEntry(tableAddress + 4);
    if (!(pte & PRESENT) || pteHigh & HIGH_RESERVED || pte & PTE_RESERVED) return undefined;
    return translation(addressOf(pte, pteHigh, 0xfffff000) + (linear & 0xfff), pde & pte);
  }
}

function translation(physical: number, rights: number): Translation {
  return { physical, writable: (rights & WRITABLE) !== 0, user: (rights & USER) !== 0 };
}
