/**
 * The code cache: physical pages decoded, on demand, into the records that the interpreter executes. For each page there is an index table with
 * the record of each byte at which an instruction was met, or 0; the execution TLBs lead to it. Only code of the usual 32-bit mode comes here.
 */

import { type Decoded } from '../cpu/decoded';
import { Decoder, newDecoded } from '../cpu/decoder';
import {
  CODE_CACHE,
  CODE_CACHE_SIZE,
  RAM,
  SegmentRegister,
  TLB_EXECUTE_SUPERVISOR,
  TLB_EXECUTE_USER,
} from '../cpu/layout';
import { Operand, registerOffset } from './emitter';
import { type Interpreter, type Plan } from './interpreter';
import {
  Handler,
  PASSABLE,
  RECORD_DISPLACEMENT,
  RECORD_HANDLER,
  RECORD_IMMEDIATE,
  RECORD_INDEX,
  RECORD_LENGTH,
  RECORD_OFFSET,
  RECORD_REG,
  RECORD_RM,
  RECORD_SIZE,
} from './record';

const PAGE = 4096;
/** An index table: a word for each byte of the page. */
const TABLE_SIZE = PAGE * 4;
/** Records decoded in one go. */
const RUN_LENGTH = 48;
/** The longest instruction. */
const MAXIMUM_LENGTH = 15;

/** What the code cache needs of the memory management unit. */
export interface CodePages {
  /** Physical address of a linear one, for fetching; throws GuestFault. */
  translateRead(linear: number, user: boolean): number;
  setExecute(linear: number, user: boolean, pointer: number): void;
  clearExecute(): void;
  protectCode(physicalPage: number): void;
  unprotectCode(physicalPage: number): void;
}

/** Thrown by `fetch` where an instruction goes on in the next page. */
const PAGE_END = new Error('The instruction goes on in the next page.');

export class CodeCache {
  /** Index table of each physical page, or 0. */
  private readonly tables: Int32Array;
  private readonly pages: number[] = [];
  private top = CODE_CACHE;
  /** Counts the times everything was forgotten: records are good for one generation. */
  generation = 0;
  private readonly u8: Uint8Array;
  private readonly u16: Uint16Array;
  private readonly i32: Int32Array;
  private readonly decoder = new Decoder();
  private readonly decoded: Decoded = newDecoded();
  private fetchBase = 0;
  private readonly fetch = (index: number): number => {
    const offset = this.fetchBase + index;
    if (((offset ^ this.fetchBase) & ~(PAGE - 1)) !== 0) throw PAGE_END;
    return this.u8[offset];
  };
  /** Offsets of breakpoints by linear page. */
  private readonly breakpoints = new Map<number, number[]>();
  /** Offsets at which to stop by physical page: those of all linear pages through which it was entered. */
  private readonly stops = new Map<number, Set<number>>();

  constructor(
    memory: WebAssembly.Memory,
    private readonly ramSize: number,
    private readonly mmu: CodePages,
    private readonly interpreter: Interpreter,
  ) {
    this.u8 = new Uint8Array(memory.buffer);
    this.u16 = new Uint16Array(memory.buffer);
    this.i32 = new Int32Array(memory.buffer);
    this.tables = new Int32Array(ramSize / PAGE);
  }

  /** Forget everything. */
  reset(): void {
    for (const page of this.pages) {
      this.tables[page] = 0;
      this.mmu.unprotectCode(page);
    }
    this.pages.length = 0;
    this.stops.clear();
    this.top = CODE_CACHE;
    this.generation++;
    this.mmu.clearExecute();
  }

  /** Stop before the instructions at these linear addresses. */
  setBreakpoints(linear: Iterable<number>): void {
    for (const page of this.stops.keys()) this.drop(page);
    this.stops.clear();
    this.breakpoints.clear();
    for (const address of linear) {
      const page = address >>> 12;
      const offsets = this.breakpoints.get(page);
      if (offsets) offsets.push(address & (PAGE - 1));
      else this.breakpoints.set(page, [address & (PAGE - 1)]);
    }
    // The pages' breakpoints are looked up when they are entered again.
    this.mmu.clearExecute();
  }

