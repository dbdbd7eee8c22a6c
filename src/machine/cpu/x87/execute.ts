/** The x87 instruction set: opcodes D8 to DF (Intel SDM volume 2, A.5, and the pages of the instructions). */
import { examine } from './compare';
import { loadConstant } from './constants';
import { roundToIntegral } from './convert';
import { squareRoot } from './arithmetic';
import { environmentSize, loadEnvironment, loadState, stateSize, storeEnvironment, storeState } from './environment';
import { setZero } from './format';
import type { X87Host, X87Memory } from './host';
import { DECIMAL, DOUBLE, EXTENDED, INT16, INT32, INT64, SINGLE, source, st0, X87Operations } from './operations';
import { INVALID_OPCODE } from './response';
import { extract } from './scale';
import { X87State } from './state';
import { describe, type RegisterText } from './text';
import {
  arctangentOf,
  cosineOf,
  exponential,
  logarithm,
  logarithmPlusOne,
  sineAndCosine,
  sineOf,
  tangentAndOne,
} from './transcendental';
import { C1, CONDITIONS, EXCEPTIONS, SF } from './word';

/** EFLAGS bits that FCMOVcc tests. */
const CF = 0x01;
const PF = 0x04;
const ZF = 0x40;
/** FCMOVB, FCMOVE, FCMOVBE, FCMOVU, in the order of their opcodes. */
const MOVE_CONDITIONS: readonly number[] = [CF, ZF, CF | ZF, PF];

/**
 * The floating-point unit of an i686: x87 with FCMOVcc and FCOMI, without FISTTP (SSE3). Undocumented aliases (FSTP at
 * D9 D8, FXCH at DD C8 and DF C8, FCOM at DC D0, …) work as on Intel's and AMD's processors.
 *
 * The caller checks CR0.EM and CR0.TS (#NM) first.
 */
export class X87 extends X87Operations {
  constructor(memory: X87Memory, host: X87Host) {
    super(new X87State(memory), host);
  }

  /** State after RESET. */
  reset(): void {
    this.state.reset();
  }

  /** The registers, for a debugger. */
  get registers(): X87State {
    return this.state;
  }

  /** ST(i) as text and as the nearest double, for a debugger. */
  toNumber(i: number): RegisterText {
    this.state.read(i, source);
    return describe(source, this.state.isEmpty(i));
  }

  /** Executes a register form. @param opcode D8 to DF @param modrm C0 to FF */
  executeRegister(opcode: number, modrm: number): void {
    const i = modrm & 7;
    const operation = (modrm >> 3) & 7;
    switch (opcode & 7) {
      case 0:
        this.begin(opcode, modrm);
        if ((operation & 6) === 2) this.compareRegister(i, false, operation === 3 ? 1 : 0);
        else this.arithmeticRegister(operation, i, 0);
        break;
      case 1:
        this.executeD9(opcode, modrm, operation, i);
        break;
      case 2:
        if (operation < 4) {
          this.begin(opcode, modrm);
          this.moveIf((this.host.getConditions() & MOVE_CONDITIONS[operation]) !== 0, i);
        } else if (modrm === 0xe9) {
          this.begin(opcode, modrm);
          this.compareRegister(1, true, 2);
        } else this.host.raise(INVALID_OPCODE);
        break;
      case 3:
        this.executeDB(opcode, modrm, operation, i);
        break;
      case 4:
        this.begin(opcode, modrm);
        if ((operation & 6) === 2) this.compareRegister(i, false, operation === 3 ? 1 : 0);
        else this.arithmeticRegister(operation, i, i);
        break;
      case 5:
        if (operation > 5) this.host.raise(INVALID_OPCODE);
        this.begin(opcode, modrm);
        if (operation === 0) this.freeRegister(i);
        else if (operation === 1) this.exchange(i);
        else if (operation < 4) this.storeRegister(i, operation === 3 ? 1 : 0);
        else this.compareRegister(i, true, operation === 5 ? 1 : 0);
        break;
      case 6:
        if (operation === 3 && modrm !== 0xd9) this.host.raise(INVALID_OPCODE);
        this.begin(opcode, modrm);
        if (operation === 2) this.compareRegister(i, false, 1);
        else if (operation === 3) this.compareRegister(1, false, 2);
        else if (this.arithmeticRegister(operation, i, i)) this.state.pop();
        break;
      default:
        this.executeDF(opcode, modrm, operation, i);
    }
  }

