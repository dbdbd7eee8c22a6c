/**
 * Paging (SDM volume 3, chapter 4: 32-bit paging with 4 KiB and 4 MiB pages) and the software TLB in the machine's memory.
 *
 * A TLB entry is filled only where an access may be made without any further thought: right present, accessed (and, for writing,
 * dirty) bit already set, backed by RAM, no watchpoint, no decoded code on a page to be written. Everything else stays −1 and comes here.
 */

import {
  CR0,
  CR2,
  CR3,
  CR4,
  PAGES,
  RAM,
  TLB_EXECUTE_SUPERVISOR,
  TLB_EXECUTE_USER,
  TLB_READ_SUPERVISOR,
  TLB_READ_USER,
  TLB_WRITE_SUPERVISOR,
  TLB_WRITE_USER,
} from './layout';
import { GuestFault } from './fault';

/** Page-directory and page-table entry bits (SDM volume 3, tables 4-4 to 4-6). */
const PRESENT = 0x001;
const WRITABLE = 0x002;
const USER = 0x004;
const ACCESSED = 0x020;
const DIRTY = 0x040;
const LARGE = 0x080;
const GLOBAL = 0x100;

const CR0_WP = 1 << 16;
const CR0_PG = 1 << 31;
const CR4_PSE = 1 << 4;
const CR4_PGE = 1 << 7;

/** Page-fault error code (SDM volume 3, figure 4-12). */
const FAULT_PROTECTION = 1;
const FAULT_WRITE = 2;
const FAULT_USER = 4;
const PAGE_FAULT = 14;

/** Linear pages remembered in a list of filled entries before the whole TLB is flushed instead. */
const LIST_SIZE = 1 << 16;

const READ_SUPERVISOR = TLB_READ_SUPERVISOR >> 2;
const READ_USER = TLB_READ_USER >> 2;
const WRITE_SUPERVISOR = TLB_WRITE_SUPERVISOR >> 2;
const WRITE_USER = TLB_WRITE_USER >> 2;
const EXECUTE_SUPERVISOR = TLB_EXECUTE_SUPERVISOR >> 2;
const EXECUTE_USER = TLB_EXECUTE_USER >> 2;

/** What a debugger's look at a linear address finds. */
export interface Translation {
  /** Physical address. */
  physical: number;
  writable: boolean;
  user: boolean;
}

export class Mmu {
  /** 1 for each physical page that holds decoded code: writes to it take the slow path. */
  readonly codePages: Uint8Array;
  /** While true, nothing is entered into the user's read and write arrays, so that every access of CPL 3 is checked for alignment. */
  private alignmentChecked = false;
  /** Linear pages that must always take the slow path: watchpoints and the guest's own data breakpoints. */
  private readonly watchedPages = new Set<number>();

  private readonly list = new Uint32Array(LIST_SIZE);
  private listLength = 0;
  private readonly globalList = new Uint32Array(LIST_SIZE);
  private globalListLength = 0;
  /** 1 for each 4 MiB region of which an entry was filled from a 4 MiB page: INVLPG must drop the whole region. */
  private readonly largeRegions = new Uint8Array(1024);
  private anyLarge = false;

  /** Rights found by the last walk. */
  private pageUser = false;
  private pageWritable = false;
  private pageGlobal = false;
  private pageLarge = false;
  private pageDirty = false;

  constructor(
    private readonly i32: Int32Array,
    /** Size of RAM in bytes. */
    private readonly ramSize: number,
    private readonly fault: GuestFault,
    /** Told of an accessed or dirty bit that was set among decoded code. */
    private readonly codeWritten: (physical: number) => void,
  ) {
    this.codePages = new Uint8Array(Math.max(1, ramSize >>> 12));
    i32.fill(-1, READ_SUPERVISOR, READ_SUPERVISOR + 4 * PAGES);
  }

  /** Physical address of a linear one for reading (or fetching); #PF where there is none. */
  translateRead(linear: number, user: boolean): number {
    return this.translate(linear, false, user);
  }