  /** The record for the instruction at a linear address, 0 where there is no RAM. Throws GuestFault where it may not be fetched. */
  lookUp(linear: number, user: boolean): number {
    const entry = ((user ? TLB_EXECUTE_USER : TLB_EXECUTE_SUPERVISOR) >> 2) + (linear >>> 12);
    let table = this.i32[entry];
    if (table === 0) {
      table = this.enterPage(linear, user);
      if (table === 0) return 0;
    }
    const known = this.i32[(table >> 2) + (linear & (PAGE - 1))];
    if (known !== 0) return known;
    if (!this.hasRoom()) {
      this.reset();
      return this.lookUp(linear, user);
    }
    return this.decodeRun(table, this.physicalPageOf(table), linear & (PAGE - 1));
  }

  /** What follows a Decode record, at the given linear address in its page; that record is a link from now on. */
  continue(record: number, linear: number, user: boolean): number {
    const { generation } = this;
    const next = this.lookUp(linear, user);
    if (next !== 0 && generation === this.generation) {
      this.u16[(record + RECORD_HANDLER) >> 1] = Handler.Link;
      this.i32[(record + RECORD_DISPLACEMENT) >> 2] = next;
    }
    return next;
  }

  /** Bytes of a physical page were written: drop the page if they belong to decoded instructions. True if it was. */
  written(physical: number, size: number): boolean {
    const page = physical >>> 12;
    const table = this.tables[page];
    if (table === 0) return false;
    const first = physical & (PAGE - 1);
    const end = Math.min(first + size, PAGE);
    for (let offset = Math.max(0, first - MAXIMUM_LENGTH + 1); offset < end; offset++) {
      const record = this.i32[(table >> 2) + offset];
      if (record === 0) continue;
      // What goes on in the next page has no length here: it ends with the page.
      const length = this.u8[record + RECORD_LENGTH] & 15 || MAXIMUM_LENGTH;
      if (offset + length <= first) continue;
      this.drop(page);
      return true;
    }
    return false;
  }

  /** Forget a page's records. */
  private drop(page: number): void {
    const table = this.tables[page];
    if (table === 0) return;
    this.i32.fill(0, table >> 2, (table + TABLE_SIZE) >> 2);
    this.mmu.unprotectCode(page);
  }

  /** Room for a table and a run. */
  private hasRoom(): boolean {
    // An instruction with a breakpoint has two records.
    return this.top + TABLE_SIZE + (2 * RUN_LENGTH + 2) * RECORD_SIZE <= CODE_CACHE + CODE_CACHE_SIZE;
  }

  /** Enter a linear page into the execution TLB; its index table, 0 where there is no RAM. */
  private enterPage(linear: number, user: boolean): number {
    const physical = this.mmu.translateRead(linear, user);
    if (physical >= this.ramSize) return 0;
    const page = physical >>> 12;
    if (!this.hasRoom()) this.reset();
    let table = this.tables[page];
    if (table === 0) {
      // The word before the table tells its page.
      table = this.top + RECORD_SIZE;
      this.i32[(table >> 2) - 1] = page;
      this.i32.fill(0, table >> 2, (table + TABLE_SIZE) >> 2);
      this.top = table + TABLE_SIZE;
      this.tables[page] = table;
      this.pages.push(page);
    }
    this.noteStops(page, linear >>> 12);
    this.mmu.setExecute(linear, user, table);
    return table;
  }

  private physicalPageOf(table: number): number {
    return this.i32[(table >> 2) - 1];
  }

  /** A page with breakpoints is entered: what was decoded without them goes. */
  private noteStops(page: number, linearPage: number): void {
    const offsets = this.breakpoints.get(linearPage);
    if (offsets === undefined) return;
    let stops = this.stops.get(page);
    if (stops === undefined) this.stops.set(page, (stops = new Set()));
    const before = stops.size;
    for (const offset of offsets) stops.add(offset);
    if (stops.size !== before) this.drop(page);
  }

