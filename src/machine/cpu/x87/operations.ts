/** What instructions do with the register stack and memory, whatever their encoding (Intel SDM volume 1, 8.3). */
import { add, divide, multiply } from './arithmetic';
import { decimal, fromDecimal, toDecimal } from './bcd';
import { compare, UNORDERED } from './compare';
import { fromDouble, fromInt32, fromInt64, fromSingle, toDouble, toInteger, toSingle } from './convert';
import {
  type Extended,
  extended,
  HI,
  isSignaling,
  kindOf,
  LO,
  NAN,
  ORIGIN,
  QUIET,
  SE,
  set,
  setIndefinite,
  SIGN,
} from './format';
import { remainder } from './remainder';
import { STACK_OVERFLOW, STACK_UNDERFLOW, X87Response } from './response';
import { packed } from './round';
import { scale } from './scale';
import { C0, C1, C2, C3, IE, OE, UE } from './word';

/** Operands and results of the instruction at hand. */
export const st0 = extended();
export const source = extended();
const result = extended();
const second = extended();
const indefinite = extended();
setIndefinite(indefinite);

/** Memory operands, the first four in the order of the arithmetic opcodes D8, DA, DC, DE. */
export const SINGLE = 0;
export const INT32 = 1;
export const DOUBLE = 2;
export const INT16 = 3;
export const EXTENDED = 4;
export const INT64 = 5;
export const DECIMAL = 6;

/** Unmasked, these keep FST m32 and m64 from storing. */
const STORE_FATAL = IE | OE | UE;

/** How many registers a comparison pops. */
export type Pops = 0 | 1 | 2;

type Unary = (out: Extended, x: Readonly<Extended>, control: number) => number;
type Binary = (out: Extended, x: Readonly<Extended>, y: Readonly<Extended>, control: number) => number;
/** From an operand two results, of which the second is pushed. */
type Double = (out: Extended, pushed: Extended, x: Readonly<Extended>, control: number) => number;

export class X87Operations extends X87Response {
  private pop(count: number): void {
    for (let i = 0; i < count; i++) this.state.pop();
  }

  /** Masked response to a stack fault in an operation with its result in ST(i); returns whether it was masked. */
  protected stackFault(fault: number, i: number): boolean {
    if (!this.conclude(fault)) return false;
    this.state.write(i, indefinite);
    return true;
  }

  /** Reads a memory operand into `source`; SNaNs and denormals are left to whoever uses it. */
  protected readOperand(kind: number, segment: number, offset: number): void {
    const host = this.host;
    switch (kind) {
      case SINGLE:
        fromSingle(source, host.read32(segment, offset));
        break;
      case INT32:
        fromInt32(source, host.read32(segment, offset) | 0);
        break;
      case DOUBLE:
        fromDouble(source, host.read32(segment, offset) | 0, host.read32(segment, offset + 4) | 0);
        break;
      case INT16:
        fromInt32(source, (host.read16(segment, offset) << 16) >> 16);
        break;
      case EXTENDED: {
        const lo = host.read32(segment, offset);
        const hi = host.read32(segment, offset + 4);
        set(source, host.read16(segment, offset + 8) & 0xffff, hi, lo);
        break;
      }
      case INT64:
        fromInt64(source, host.read32(segment, offset) | 0, host.read32(segment, offset + 4) | 0);
        break;
      default:
        decimal[0] = host.read32(segment, offset);
        decimal[1] = host.read32(segment, offset + 4);
        decimal[2] = host.read16(segment, offset + 8);
        fromDecimal(source);
    }
  }

  /** Pushes `source`; an unmasked denormal operand does not keep it from being loaded. */
  protected pushSource(flags: number): void {
    if (!this.state.isEmpty(7)) {
      if (this.conclude(STACK_OVERFLOW)) this.state.push(indefinite);
    } else if (this.conclude(flags, IE)) {
      this.state.push(source);
    }
  }

  /** FLD m32 or m64, whose operand is in `source`: an SNaN is invalid here and becomes quiet. */
  protected pushReal(): void {
    let flags = source[ORIGIN];
    if (kindOf(source) === NAN && isSignaling(source)) {
      source[HI] |= QUIET;
      flags = IE;
    }
    this.pushSource(flags);
  }

