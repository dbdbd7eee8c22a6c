/** From bytes to a decoded instruction (SDM volume 2, chapter 2). */

import { type Decoded, NO_REGISTER } from './decoded';
import { absentFeature, isEscape, needsModrm } from './absent';
import { type Encoding, findEncoding, hasModrm, TOO_LONG, UNDEFINED, UNIMPLEMENTED } from './forms';
import { Register, SegmentRegister } from './layout';
import { undefinedInstruction } from './semantics/system';

/** Gives byte `index` of the instruction; may throw (a fault of the fetch), which leaves the decoder at once. */
export type Fetch = (index: number) => number;

/** The longest instruction there is; longer ones raise #GP(0). */
export const MAXIMUM_LENGTH = 15;

/** An empty record to decode into. */
export function newDecoded(): Decoded {
  return {
    form: UNDEFINED,
    length: 0,
    rm: 0,
    reg: 0,
    base: NO_REGISTER,
    index: NO_REGISTER,
    scale: 0,
    displacement: 0,
    addressMask: -1,
    segment: SegmentRegister.DS,
    immediate: 0,
    immediate2: 0,
    opcode: 0,
    modrm: 0,
  };
}

/** Base and index of 16-bit addressing by ModRM.rm (SDM volume 2, table 2-1). */
const BASE16: readonly number[] = [
  Register.EBX,
  Register.EBX,
  Register.EBP,
  Register.EBP,
  Register.ESI,
  Register.EDI,
  Register.EBP,
  Register.EBX,
];
const INDEX16: readonly number[] = [
  Register.ESI,
  Register.EDI,
  Register.ESI,
  Register.EDI,
  NO_REGISTER,
  NO_REGISTER,
  NO_REGISTER,
  NO_REGISTER,
];

/** Decodes one instruction at a time; holds no state between calls. */
export class Decoder {
  private fetch: Fetch = () => 0;
  private position = 0;
  private into: Decoded = newDecoded();

  /**
   * Decode the instruction whose bytes `fetch` gives into `into`.
   * @param code32 CS.D: 32-bit operands and addresses by default.
   */
  decode(fetch: Fetch, code32: boolean, into: Decoded): void {
    this.fetch = fetch;
    this.position = 0;
    this.into = into;
    into.rm = 0;
    into.reg = 0;
    into.base = NO_REGISTER;
    into.index = NO_REGISTER;
    into.scale = 0;
    into.displacement = 0;
    into.immediate = 0;
    into.immediate2 = 0;
    into.opcode = 0;
    into.modrm = 0;
    into.addressMask = -1;
    into.form = this.instruction(code32);
    into.length = Math.min(this.position, MAXIMUM_LENGTH);
    if (this.position > MAXIMUM_LENGTH) into.form = TOO_LONG;
  }

  /** Decode from an array. Throws RangeError where the instruction goes on beyond its end. */
  decodeBytes(bytes: Uint8Array, offset: number, code32: boolean, into: Decoded): void {
    const fetch = (index: number): number => {
      const byte = bytes[offset + index];
      if (byte === undefined) throw new RangeError('The instruction goes on beyond the end of the bytes.');
      return byte;
    };
    this.decode(fetch, code32, into);
  }

  private instruction(code32: boolean): Encoding['form'] {
    const into = this.into;
    let operandPrefix = false;
    let addressPrefix = false;
    let lock = false;
    let repeat: 0 | 1 | 2 = 0;
    let override = -1;
    let byte = this.byte();
    for (let prefix = true; prefix && this.position <= MAXIMUM_LENGTH;) {
      switch (byte) {
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
          override = (byte >> 3) & 3;
          break;
        case 0x64:
        case 0x65:
          override = byte - 0x60;
          break;
        case 0x66:
          operandPrefix = true;
          break;
        case 0x67:
          addressPrefix = true;
          break;
        case 0xf0:
          lock = true;
          break;
        case 0xf2:
          repeat = 1;
          break;
        case 0xf3:
          repeat = 2;
          break;
        default:
          prefix = false;
      }
      if (prefix) byte = this.byte();
    }

    let opcode = byte;
    into.opcode = byte;
    if (byte === 0x0f) {
      const second = this.byte();
      opcode = 0x100 | second;
      into.opcode = 0x0f00 | second;
    }
    const size16 = operandPrefix === code32;
    const address16 = addressPrefix === code32;
    if (address16) into.addressMask = 0xffff;
    into.segment = override < 0 ? SegmentRegister.DS : override;

    let modrm = 0;
    if (hasModrm(opcode)) {
      modrm = this.byte();
      into.modrm = modrm;
      into.reg = (modrm >> 3) & 7;
    }
    const encoding = findEncoding(opcode, (modrm >> 3) & 7, modrm < 0xc0, size16, address16, repeat);
    if (encoding.form.semantics === undefinedInstruction && !lock) {
      const feature = this.absentFeature(hasModrm(opcode), operandPrefix, repeat);
      if (feature >= 0) {
        into.immediate = feature;
        return UNIMPLEMENTED;
      }
    }
    switch (encoding.rm) {
      case 'modrm':
        if (modrm >= 0xc0) into.rm = modrm & 7;
        else if (address16) this.memory16(modrm, override);
        else this.memory32(modrm, override, encoding);
        break;
      case 'register':
        into.rm = modrm & 7;
        break;
      case 'opcode':
        into.rm = opcode & 7;
        break;
      case 'offset':
        into.displacement = address16 ? this.word() : this.doubleword();
        break;
      case 'accumulator':
      case 'none':
        break;
    }
    this.immediates(encoding, size16);
    return lock && !encoding.lock ? UNDEFINED : encoding.form;
  }

