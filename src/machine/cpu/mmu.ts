/**
 * The software TLB in the machine's memory, filled from the paging structures (paging.ts).
 *
 * A TLB entry is filled only where an access may be made without any further thought: right present, accessed (and, for writing,
 * dirty) bit already set, backed by RAM, no watchpoint, no decoded code on a page to be written. Everything else stays −1 and comes here.
 */

import {
  PAGES,
  RAM,
  TLB_EXECUTE_SUPERVISOR,
  TLB_EXECUTE_USER,
  TLB_READ_SUPERVISOR,
  TLB_READ_USER,
  TLB_WRITE_SUPERVISOR,
  TLB_WRITE_USER,
} from './layout';
import { type GuestFault } from './fault';
import { Paging } from './paging';

/** Linear pages remembered in a list of filled entries before the whole TLB is flushed instead. */
const LIST_SIZE = 1 << 16;

const READ_SUPERVISOR = TLB_READ_SUPERVISOR >> 2;
const READ_USER = TLB_READ_USER >> 2;
const WRITE_SUPERVISOR = TLB_WRITE_SUPERVISOR >> 2;
const WRITE_USER = TLB_WRITE_USER >> 2;
const EXECUTE_SUPERVISOR = TLB_EXECUTE_SUPERVISOR >> 2;
const EXECUTE_USER = TLB_EXECUTE_USER >> 2;

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
  /** 1 for each 4 MiB region of which an entry was filled from a large page: INVLPG drops the whole region, whatever the page's size. */
  private readonly largeRegions = new Uint8Array(1024);
  private anyLarge = false;

  /** The structures that the entries come from. */
  readonly paging: Paging;

  constructor(
    private readonly i32: Int32Array,
    /** Size of RAM in bytes. */
    private readonly ramSize: number,
    fault: GuestFault,
    /** Told of an accessed or dirty bit that was set among decoded code. */
    codeWritten: (physical: number) => void,
  ) {
    const codePages = (this.codePages = new Uint8Array(Math.max(1, ramSize >>> 12)));
    this.paging = new Paging(i32, ramSize, fault, (physical) => {
      if (codePages[physical >>> 12] !== 0) codeWritten(physical);
    });
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

  /** Physical address (0..2^36−1). Sets accessed and dirty bits, fills the TLB where later accesses need no help. */
  private translate(linear: number, write: boolean, user: boolean): number {
    const known =
      this.i32[(write ? (user ? WRITE_USER : WRITE_SUPERVISOR) : user ? READ_USER : READ_SUPERVISOR) + (linear >>> 12)];
    if (known !== -1) return ((linear ^ known) >>> 0) - RAM;
    const physicalPage = this.paging.walk(linear, write, user);
    this.fill(linear, physicalPage);
    return physicalPage + (linear & 0xfff);
  }

  /** Enter what the last walk found into the arrays, where no access needs a closer look. */
  private fill(linear: number, physicalPage: number): void {
    if (physicalPage >= this.ramSize) return;
    const page = linear >>> 12;
    if (this.watchedPages.size > 0 && this.watchedPages.has(page)) return;
    const { i32, paging } = this;
    this.note(page, paging.global);
    if (paging.large) {
      this.largeRegions[page >>> 10] = 1;
      this.anyLarge = true;
    }
    const entry = (RAM + physicalPage) ^ (page << 12);
    i32[READ_SUPERVISOR + page] = entry;
    const user = paging.user && !this.alignmentChecked;
    if (user) i32[READ_USER + page] = entry;
    if (paging.dirty && this.codePages[physicalPage >>> 12] === 0) {
      if (paging.writable || !paging.writeProtect) i32[WRITE_SUPERVISOR + page] = entry;
      if (user && paging.writable) i32[WRITE_USER + page] = entry;
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

  /** Forget all translations, global ones too (CR0.PG or WP, CR4.PSE, PAE or PGE changed). */
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
}
