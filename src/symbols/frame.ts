import { type AddressRange, type CfaRule, type RegisterRule, type UnwindRow } from './api';
import { DW_CFA, DW_EH_PE, nameOf } from './constants';
import { SymbolError, hex } from './errors';
import { DwarfExpression } from './operations';
import { Reader } from './reader';
import { isDiscarded } from './rnglists';

/** States that DW_CFA_remember_state may nest. */
const MAX_STATES = 1_000;

/** A common information entry (DWARF 6.4.1). */
interface Cie {
  readonly codeAlignment: number;
  readonly dataAlignment: number;
  readonly returnAddressRegister: number;
  readonly pointerEncoding: number;
  readonly hasAugmentationData: boolean;
  readonly isSignalFrame: boolean;
  readonly instructions: Reader;
}

/** A frame description entry: the addresses it covers and where its instructions are. */
interface Fde extends AddressRange {
  readonly cie: Cie;
  /** Where its instructions begin and end. */
  readonly from: number;
  readonly to: number;
}

/** Call-frame information of one section: .debug_frame (DWARF 6.4) or .eh_frame (LSB core specification, 10.6). */
export class FrameSection {
  private fdes: Fde[] | undefined;
  private readonly cies = new Map<number, Cie>();
  readonly warnings: string[] = [];

  constructor(
    private readonly bytes: Uint8Array,
    readonly name: '.debug_frame' | '.eh_frame',
    /** Where the section is loaded: pc-relative pointers count from there. */
    private readonly address: number,
  ) {}

  /** The row for an address; undefined if no FDE covers it. @throws SymbolError for bad instructions */
  row(pc: number): UnwindRow | undefined {
    const fde = this.find(pc);
    return fde && new RowProgram(fde, pc, this.name, this).run();
  }

  /** Address ranges of all FDEs, sorted. */
  ranges(): readonly AddressRange[] {
    return this.index();
  }