  /** Physical address of a linear one for writing; #PF where there is none. Sets the dirty bit. */
  translateWrite(linear: number, user: boolean): number {
    return this.translate(linear, true, user);
  }

  /** Physical address (0..2^32−1). Sets accessed and dirty bits, fills the TLB where later accesses need no help. */
  private translate(linear: number, write: boolean, user: boolean): number {
    const i32 = this.i32;
    const page = linear >>> 12;
    const known = i32[(write ? (user ? WRITE_USER : WRITE_SUPERVISOR) : user ? READ_USER : READ_SUPERVISOR) + page];
    if (known !== -1) return ((linear ^ known) >>> 0) - RAM;
    let physicalPage: number;
    if (i32[CR0 >> 2] & CR0_PG) {
      physicalPage = this.walk(linear, write, user);
    } else {
      physicalPage = (linear & 0xfffff000) >>> 0;
      this.pageUser = this.pageWritable = this.pageDirty = true;
      this.pageGlobal = this.pageLarge = false;
    }
    this.fill(linear, physicalPage);
    return physicalPage + (linear & 0xfff);
  }

  /** Walk the tables; returns the physical address of the 4 KiB page, with the page's rights in the fields. */
  private walk(linear: number, write: boolean, user: boolean): number {
    const i32 = this.i32;
    const directoryAddress = ((i32[CR3 >> 2] & 0xfffff000) | ((linear >>> 20) & 0xffc)) >>> 0;
    const pde = this.readEntry(directoryAddress);
    if (!(pde & PRESENT)) this.pageFault(linear, write, user, 0);
    const cr4 = i32[CR4 >> 2];
    if (pde & LARGE && cr4 & CR4_PSE) {
      // Bits 21..13 of a 4 MiB entry are reserved where PSE-36 is not announced, and ignored by processors without it.
      this.checkRights(linear, pde, write, user);
      const wanted = pde | ACCESSED | (write ? DIRTY : 0);
      if (wanted !== pde) this.writeEntry(directoryAddress, wanted);
      this.pageDirty = (wanted & DIRTY) !== 0;
      this.pageLarge = true;
      this.pageGlobal = (pde & GLOBAL) !== 0 && (cr4 & CR4_PGE) !== 0;
      return ((pde & 0xffc00000) | (linear & 0x003ff000)) >>> 0;
    }
    const tableAddress = ((pde & 0xfffff000) | ((linear >>> 10) & 0xffc)) >>> 0;
    const pte = this.readEntry(tableAddress);
    if (!(pte & PRESENT)) this.pageFault(linear, write, user, 0);
    this.checkRights(linear, pde & pte, write, user);
    if (!(pde & ACCESSED)) this.writeEntry(directoryAddress, pde | ACCESSED);
    const wanted = pte | ACCESSED | (write ? DIRTY : 0);
    if (wanted !== pte) this.writeEntry(tableAddress, wanted);
    this.pageDirty = (wanted & DIRTY) !== 0;
    this.pageLarge = false;
    this.pageGlobal = (pte & GLOBAL) !== 0 && (cr4 & CR4_PGE) !== 0;
    return (pte & 0xfffff000) >>> 0;
  }

  /** Check U/S and R/W of the combined entry (SDM volume 3, section 4.6) and note the page's rights. */
  private checkRights(linear: number, rights: number, write: boolean, user: boolean): void {
    this.pageUser = (rights & USER) !== 0;
    this.pageWritable = (rights & WRITABLE) !== 0;
    if (user ? !this.pageUser || (write && !this.pageWritable) : write && !this.pageWritable && this.writeProtect) {
      this.pageFault(linear, write, user, FAULT_PROTECTION);
    }
  }

  private get writeProtect(): boolean {
    return (this.i32[CR0 >> 2] & CR0_WP) !== 0;
  }

  private pageFault(linear: number, write: boolean, user: boolean, code: number): never {
    this.i32[CR2 >> 2] = linear;
    this.fault.vector = PAGE_FAULT;
    this.fault.errorCode = code | (write ? FAULT_WRITE : 0) | (user ? FAULT_USER : 0);
    throw this.fault;
  }

