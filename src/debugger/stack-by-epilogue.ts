/**
 * Where the return address of code lies that has neither call-frame information nor a frame pointer: its instructions are followed, not
 * executed, up to the RET, with what each does to ESP. From the program counter on, every way there leads to the same place on the stack
 * (a compiler keeps it so); what follows a call that does not return is no way, so a place must hold an address that a call has left.
 */

import { instructionLength } from './instruction-length';
import { classify } from './instructions';
import type { RegisterName } from './target';

const MAX_INSTRUCTION = 15;
/** Instructions that are looked at, on all ways together. */
const MOST_INSTRUCTIONS = 20_000;
/** A stack frame is hardly larger than a thread's stack. */
const LARGEST_FRAME = 1 << 20;
const ESP = 4, EBP = 5; // prettier-ignore
/** Registers that a function keeps for its caller (System V ABI for i386), by their numbers. */
const KEPT: Readonly<Record<number, RegisterName>> = { 3: 'ebx', 5: 'ebp', 6: 'esi', 7: 'edi' };

/** Found on the way to a RET. */
export interface ReturnPlace {
  /** Address of the return address. */
  readonly at: number;
  /** ESP after the return. */
  readonly stackPointer: number;
  /** Addresses of the caller's registers, of those that are popped on the way. */
  readonly saved: ReadonlyMap<RegisterName, number>;
}

interface State {
  readonly pc: number;
  readonly esp: number;
  /** Undefined once it has been changed. */
  readonly ebp: number | undefined;
  readonly saved: ReadonlyMap<RegisterName, number>;
}

/**
 * @param read code, as much of it as can be read
 * @param isPlausible whether a word on the stack may be the return address
 * @returns the nearest place that is plausible; undefined where there is none
 */
export function returnByEpilogue(
  registers: { readonly pc: number; readonly esp: number; readonly ebp: number | undefined },
  read: (address: number, length: number) => Uint8Array,
  isPlausible: (at: number) => boolean,
): ReturnPlace | undefined {
  const { esp: first } = registers;
  const seen = new Set<number>();
  const ways: State[] = [{ ...registers, saved: new Map() }];
  for (let next = 0; next < ways.length && next < MOST_INSTRUCTIONS; next++) {
    const state = ways[next];
    if (seen.has(state.pc)) continue;
    seen.add(state.pc);
    const bytes = read(state.pc, MAX_INSTRUCTION);
    const length = instructionLength(bytes);
    if (length === undefined) continue;
    const instruction = bytes.subarray(0, length);
    const behind = (state.pc + length) >>> 0;
    const { kind, target } = classify(instruction, state.pc);
    switch (kind) {
      case 'return': {
        const popped = instruction[0] === 0xc2 ? instruction[1] | (instruction[2] << 8) : 0;
        const place = { at: state.esp, stackPointer: (state.esp + 4 + popped) >>> 0, saved: state.saved };
        if (state.esp >= first && isPlausible(state.esp)) return place;
        continue;
      }
      case 'jump':
        if (target !== undefined) ways.push({ ...state, pc: target });
        if (!isUnconditional(instruction)) ways.push({ ...state, pc: behind });
        continue;
      case 'interruptReturn':
        continue;
      // Who calls takes the arguments away, so that the stack is afterwards as before.
      case 'call':
      case 'trap':
      case 'repeated':
        ways.push({ ...state, pc: behind });
        continue;
      case 'other': {
        const after = effectOf(instruction, state, first);
        if (after && Math.abs(after.esp - first) < LARGEST_FRAME) ways.push({ ...after, pc: behind });
      }
    }
  }
  return undefined;
}

/** Functions that end by jumping to the next are followed so far. */
const MOST_JUMPS = 4;
/** Such a function puts arguments in order, not more. */
const SHORT_FUNCTION = 24;

/** A function's start, and those of the functions that it hands its call on to by jumping there. */
export function functionsReached(start: number, read: (address: number, length: number) => Uint8Array): number[] {
  const starts = [start];
  let at = start;
  for (let count = 0; count < SHORT_FUNCTION && starts.length <= MOST_JUMPS; count++) {
    const bytes = read(at, MAX_INSTRUCTION);
    const length = instructionLength(bytes);
    if (length === undefined) break;
    const { kind, target } = classify(bytes.subarray(0, length), at);
    if (kind === 'return' || kind === 'interruptReturn') break;
    at = (at + length) >>> 0;
    if (kind !== 'jump' || !isUnconditional(bytes)) continue;
    if (target === undefined) break;
    starts.push(target);
    at = target;
  }
  return starts;
}