  private find(pc: number): Fde | undefined {
    const fdes = this.index();
    let low = 0;
    let high = fdes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (fdes[middle].start <= pc) low = middle + 1;
      else high = middle;
    }
    const fde = fdes[low - 1];
    return fde && pc < fde.end ? fde : undefined;
  }

  private index(): readonly Fde[] {
    if (this.fdes) return this.fdes;
    const fdes: Fde[] = [];
    const section = new Reader(this.bytes, this.name);
    while (!section.atEnd) {
      const start = section.position;
      try {
        const { end, offsetSize } = section.initialLength();
        // In .eh_frame a zero length ends the table.
        if (end === section.position && this.name === '.eh_frame') break;
        try {
          const fde = this.readEntry(section.at(section.position, end), offsetSize);
          if (fde && fde.end > fde.start && !isDiscarded(fde.start)) fdes.push(fde);
        } catch (error) {
          this.warn(error);
        }
        section.position = end;
      } catch (error) {
        this.warn(error);
        if (section.position === start) break;
        break;
      }
    }
    this.fdes = fdes.sort((a, b) => a.start - b.start || a.end - b.end);
    return this.fdes;
  }

  private warn(error: unknown): void {
    if (!(error instanceof SymbolError)) throw error;
    if (this.warnings.length < 100) this.warnings.push(error.message);
  }

  private readEntry(reader: Reader, offsetSize: 4 | 8): Fde | undefined {
    const idPosition = reader.position;
    if (reader.atEnd) return undefined;
    if (this.name === '.eh_frame') {
      const id = reader.unsigned(4);
      return id === 0 ? undefined : this.readFde(reader, idPosition - id);
    }
    const id = offsetSize === 4 ? reader.u32() : reader.u64();
    if (id === 0xffffffff || id === 0xffff_ffff_ffff_ffffn) return undefined;
    return this.readFde(reader, Number(id));
  }

  private readFde(reader: Reader, cieOffset: number): Fde {
    const cie = this.cie(cieOffset);
    const start = this.pointer(reader, cie.pointerEncoding) ?? 0;
    // The length has the pointer's format, but is a plain number.
    const length = this.pointer(reader, cie.pointerEncoding & 0x0f) ?? 0;
    if (cie.hasAugmentationData) reader.skip(reader.uleb());
    return { start, end: start + length, cie, from: reader.position, to: reader.end };
  }

  private cie(offset: number): Cie {
    let cie = this.cies.get(offset);
    if (!cie) {
      cie = this.readCie(offset);
      this.cies.set(offset, cie);
    }
    return cie;
  }

  private readCie(offset: number): Cie {
    const section = new Reader(this.bytes, this.name, offset);
    const { end, offsetSize } = section.initialLength();
    const reader = section.at(section.position, end);
    const id = this.name === '.eh_frame' || offsetSize === 4 ? reader.u32() : Number(BigInt.asUintN(32, reader.u64()));
    if (id !== (this.name === '.eh_frame' ? 0 : 0xffffffff)) {
      throw new SymbolError('malformed', `${this.name} refers to a CIE at ${hex(offset)}, where there is none`);
    }
    const version = reader.u8();
    if (version !== 1 && version !== 3 && version !== 4) {
      throw new SymbolError('unsupported', `${this.name} has a CIE of version ${version} at offset ${hex(offset)}`);
    }
    const augmentation = reader.cstring();
    if (version === 4) {
      const addressSize = reader.u8();
      const segmentSize = reader.u8();
      if (addressSize !== 4 || segmentSize !== 0) {
        throw new SymbolError('unsupported', `${this.name} has ${addressSize}-byte addresses at offset ${hex(offset)}`);
      }
    }
    // g++ 2 put the address of its exception table here.
    if (augmentation.startsWith('eh')) reader.skip(4);
    const codeAlignment = reader.uleb();
    const dataAlignment = reader.sleb();
    const returnAddressRegister = version === 1 ? reader.u8() : reader.uleb();
    let pointerEncoding: number = DW_EH_PE.absptr;
    let isSignalFrame = false;
    const hasAugmentationData = augmentation.startsWith('z');
    if (hasAugmentationData) {
      const size = reader.uleb();
      const after = reader.position + size;
      for (const letter of augmentation.slice(1)) {
        if (letter === 'R') pointerEncoding = reader.u8();
        else if (letter === 'L') reader.skip(1);
        else if (letter === 'P') this.pointer(reader, reader.u8());
        else if (letter === 'S') isSignalFrame = true;
        // Anything unknown only concerns data whose size is known.
        else if (letter !== 'B') break;
      }
      if (after > end) throw new SymbolError('truncated', `${this.name} has a bad CIE at offset ${hex(offset)}`);
      reader.position = after;
    } else if (augmentation !== '' && !augmentation.startsWith('eh')) {
      throw new SymbolError('unsupported', `${this.name} has the unknown augmentation "${augmentation}"`);
    }
    return {
      codeAlignment,
      dataAlignment,
      returnAddressRegister,
      pointerEncoding,
      hasAugmentationData,
      isSignalFrame,
      instructions: reader,
    };
  }

  /** A pointer in one of the encodings of .eh_frame; undefined if it is omitted. */
  pointer(reader: Reader, encoding: number): number | undefined {
    if (encoding === DW_EH_PE.omit) return undefined;
    if (encoding === DW_EH_PE.aligned) {
      reader.align(4, -this.address);
      return reader.u32();
    }
    const position = reader.position;
    let value = readEncoded(reader, encoding & 0x0f);
    switch (encoding & 0x70) {
      case 0:
        break;
      case DW_EH_PE.pcrel:
        value += this.address + position;
        break;
      default:
        throw new SymbolError('unsupported', `${this.name} has a pointer encoded as ${hex(encoding)}`);
    }
    // What an indirect pointer points to is only known at run time; personality routines are all it is used for.
    return value >>> 0;
  }
}