  /** The feature that an undefined opcode belongs to on other processors, or −1. */
  private absentFeature(gotModrm: boolean, operandPrefix: boolean, repeat: 0 | 1 | 2): number {
    const into = this.into;
    if (isEscape(into.opcode)) into.opcode = (into.opcode << 8) | this.byte();
    if (!gotModrm && needsModrm(into.opcode)) into.modrm = this.byte();
    return absentFeature(into.opcode, into.modrm, operandPrefix, repeat);
  }

  private memory16(modrm: number, override: number): void {
    const into = this.into;
    const rm = modrm & 7;
    const mod = modrm >> 6;
    into.base = BASE16[rm]!;
    into.index = INDEX16[rm]!;
    if (mod === 0 && rm === 6) {
      into.base = NO_REGISTER;
      into.displacement = this.word();
    } else if (mod === 1) into.displacement = this.signedByte();
    else if (mod === 2) into.displacement = this.word();
    if (override < 0 && into.base === Register.EBP) into.segment = SegmentRegister.SS;
  }

  private memory32(modrm: number, override: number, encoding: Encoding): void {
    const into = this.into;
    const mod = modrm >> 6;
    into.base = modrm & 7;
    if (into.base === Register.ESP) {
      const sib = this.byte();
      into.base = sib & 7;
      into.index = (sib >> 3) & 7;
      // ESP cannot be an index: its number means there is none.
      if (into.index === Register.ESP) into.index = NO_REGISTER;
      else into.scale = sib >> 6;
    }
    if (mod === 0 && into.base === Register.EBP) {
      into.base = NO_REGISTER;
      into.displacement = this.doubleword();
    } else if (mod === 1) into.displacement = this.signedByte();
    else if (mod === 2) into.displacement = this.doubleword();
    if (override < 0 && (into.base === Register.ESP || into.base === Register.EBP)) into.segment = SegmentRegister.SS;
    if (encoding.pops && into.base === Register.ESP) {
      into.displacement = (into.displacement + (encoding.form.size >> 3)) | 0;
    }
  }

  private immediates(encoding: Encoding, size16: boolean): void {
    const into = this.into;
    switch (encoding.immediate) {
      case 'Ib':
        into.immediate = this.byte();
        break;
      case 'Is':
        into.immediate = this.signedByte();
        if (size16) into.immediate &= 0xffff;
        break;
      case 'Iw':
        into.immediate = this.word();
        break;
      case 'Iz':
        into.immediate = size16 ? this.word() : this.doubleword();
        break;
      case 'Jb':
        into.immediate = this.signedByte();
        break;
      case 'Jz':
        into.immediate = size16 ? (this.word() << 16) >> 16 : this.doubleword();
        break;
      case 'Ap':
        into.immediate = size16 ? this.word() : this.doubleword();
        into.immediate2 = this.word();
        break;
      case 'Iw Ib2':
        into.immediate = this.word();
        into.immediate2 = this.byte();
        break;
      case 'none':
        break;
    }
  }

  /** Beyond 15 bytes nothing is fetched; the position tells that the instruction is too long. */
  private byte(): number {
    const index = this.position++;
    return index < MAXIMUM_LENGTH ? this.fetch(index) & 0xff : 0;
  }

  private signedByte(): number {
    return (this.byte() << 24) >> 24;
  }

  private word(): number {
    const low = this.byte();
    return low | (this.byte() << 8);
  }

  private doubleword(): number {
    const low = this.word();
    return low | (this.word() << 16);
  }
}