  /** FLD ST(i). */
  protected loadRegister(i: number): void {
    if (this.state.isEmpty(i)) {
      if (this.conclude(STACK_UNDERFLOW)) this.state.push(indefinite);
      return;
    }
    this.state.read(i, source);
    this.pushSource(0);
  }

  /** FST and FSTP ST(i). */
  protected storeRegister(i: number, pops: Pops): void {
    if (this.state.isEmpty(0)) {
      if (this.stackFault(STACK_UNDERFLOW, i)) this.pop(pops);
      return;
    }
    this.conclude(0);
    this.state.read(0, st0);
    this.state.write(i, st0);
    this.pop(pops);
  }

  /** FXCH. */
  protected exchange(i: number): void {
    this.state.read(0, st0);
    this.state.read(i, source);
    const empty0 = this.state.isEmpty(0);
    const emptyI = this.state.isEmpty(i);
    if (!this.conclude(empty0 || emptyI ? STACK_UNDERFLOW : 0)) return;
    this.state.write(i, empty0 ? indefinite : st0);
    this.state.write(0, emptyI ? indefinite : source);
  }

  /** FSTP's alias at D9 D8, which has no stack fault: an empty ST(0) is popped and not stored. */
  protected storeUnchecked(i: number): void {
    this.conclude(0);
    if (!this.state.isEmpty(0)) {
      this.state.read(0, st0);
      this.state.write(i, st0);
    }
    this.state.pop();
  }

  /** FCMOVcc. A stack fault does not depend on the condition. */
  protected moveIf(condition: boolean, i: number): void {
    if (this.state.isEmpty(0) || this.state.isEmpty(i)) {
      this.stackFault(STACK_UNDERFLOW, 0);
    } else if (condition) {
      this.state.read(i, source);
      this.state.write(0, source);
    }
  }

  /** FCHS and FABS. */
  protected changeSign(negate: boolean): void {
    if (this.state.isEmpty(0)) {
      this.stackFault(STACK_UNDERFLOW, 0);
      return;
    }
    this.conclude(0);
    this.state.read(0, st0);
    st0[SE] = negate ? st0[SE] ^ SIGN : st0[SE] & ~SIGN;
    this.state.write(0, st0);
  }

  /**
   * Arithmetic between ST(0) and `source`.
   * @param operation the opcode's middle field: add, multiply, –, –, subtract, reverse subtract, divide, reverse divide
   * @param i number of the register that receives the result
   */
  protected arithmetic(operation: number, i: number): boolean {
    const control = this.state.control;
    let flags: number;
    this.state.read(0, st0);
    switch (operation) {
      case 0:
        flags = add(result, st0, source, 0, control);
        break;
      case 1:
        flags = multiply(result, st0, source, control);
        break;
      case 4:
        flags = add(result, st0, source, SIGN, control);
        break;
      case 5:
        flags = add(result, source, st0, SIGN, control);
        break;
      case 6:
        flags = divide(result, st0, source, control);
        break;
      default:
        flags = divide(result, source, st0, control);
    }
    if (!this.conclude(flags)) return false;
    this.state.write(i, result);
    return true;
  }

  /** Arithmetic between ST(0) and ST(i). */
  protected arithmeticRegister(operation: number, i: number, destination: number): boolean {
    if (this.state.isEmpty(0) || this.state.isEmpty(i)) return this.stackFault(STACK_UNDERFLOW, destination);
    this.state.read(i, source);
    return this.arithmetic(operation, destination);
  }

  /** Arithmetic between ST(0) and the memory operand in `source`. */
  protected arithmeticMemory(operation: number): void {
    if (this.state.isEmpty(0)) this.stackFault(STACK_UNDERFLOW, 0);
    else this.arithmetic(operation, 0);
  }