function readEncoded(reader: Reader, format: number): number {
  switch (format) {
    case DW_EH_PE.absptr:
    case DW_EH_PE.udata4:
      return reader.u32();
    case DW_EH_PE.signed:
    case DW_EH_PE.sdata4:
      return reader.i32();
    case DW_EH_PE.uleb128:
      return reader.uleb();
    case DW_EH_PE.sleb128:
      return reader.sleb();
    case DW_EH_PE.udata2:
      return reader.u16();
    case DW_EH_PE.sdata2:
      return reader.i16();
    case DW_EH_PE.udata8:
    case DW_EH_PE.sdata8:
      return Number(BigInt.asUintN(32, reader.u64()));
    default:
      throw new SymbolError('malformed', `${reader.what} has a pointer in the unknown format ${format}`);
  }
}

interface State {
  cfa: CfaRule | undefined;
  registers: Map<number, RegisterRule>;
}

/** Executes a CIE's and an FDE's instructions up to a pc (DWARF 6.4.2, 6.4.3). */
class RowProgram {
  private state: State = { cfa: undefined, registers: new Map() };
  private initial = new Map<number, RegisterRule>();
  private readonly remembered: State[] = [];
  private argumentsSize = 0;
  private location: number;
  private rowStart: number;
  private rowEnd: number;

  constructor(
    private readonly fde: Fde,
    private readonly pc: number,
    private readonly source: '.debug_frame' | '.eh_frame',
    private readonly section: FrameSection,
  ) {
    this.location = fde.start;
    this.rowStart = fde.start;
    this.rowEnd = fde.end;
  }

  run(): UnwindRow {
    const { fde, source } = this;
    const { cie } = fde;
    this.execute(cie.instructions.at(cie.instructions.position));
    this.initial = new Map(this.state.registers);
    this.execute(cie.instructions.at(fde.from, fde.to));
    if (!this.state.cfa) {
      throw new SymbolError('malformed', `${source} defines no CFA for the code at ${hex(fde.start)}`);
    }
    return {
      range: { start: this.rowStart, end: this.rowEnd },
      functionRange: { start: fde.start, end: fde.end },
      cfa: this.state.cfa,
      registers: this.state.registers,
      returnAddressRegister: cie.returnAddressRegister,
      isSignalFrame: cie.isSignalFrame,
      argumentsSize: this.argumentsSize,
      source,
    };
  }

  /** Moves to a new location; true if the row for the pc is complete. */
  private advance(to: number): boolean {
    if (to > this.pc) {
      this.rowEnd = Math.min(to, this.fde.end);
      return true;
    }
    this.location = to;
    this.rowStart = to;
    return false;
  }