  /**
   * Executes a memory form.
   * @param opcode D8 to DF
   * @param segment the host's name for the segment register
   */
  executeMemory(opcode: number, modrm: number, segment: number, offset: number): void {
    const operation = (modrm >> 3) & 7;
    // D8, DA, DC, DE: arithmetic with a memory operand. The others move data or are control instructions.
    if ((opcode & 1) === 0) {
      this.wait();
      this.readOperand((opcode >> 1) & 3, segment, offset);
      this.noteOperand(opcode, modrm, segment, offset);
      if ((operation & 6) === 2) this.compareSource(false, false, operation === 3 ? 1 : 0);
      else this.arithmeticMemory(operation);
      return;
    }
    switch (((opcode & 6) << 2) | operation) {
      case 0x00: // FLD m32
        this.load(SINGLE, opcode, modrm, segment, offset);
        break;
      case 0x02: // FST m32
      case 0x03: // FSTP m32
        this.storeReal(4, operation === 3 ? 1 : 0, opcode, modrm, segment, offset);
        break;
      case 0x04: // FLDENV
        this.wait();
        loadEnvironment(this.state, this.host, segment, offset);
        break;
      case 0x05: // FLDCW
        this.wait();
        this.state.control = this.host.read16(segment, offset);
        break;
      case 0x06: // FNSTENV
        this.host.probeWrite(segment, offset, environmentSize(this.host.operandSize16));
        storeEnvironment(this.state, this.host, segment, offset);
        this.state.control |= EXCEPTIONS;
        break;
      case 0x07: // FNSTCW
        this.host.write16(segment, offset, this.state.control);
        break;
      case 0x08: // FILD m32
        this.load(INT32, opcode, modrm, segment, offset);
        break;
      case 0x0a: // FIST m32
      case 0x0b: // FISTP m32
        this.storeInteger(32, operation === 3 ? 1 : 0, opcode, modrm, segment, offset);
        break;
      case 0x0d: // FLD m80
        this.load(EXTENDED, opcode, modrm, segment, offset);
        break;
      case 0x0f: // FSTP m80
        this.storeExtended(opcode, modrm, segment, offset);
        break;
      case 0x10: // FLD m64
        this.load(DOUBLE, opcode, modrm, segment, offset);
        break;
      case 0x12: // FST m64
      case 0x13: // FSTP m64
        this.storeReal(8, operation === 3 ? 1 : 0, opcode, modrm, segment, offset);
        break;
      case 0x14: // FRSTOR
        this.wait();
        loadState(this.state, this.host, segment, offset);
        break;
      case 0x16: // FNSAVE
        this.host.probeWrite(segment, offset, stateSize(this.host.operandSize16));
        storeState(this.state, this.host, segment, offset);
        this.state.initialize();
        break;
      case 0x17: // FNSTSW m16
        this.host.write16(segment, offset, this.state.status);
        break;
      case 0x18: // FILD m16
        this.load(INT16, opcode, modrm, segment, offset);
        break;
      case 0x1a: // FIST m16
      case 0x1b: // FISTP m16
        this.storeInteger(16, operation === 3 ? 1 : 0, opcode, modrm, segment, offset);
        break;
      case 0x1c: // FBLD
        this.load(DECIMAL, opcode, modrm, segment, offset);
        break;
      case 0x1d: // FILD m64
        this.load(INT64, opcode, modrm, segment, offset);
        break;
      case 0x1e: // FBSTP
        this.storeDecimal(opcode, modrm, segment, offset);
        break;
      case 0x1f: // FISTP m64
        this.storeInteger(64, 1, opcode, modrm, segment, offset);
        break;
      default: // FISTTP (SSE3) and reserved encodings
        this.host.raise(INVALID_OPCODE);
    }
  }

  /** What every waiting instruction that is not a control instruction does first. */
  private begin(opcode: number, modrm: number): void {
    this.wait();
    this.noteInstruction(opcode, modrm);
  }