  /** FCOM and its kin: compares ST(0) with `source`, into the condition code. */
  protected compareSource(sourceEmpty: boolean, quiet: boolean, pops: Pops): void {
    let flags = STACK_UNDERFLOW | UNORDERED;
    if (!sourceEmpty && !this.state.isEmpty(0)) {
      this.state.read(0, st0);
      flags = compare(st0, source, quiet);
    }
    if (!this.conclude(flags)) return;
    this.state.setConditions(C0 | C2 | C3, flags);
    this.pop(pops);
  }

  /** FCOM and its kin: compares ST(0) with ST(i), into the condition code. */
  protected compareRegister(i: number, quiet: boolean, pops: Pops): void {
    this.state.read(i, source);
    this.compareSource(this.state.isEmpty(i), quiet, pops);
  }

  /** FCOMI and its kin: compares ST(0) with ST(i), into EFLAGS. */
  protected compareToFlags(i: number, quiet: boolean, pops: Pops): void {
    let flags = STACK_UNDERFLOW | UNORDERED;
    if (!this.state.isEmpty(0) && !this.state.isEmpty(i)) {
      this.state.read(0, st0);
      this.state.read(i, source);
      flags = compare(st0, source, quiet);
    }
    if (!this.conclude(flags)) return;
    this.host.setConditions((flags & C3) !== 0, (flags & C2) !== 0, (flags & C0) !== 0);
    this.pop(pops);
  }

  /** Operations on ST(0) alone. */
  protected unary(operation: Unary): void {
    if (this.state.isEmpty(0)) {
      this.stackFault(STACK_UNDERFLOW, 0);
      return;
    }
    this.state.read(0, st0);
    if (this.conclude(operation(result, st0, this.state.control))) this.state.write(0, result);
  }

  /** FSIN and FCOS: C2 says that the operand was out of range. */
  protected trigonometric(operation: Unary): void {
    this.state.setConditions(C2, 0);
    if (this.state.isEmpty(0)) {
      this.stackFault(STACK_UNDERFLOW, 0);
      return;
    }
    this.state.read(0, st0);
    const flags = operation(result, st0, this.state.control);
    if (!this.conclude(flags)) return;
    this.state.setConditions(C2, flags);
    this.state.write(0, result);
  }

  /** Operations on ST(0) and ST(1) with the result in ST(1), followed by a pop. */
  protected binaryPop(operation: Binary): void {
    if (this.state.isEmpty(0) || this.state.isEmpty(1)) {
      if (this.stackFault(STACK_UNDERFLOW, 1)) this.state.pop();
      return;
    }
    this.state.read(0, st0);
    this.state.read(1, source);
    if (!this.conclude(operation(result, st0, source, this.state.control))) return;
    this.state.write(1, result);
    this.state.pop();
  }

  /** FSINCOS and FPTAN: C2 says that the operand was out of range, and that nothing was pushed. */
  protected trigonometricTwo(operation: Double): void {
    this.state.setConditions(C2, 0);
    this.twoResults(operation);
  }

  /** Operations that replace ST(0) and push a second result: FXTRACT, FSINCOS, FPTAN. */
  protected twoResults(operation: Double): void {
    const underflow = this.state.isEmpty(0);
    if (underflow || !this.state.isEmpty(7)) {
      if (this.stackFault(underflow ? STACK_UNDERFLOW : STACK_OVERFLOW, 0)) this.state.push(indefinite);
      return;
    }
    this.state.read(0, st0);
    const flags = operation(result, second, st0, this.state.control);
    if (!this.conclude(flags)) return;
    if ((flags & C2) !== 0) {
      this.state.setConditions(C2, C2);
      return;
    }
    this.state.write(0, result);
    this.state.push(second);
  }

  /** FPREM and FPREM1. */
  protected partialRemainder(nearest: boolean): void {
    this.state.setConditions(C2, 0);
    if (this.state.isEmpty(0) || this.state.isEmpty(1)) {
      this.stackFault(STACK_UNDERFLOW, 0);
      return;
    }
    this.state.read(0, st0);
    this.state.read(1, source);
    const flags = remainder(result, st0, source, nearest, this.state.control);
    if (!this.conclude(flags)) return;
    // Where there is no quotient, its bits stay as they were.
    if (kindOf(result) < NAN) this.state.setConditions(C0 | C1 | C2 | C3, flags);
    this.state.write(0, result);
  }