  /** A paging-structure entry: aligned, all ones beyond RAM. */
  private readEntry(physical: number): number {
    return physical < this.ramSize ? this.i32[(RAM + physical) >>> 2] : -1;
  }

  private writeEntry(physical: number, value: number): void {
    if (physical >= this.ramSize) return;
    this.i32[(RAM + physical) >>> 2] = value;
    if (this.codePages[physical >>> 12] !== 0) this.codeWritten(physical);
  }

  /** Enter what the last walk found into the arrays, where no access needs a closer look. */
  private fill(linear: number, physicalPage: number): void {
    if (physicalPage >= this.ramSize) return;
    const page = linear >>> 12;
    if (this.watchedPages.size > 0 && this.watchedPages.has(page)) return;
    const i32 = this.i32;
    this.note(page, this.pageGlobal);
    if (this.pageLarge) {
      this.largeRegions[page >>> 10] = 1;
      this.anyLarge = true;
    }
    const entry = (RAM + physicalPage) ^ (page << 12);
    i32[READ_SUPERVISOR + page] = entry;
    const user = this.pageUser && !this.alignmentChecked;
    if (user) i32[READ_USER + page] = entry;
    if (this.pageDirty && this.codePages[physicalPage >>> 12] === 0) {
      if (this.pageWritable || !this.writeProtect) i32[WRITE_SUPERVISOR + page] = entry;
      if (user && this.pageWritable) i32[WRITE_USER + page] = entry;
    }
  }

  /** Put a page on the list of filled entries, unless it is there already. */
  private note(page: number, global: boolean): void {
    const i32 = this.i32;
    if (
      i32[READ_SUPERVISOR + page] !== -1 ||
      i32[READ_USER + page] !== -1 ||
      i32[WRITE_SUPERVISOR + page] !== -1 ||
      i32[WRITE_USER + page] !== -1 ||
      i32[EXECUTE_SUPERVISOR + page] !== 0 ||
      i32[EXECUTE_USER + page] !== 0
    ) {
      return;
    }
    if (global) {
      if (this.globalListLength === LIST_SIZE) this.flushAll();
      this.globalList[this.globalListLength++] = page;
    } else {
      if (this.listLength === LIST_SIZE) this.flush();
      this.list[this.listLength++] = page;
    }
  }

  /**
   * Enter a code page's pointer into the execution array of the user or supervisor. The page must have just been translated for
   * fetching (`translateRead`), so that its rights are known to hold; it is dropped by the same flushes as the other arrays.
   */
  setExecute(linear: number, user: boolean, pointer: number): void {
    const page = linear >>> 12;
    // Where nothing was filled (a watched page) it is not known whether the page is global, and not needed: it goes sooner.
    this.note(page, false);
    this.i32[(user ? EXECUTE_USER : EXECUTE_SUPERVISOR) + page] = pointer;
  }

  /** Forget every pointer in the execution arrays (the code cache was emptied, breakpoints changed). */
  clearExecute(): void {
    // Only pages on the lists have pointers; the arrays themselves are 8 MiB.
    this.clearExecuteOf(this.list, this.listLength);
    this.clearExecuteOf(this.globalList, this.globalListLength);
  }

  private clearExecuteOf(list: Uint32Array, length: number): void {
    for (let n = 0; n < length; n++) {
      this.i32[EXECUTE_SUPERVISOR + list[n]] = 0;
      this.i32[EXECUTE_USER + list[n]] = 0;
    }
  }

  /** Forget all translations but global ones (MOV to CR3, task switch). */
  flush(): void {
    for (let n = 0; n < this.listLength; n++) this.drop(this.list[n]);
    this.listLength = 0;
  }

  /** Forget all translations, global ones too (CR0.PG or WP, CR4.PSE or PGE changed). */
  flushAll(): void {
    this.flush();
    for (let n = 0; n < this.globalListLength; n++) this.drop(this.globalList[n]);
    this.globalListLength = 0;
    if (this.anyLarge) {
      this.largeRegions.fill(0);
      this.anyLarge = false;
    }
  }