  private execute(reader: Reader): void {
    const { codeAlignment, dataAlignment } = this.fde.cie;
    while (!reader.atEnd) {
      const opcode = reader.u8();
      const low = opcode & 0x3f;
      switch (opcode & 0xc0) {
        case DW_CFA.advance_loc:
          if (this.advance(this.location + low * codeAlignment)) return;
          continue;
        case DW_CFA.offset:
          this.set(low, { kind: 'offset', offset: reader.uleb() * dataAlignment });
          continue;
        case DW_CFA.restore:
          this.restore(low);
          continue;
      }
      switch (opcode) {
        case DW_CFA.nop:
          break;
        case DW_CFA.set_loc:
          if (this.advance(this.section.pointer(reader, this.fde.cie.pointerEncoding) ?? 0)) return;
          break;
        case DW_CFA.advance_loc1:
          if (this.advance(this.location + reader.u8() * codeAlignment)) return;
          break;
        case DW_CFA.advance_loc2:
          if (this.advance(this.location + reader.u16() * codeAlignment)) return;
          break;
        case DW_CFA.advance_loc4:
          if (this.advance(this.location + reader.u32() * codeAlignment)) return;
          break;
        case DW_CFA.offset_extended:
          this.set(reader.uleb(), { kind: 'offset', offset: reader.uleb() * dataAlignment });
          break;
        case DW_CFA.offset_extended_sf:
          this.set(reader.uleb(), { kind: 'offset', offset: reader.sleb() * dataAlignment });
          break;
        case DW_CFA.GNU_negative_offset_extended:
          this.set(reader.uleb(), { kind: 'offset', offset: -reader.uleb() * dataAlignment });
          break;
        case DW_CFA.val_offset:
          this.set(reader.uleb(), { kind: 'valueOffset', offset: reader.uleb() * dataAlignment });
          break;
        case DW_CFA.val_offset_sf:
          this.set(reader.uleb(), { kind: 'valueOffset', offset: reader.sleb() * dataAlignment });
          break;
        case DW_CFA.restore_extended:
          this.restore(reader.uleb());
          break;
        case DW_CFA.undefined:
          this.set(reader.uleb(), { kind: 'undefined' });
          break;
        case DW_CFA.same_value:
          this.set(reader.uleb(), { kind: 'sameValue' });
          break;
        case DW_CFA.register:
          this.set(reader.uleb(), { kind: 'register', register: reader.uleb() });
          break;
        case DW_CFA.expression:
          this.set(reader.uleb(), { kind: 'expression', expression: block(reader) });
          break;
        case DW_CFA.val_expression:
          this.set(reader.uleb(), { kind: 'valueExpression', expression: block(reader) });
          break;
        case DW_CFA.remember_state:
          if (this.remembered.length >= MAX_STATES) throw this.malformed('remembers too many states');
          this.remembered.push({ cfa: this.state.cfa, registers: new Map(this.state.registers) });
          break;
        case DW_CFA.restore_state: {
          const state = this.remembered.pop();
          if (!state) throw this.malformed('restores a state that was not remembered');
          this.state = state;
          break;
        }
        case DW_CFA.def_cfa:
          this.state.cfa = { kind: 'register', register: reader.uleb(), offset: reader.uleb() };
          break;
        case DW_CFA.def_cfa_sf:
          this.state.cfa = { kind: 'register', register: reader.uleb(), offset: reader.sleb() * dataAlignment };
          break;
        case DW_CFA.def_cfa_register:
          this.state.cfa = { ...this.registerCfa(), register: reader.uleb() };
          break;
        case DW_CFA.def_cfa_offset:
          this.state.cfa = { ...this.registerCfa(), offset: reader.uleb() };
          break;
        case DW_CFA.def_cfa_offset_sf:
          this.state.cfa = { ...this.registerCfa(), offset: reader.sleb() * dataAlignment };
          break;
        case DW_CFA.def_cfa_expression:
          this.state.cfa = { kind: 'expression', expression: block(reader) };
          break;
        case DW_CFA.GNU_args_size:
          this.argumentsSize = reader.uleb();
          break;
        default:
          throw new SymbolError(
            'unsupported',
            `${this.source} uses ${nameOf(DW_CFA, opcode, 'DW_CFA')}, which is unknown`,
          );
      }
    }
  }

  private set(register: number, rule: RegisterRule): void {
    this.state.registers.set(register, rule);
  }

  private restore(register: number): void {
    const rule = this.initial.get(register);
    if (rule) this.state.registers.set(register, rule);
    else this.state.registers.delete(register);
  }

  private registerCfa(): Extract<CfaRule, { kind: 'register' }> {
    if (this.state.cfa?.kind !== 'register') throw this.malformed('changes a CFA that is not a register and an offset');
    return this.state.cfa;
  }

  private malformed(what: string): SymbolError {
    return new SymbolError('malformed', `${this.source}: the entry for ${hex(this.fde.start)} ${what}`);
  }
}

function block(reader: Reader): DwarfExpression {
  return new DwarfExpression(reader.take(reader.uleb()), undefined);
}