  private executeD9(opcode: number, modrm: number, operation: number, i: number): void {
    if (operation < 4) {
      if (operation === 2 && i !== 0) this.host.raise(INVALID_OPCODE);
      this.begin(opcode, modrm);
      if (operation === 0) this.loadRegister(i);
      else if (operation === 1) this.exchange(i);
      else if (operation === 3) this.storeUnchecked(i);
      return;
    }
    switch (modrm) {
      case 0xe0: // FCHS
      case 0xe1: // FABS
        this.begin(opcode, modrm);
        this.changeSign(modrm === 0xe0);
        break;
      case 0xe4: // FTST
        this.begin(opcode, modrm);
        setZero(source, 0);
        this.compareSource(false, false, 0);
        break;
      case 0xe5: // FXAM
        this.begin(opcode, modrm);
        this.state.read(0, st0);
        this.state.setConditions(CONDITIONS, examine(st0, this.state.isEmpty(0)));
        break;
      case 0xe8:
      case 0xe9:
      case 0xea:
      case 0xeb:
      case 0xec:
      case 0xed:
      case 0xee:
        this.begin(opcode, modrm);
        loadConstant(source, i, this.state.control);
        this.pushSource(0);
        break;
      case 0xf0: // F2XM1
        this.begin(opcode, modrm);
        this.unary(exponential);
        break;
      case 0xf1: // FYL2X
        this.begin(opcode, modrm);
        this.binaryPop(logarithm);
        break;
      case 0xf2: // FPTAN
        this.begin(opcode, modrm);
        this.trigonometricTwo(tangentAndOne);
        break;
      case 0xf3: // FPATAN
        this.begin(opcode, modrm);
        this.binaryPop(arctangentOf);
        break;
      case 0xf4: // FXTRACT
        this.begin(opcode, modrm);
        this.twoResults(extract);
        break;
      case 0xf5: // FPREM1
      case 0xf8: // FPREM
        this.begin(opcode, modrm);
        this.partialRemainder(modrm === 0xf5);
        break;
      case 0xf6: // FDECSTP
      case 0xf7: // FINCSTP
        this.begin(opcode, modrm);
        this.state.top += modrm === 0xf7 ? 1 : -1;
        this.state.setConditions(C1, 0);
        break;
      case 0xf9: // FYL2XP1
        this.begin(opcode, modrm);
        this.binaryPop(logarithmPlusOne);
        break;
      case 0xfa: // FSQRT
        this.begin(opcode, modrm);
        this.unary(squareRoot);
        break;
      case 0xfb: // FSINCOS
        this.begin(opcode, modrm);
        this.trigonometricTwo(sineAndCosine);
        break;
      case 0xfc: // FRNDINT
        this.begin(opcode, modrm);
        this.unary(roundToIntegral);
        break;
      case 0xfd: // FSCALE
        this.begin(opcode, modrm);
        this.scaleBySecond();
        break;
      case 0xfe: // FSIN
        this.begin(opcode, modrm);
        this.trigonometric(sineOf);
        break;
      case 0xff: // FCOS
        this.begin(opcode, modrm);
        this.trigonometric(cosineOf);
        break;
      default:
        this.host.raise(INVALID_OPCODE);
    }
  }

  /** FFREE. */
  private freeRegister(i: number): void {
    this.state.free(i);
    this.state.setConditions(C1, 0);
  }

  private executeDB(opcode: number, modrm: number, operation: number, i: number): void {
    if (operation < 4) {
      this.begin(opcode, modrm);
      this.moveIf((this.host.getConditions() & MOVE_CONDITIONS[operation]) === 0, i);
    } else if (operation === 5 || operation === 6) {
      this.begin(opcode, modrm);
      this.compareToFlags(i, operation === 5, 0);
    } else if (modrm === 0xe2) {
      // FNCLEX
      this.state.status &= ~(EXCEPTIONS | SF);
    } else if (modrm === 0xe3) {
      // FNINIT
      this.state.initialize();
    } else if (modrm !== 0xe0 && modrm !== 0xe1 && modrm !== 0xe4) {
      // Those three, FNENI, FNDISI and FNSETPM of the 8087 and 80287, do nothing.
      this.host.raise(INVALID_OPCODE);
    }
  }

  private executeDF(opcode: number, modrm: number, operation: number, i: number): void {
    if (modrm === 0xe0) {
      // FNSTSW AX
      this.host.setAx(this.state.status);
      return;
    }
    if (operation === 4 || operation === 7) this.host.raise(INVALID_OPCODE);
    this.begin(opcode, modrm);
    if (operation === 0) {
      // FFREEP
      this.freeRegister(i);
      this.state.pop();
    } else if (operation === 1) this.exchange(i);
    else if (operation < 4) this.storeRegister(i, 1);
    else this.compareToFlags(i, operation === 5, 1);
  }

  /** FLD, FILD and FBLD. */
  private load(kind: number, opcode: number, modrm: number, segment: number, offset: number): void {
    this.wait();
    this.readOperand(kind, segment, offset);
    this.noteOperand(opcode, modrm, segment, offset);
    if (kind === SINGLE || kind === DOUBLE) this.pushReal();
    else this.pushSource(0);
  }
}