function isUnconditional([opcode]: Uint8Array): boolean {
  return opcode === 0xe9 || opcode === 0xeb || opcode === 0xea || opcode === 0xff;
}

/** What an instruction does to ESP and EBP; undefined where that is not known, or nothing comes behind it (SDM volume 2). */
// prettier-ignore
function effectOf(bytes: Uint8Array, state: State, first: number): State | undefined {
  const { esp, ebp } = state;
  const [opcode, modrm = 0] = bytes;
  const moved = (by: number): State => ({ ...state, esp: (esp + by) >>> 0 });
  const mode = modrm >> 6, operation = (modrm >> 3) & 7, register = modrm & 7; // prettier-ignore
  const byte = (at: number): number => (bytes[at] << 24) >> 24;
  const word = (at: number): number => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  if (opcode >= 0x50 && opcode <= 0x57) return moved(-4);
  if (opcode >= 0x58 && opcode <= 0x5f) return popped(state, opcode & 7, first);
  switch (opcode) {
    case 0x06: case 0x0e: case 0x16: case 0x1e: case 0x68: case 0x6a: case 0x9c:
      return moved(-4);
    case 0x07: case 0x17: case 0x1f: case 0x9d:
      return moved(4);
    case 0x60:
      return moved(-32);
    case 0x61:
      return { ...moved(32), ebp: undefined };
    // ADD, SUB (and others, of which none is known) ESP, immediate.
    case 0x81: case 0x83: {
      if (mode !== 3 || register !== ESP) return mode === 3 && register === EBP ? { ...state, ebp: undefined } : state;
      const value = opcode === 0x83 ? byte(2) : word(2);
      return operation === 0 ? moved(value) : operation === 5 ? moved(-value) : operation === 7 ? state : undefined;
    }
    // LEA ESP, [ESP or EBP + displacement].
    case 0x8d: {
      if (operation === EBP) return { ...state, ebp: undefined };
      if (operation !== ESP) return state;
      const ofEsp = register === ESP && bytes[2] === 0x24;
      const base = ofEsp ? esp : register === EBP ? ebp : undefined;
      if (base === undefined || (mode !== 1 && mode !== 2)) return undefined;
      const at = ofEsp ? 3 : 2;
      return { ...state, esp: (base + (mode === 1 ? byte(at) : word(at))) >>> 0 };
    }
    // MOV ESP, EBP in both its forms; MOV EBP, ESP; anything else into ESP is not known.
    case 0x89:
      if (modrm === 0xe5) return { ...state, ebp: esp };
      if (mode !== 3) return state;
      if (register === ESP) return modrm === 0xec && ebp !== undefined ? { ...state, esp: ebp } : undefined;
      return register === EBP ? { ...state, ebp: undefined } : state;
    case 0x8b:
      if (modrm === 0xec) return { ...state, ebp: esp };
      if (operation === ESP) return modrm === 0xe5 && ebp !== undefined ? { ...state, esp: ebp } : undefined;
      return operation === EBP ? { ...state, ebp: undefined } : state;
    case 0x8f:
      return mode === 3 ? popped(state, register, first) : moved(4);
    case 0xbd:
      return { ...state, ebp: undefined };
    case 0xbc: case 0xc8: case 0xf4:
      return undefined;
    case 0xc9:
      return ebp === undefined ? undefined : popped({ ...state, esp: ebp }, EBP, first);
    case 0xff:
      return operation === 6 ? moved(-4) : state;
    // UD2: a call before it does not return.
    case 0x0f:
      return modrm === 0x0b ? undefined : state;
    default:
      return state;
  }
}

/** POP of a register: what was on the stack before the way began is the caller's. */
function popped(state: State, register: number, first: number): State | undefined {
  const { esp } = state;
  if (register === ESP) return undefined;
  const after: State = { ...state, esp: (esp + 4) >>> 0, ebp: register === EBP ? undefined : state.ebp };
  const name = KEPT[register];
  return name === undefined || esp < first ? after : { ...after, saved: new Map([...state.saved, [name, esp]]) };
}