  /** FSCALE. */
  protected scaleBySecond(): void {
    if (this.state.isEmpty(0) || this.state.isEmpty(1)) {
      this.stackFault(STACK_UNDERFLOW, 0);
      return;
    }
    this.state.read(0, st0);
    this.state.read(1, source);
    if (this.conclude(scale(result, st0, source, this.state.control))) this.state.write(0, result);
  }

  /** Ends a store: notes the operand and records the exceptions; pops if the value was delivered. */
  private finishStore(
    opcode: number,
    modrm: number,
    segment: number,
    offset: number,
    flags: number,
    fatal: number,
    pops: Pops,
  ): void {
    this.noteOperand(opcode, modrm, segment, offset);
    if (this.conclude(flags, fatal)) this.pop(pops);
  }

  /** FST and FSTP m32 or m64. */
  protected storeReal(size: 4 | 8, pops: Pops, opcode: number, modrm: number, segment: number, offset: number): void {
    this.wait();
    const empty = this.state.isEmpty(0);
    if (empty) setIndefinite(st0);
    else this.state.read(0, st0);
    let flags = size === 4 ? toSingle(st0, this.state.control) : toDouble(st0, this.state.control);
    if (empty) flags = STACK_UNDERFLOW;
    if (this.delivers(flags, STORE_FATAL)) {
      this.host.probeWrite(segment, offset, size);
      this.host.write32(segment, offset, packed[0]);
      if (size === 8) this.host.write32(segment, offset + 4, packed[1]);
    }
    this.finishStore(opcode, modrm, segment, offset, flags, STORE_FATAL, pops);
  }

  /** FIST and FISTP m16, m32 or m64. */
  protected storeInteger(
    bits: 16 | 32 | 64,
    pops: Pops,
    opcode: number,
    modrm: number,
    segment: number,
    offset: number,
  ): void {
    this.wait();
    const empty = this.state.isEmpty(0);
    if (empty) setIndefinite(st0);
    else this.state.read(0, st0);
    let flags = toInteger(st0, bits, this.state.control);
    if (empty) flags = STACK_UNDERFLOW;
    if (this.delivers(flags, IE)) {
      this.host.probeWrite(segment, offset, bits / 8);
      if (bits === 16) this.host.write16(segment, offset, packed[0] & 0xffff);
      else this.host.write32(segment, offset, packed[0]);
      if (bits === 64) this.host.write32(segment, offset + 4, packed[1]);
    }
    this.finishStore(opcode, modrm, segment, offset, flags, IE, pops);
  }

  private writeTenBytes(segment: number, offset: number, low: number, high: number, top: number): void {
    this.host.probeWrite(segment, offset, 10);
    this.host.write32(segment, offset, low);
    this.host.write32(segment, offset + 4, high);
    this.host.write16(segment, offset + 8, top);
  }

  /** FSTP m80: a copy, with no exception but stack underflow. */
  protected storeExtended(opcode: number, modrm: number, segment: number, offset: number): void {
    this.wait();
    const flags = this.state.isEmpty(0) ? STACK_UNDERFLOW : 0;
    if (flags !== 0) setIndefinite(st0);
    else this.state.read(0, st0);
    if (this.delivers(flags, IE)) this.writeTenBytes(segment, offset, st0[LO], st0[HI], st0[SE]);
    this.finishStore(opcode, modrm, segment, offset, flags, IE, 1);
  }

  /** FBSTP. */
  protected storeDecimal(opcode: number, modrm: number, segment: number, offset: number): void {
    this.wait();
    const empty = this.state.isEmpty(0);
    if (empty) setIndefinite(st0);
    else this.state.read(0, st0);
    let flags = toDecimal(st0, this.state.control);
    if (empty) flags = STACK_UNDERFLOW;
    if (this.delivers(flags, IE)) this.writeTenBytes(segment, offset, decimal[0], decimal[1], decimal[2]);
    this.finishStore(opcode, modrm, segment, offset, flags, IE, 1);
  }
}