  /** Forget the translation of one linear address: INVLPG. */
  invalidate(linear: number): void {
    if (this.largeRegions[linear >>> 22] === 0) {
      this.drop(linear >>> 12);
      return;
    }
    const first = (linear >>> 22) << 10;
    for (let page = first; page < first + 1024; page++) this.drop(page);
    this.largeRegions[linear >>> 22] = 0;
  }

  private drop(page: number): void {
    const i32 = this.i32;
    i32[READ_SUPERVISOR + page] = -1;
    i32[READ_USER + page] = -1;
    i32[WRITE_SUPERVISOR + page] = -1;
    i32[WRITE_USER + page] = -1;
    i32[EXECUTE_SUPERVISOR + page] = 0;
    i32[EXECUTE_USER + page] = 0;
  }

  /** From now on a physical page holds decoded code: writes to it must take the slow path. */
  protectCode(physicalPage: number): void {
    if (physicalPage >= this.codePages.length || this.codePages[physicalPage] !== 0) return;
    this.codePages[physicalPage] = 1;
    const wanted = RAM + physicalPage * 4096;
    this.dropWrites(this.list, this.listLength, wanted);
    this.dropWrites(this.globalList, this.globalListLength, wanted);
  }

  private dropWrites(list: Uint32Array, length: number, wanted: number): void {
    const i32 = this.i32;
    for (let n = 0; n < length; n++) {
      const page = list[n];
      const entry = wanted ^ (page << 12);
      if (i32[WRITE_SUPERVISOR + page] === entry) i32[WRITE_SUPERVISOR + page] = -1;
      if (i32[WRITE_USER + page] === entry) i32[WRITE_USER + page] = -1;
    }
  }

  /** A physical page holds no decoded code any more: its next write fills the TLB again. */
  unprotectCode(physicalPage: number): void {
    if (physicalPage < this.codePages.length) this.codePages[physicalPage] = 0;
  }

  /** The linear pages (numbers) whose accesses must all take the slow path, replacing those set before. */
  setWatchedPages(pages: Iterable<number>): void {
    this.watchedPages.clear();
    for (const page of pages) this.watchedPages.add(page);
    this.flushAll();
  }

  isWatched(page: number): boolean {
    return this.watchedPages.has(page);
  }

  /** Whether CR0.AM and EFLAGS.AC ask for alignment checks at CPL 3. */
  setAlignmentChecked(checked: boolean): void {
    if (checked === this.alignmentChecked) return;
    this.alignmentChecked = checked;
    if (checked) this.flushAll();
  }

  get checksAlignment(): boolean {
    return this.alignmentChecked;
  }

  /** Physical address as the TLB has it for reading by the supervisor; -1 where it has none. */
  cached(linear: number): number {
    const entry = this.i32[READ_SUPERVISOR + (linear >>> 12)];
    return entry === -1 ? -1 : ((linear ^ entry) >>> 0) - RAM;
  }

  /** Translate without side effects, with the given CR3 (or the current one); undefined where nothing is mapped. */
  lookUp(linear: number, cr3 = this.i32[CR3 >> 2]): Translation | undefined {
    const cr0 = this.i32[CR0 >> 2];
    if (!(cr0 & CR0_PG)) return { physical: linear >>> 0, writable: true, user: true };
    const pde = this.readEntry(((cr3 & 0xfffff000) | ((linear >>> 20) & 0xffc)) >>> 0);
    if (!(pde & PRESENT)) return undefined;
    let physical: number;
    let rights = pde;
    if (pde & LARGE && this.i32[CR4 >> 2] & CR4_PSE) {
      physical = ((pde & 0xffc00000) | (linear & 0x003fffff)) >>> 0;
    } else {
      const pte = this.readEntry(((pde & 0xfffff000) | ((linear >>> 10) & 0xffc)) >>> 0);
      if (!(pte & PRESENT)) return undefined;
      rights &= pte;
      physical = ((pte & 0xfffff000) | (linear & 0xfff)) >>> 0;
    }
    return { physical, writable: (rights & WRITABLE) !== 0, user: (rights & USER) !== 0 };
  }
}