  /** Decode from an offset on, until something ends the run; the first record. */
  private decodeRun(table: number, page: number, start: number): number {
    this.mmu.protectCode(page);
    const stops = this.stops.get(page);
    const first = this.top;
    let offset = start;
    let form: Decoded['form'] | undefined;
    let operand = Operand.Base;
    for (let count = 0; count < RUN_LENGTH; count++) {
      const entry = (table >> 2) + offset;
      if (offset === PAGE) {
        this.newRecord(Handler.NextPage, offset, 0);
        return first;
      }
      if (this.i32[entry] !== 0) {
        this.i32[(this.newRecord(Handler.Link, offset, 0) + RECORD_DISPLACEMENT) >> 2] = this.i32[entry];
        return first;
      }
      const stop = stops?.has(offset) ? this.newRecord(Handler.Breakpoint, offset, 0) : 0;
      const previous = stop === 0 ? form : undefined;
      const previousOperand = operand;
      if (!this.decode(page, offset)) {
        this.i32[entry] = stop || this.newRecord(Handler.Evaluate, offset, 0);
        return first;
      }
      form = this.decoded.form;
      operand = this.operandKind(offset);
      const record = this.instruction(offset, operand);
      this.i32[entry] = stop || record;
      // Each iteration of a repeated instruction is one, and stops again.
      if (stop !== 0 && form.repeat === 'none') this.i32[(stop + RECORD_DISPLACEMENT) >> 2] = PASSABLE;
      if (previous !== undefined) {
        const fused = this.interpreter.fused(previous, previousOperand, form, operand);
        if (fused !== undefined) this.u16[(record - RECORD_SIZE + RECORD_HANDLER) >> 1] = fused;
      }
      offset += this.decoded.length;
      if (form.endsBlock && !isConditional(form.mnemonic)) break;
    }
    this.newRecord(offset === PAGE ? Handler.NextPage : Handler.Decode, offset, 0);
    return first;
  }

  /** Decode one instruction; false where it goes on in the next page. */
  private decode(page: number, offset: number): boolean {
    this.fetchBase = RAM + page * PAGE + offset;
    try {
      this.decoder.decode(this.fetch, true, this.decoded);
      return true;
    } catch (thrown) {
      if (thrown === PAGE_END) return false;
      throw thrown;
    }
  }

  private operandKind(offset: number): Operand {
    const { decoded } = this;
    if (decoded.segment >= SegmentRegister.FS || decoded.segment === SegmentRegister.CS) return Operand.Segmented;
    if (decoded.form.isMemory) return decoded.index === 8 ? Operand.Base : Operand.Index;
    const plan = decoded.form.endsBlock ? this.interpreter.plan(decoded.form, Operand.Base) : undefined;
    if (plan?.branches !== true) return Operand.Base;
    const target = offset + decoded.length + decoded.immediate;
    return target >= 0 && target < PAGE ? Operand.Near : Operand.Base;
  }

  /** Write the decoded instruction's record. */
  private instruction(offset: number, operand: Operand): number {
    const { decoded } = this;
    const { form } = decoded;
    const record = this.newRecord(Handler.Evaluate, offset, decoded.length | (decoded.segment << 4));
    if (decoded.addressMask !== -1 && form.isMemory) return record;
    const plan: Plan = this.interpreter.plan(form, operand);
    this.u16[(record + RECORD_HANDLER) >> 1] = plan.handler;
    this.u8[record + RECORD_REG] = registerOffset(decoded.reg, plan.regIs8);
    this.u8[record + RECORD_RM] = form.isMemory ? decoded.base * 4 : registerOffset(decoded.rm, plan.rmIs8);
    this.u8[record + RECORD_INDEX] = (decoded.index * 4) | decoded.scale;
    this.i32[(record + RECORD_IMMEDIATE) >> 2] = plan.usesOpcode
      ? decoded.opcode | (decoded.modrm << 16)
      : decoded.immediate;
    this.i32[(record + RECORD_DISPLACEMENT) >> 2] =
      operand === Operand.Near ? 0 : plan.usesImmediate2 ? decoded.immediate2 : decoded.displacement;
    return record;
  }

  private newRecord(handler: Handler, offset: number, lengthAndSegment: number): number {
    const record = this.top;
    this.top += RECORD_SIZE;
    this.u16[(record + RECORD_HANDLER) >> 1] = handler;
    this.u16[(record + RECORD_OFFSET) >> 1] = offset;
    this.u8[record + RECORD_LENGTH] = lengthAndSegment;
    this.i32[(record + RECORD_DISPLACEMENT) >> 2] = 0;
    return record;
  }
}

/** Execution may go on right behind it. */
function isConditional(mnemonic: string): boolean {
  return (mnemonic.startsWith('j') && !mnemonic.startsWith('jmp')) || mnemonic.startsWith('loop');
}
