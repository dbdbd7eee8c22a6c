/**
 * Instruction forms: what an engine has to be able to execute. A form is a meaning with everything static in it: operand size, whether the r/m
 * operand is in memory, the address size where it matters, REP. How bytes become a form and its operands is the decoder's business, so encodings
 * that mean the same share a form (05 id and 81 /0 id are one ADD r/m32, imm32).
 */

import { OPCODES, type Opcode } from './opcodes';
import { type Semantics } from './ops';
import { tooLong, undefinedInstruction, unimplemented } from './semantics/system';

export interface Form {
  /** Index in FORMS. */
  readonly id: number;
  /** Intel's mnemonic, lower case; for messages and statistics. */
  readonly mnemonic: string;
  readonly size: 8 | 16 | 32;
  /** Only where `usesAddressSize`; else 32. */
  readonly addressSize: 16 | 32;
  readonly usesAddressSize: boolean;
  /** The r/m operand is in memory. */
  readonly isMemory: boolean;
  readonly repeat: 'none' | 'rep' | 'repne';
  /** Too rare to be worth emitting: engines may leave it to the evaluator. */
  readonly rare: boolean;
  /** May go on elsewhere than at the next instruction, or change the mode. */
  readonly endsBlock: boolean;
  readonly semantics: Semantics;
}

/** Where the r/m operand comes from: nowhere, ModRM, ModRM as a register whatever mod says, the opcode, AL/AX/EAX, a plain offset. */
export type RmSource = 'none' | 'modrm' | 'register' | 'opcode' | 'accumulator' | 'offset';

/** The immediate's encoding, in the notation of opcodes.ts. */
export type ImmediateKind = 'none' | 'Ib' | 'Is' | 'Iw' | 'Iz' | 'Jb' | 'Jz' | 'Ap' | 'Iw Ib2';

/** How the bytes after the opcode become a form's operands. */
export interface Encoding {
  readonly form: Form;
  readonly rm: RmSource;
  readonly immediate: ImmediateKind;
  /** LOCK is allowed. */
  readonly lock: boolean;
  /** The memory operand is addressed with ESP as it is after popping the operand. */
  readonly pops: boolean;
}

/** All forms, in the order of their ids. */
export const FORMS: readonly Form[] = [];
const forms = FORMS as Form[];
const interned = new Map<Semantics, Map<string, Form>>();

function intern(form: Omit<Form, 'id'>): Form {
  let variants = interned.get(form.semantics);
  if (!variants) interned.set(form.semantics, (variants = new Map<string, Form>()));
  const key = `${form.size} ${form.addressSize} ${form.isMemory} ${form.repeat}`;
  let result = variants.get(key);
  if (!result) {
    result = { id: forms.length, ...form };
    forms.push(result);
    variants.set(key, result);
  }
  return result;
}

function special(mnemonic: string, semantics: Semantics): Form {
  return intern({
    mnemonic,
    size: 32,
    addressSize: 32,
    usesAddressSize: false,
    isMemory: false,
    repeat: 'none',
    rare: true,
    endsBlock: true,
    semantics,
  });
}

/** Undefined opcodes, and LOCK where it is not allowed: #UD. */
export const UNDEFINED = special('(undefined)', undefinedInstruction);
/** An instruction that other processors have; the immediate is the feature's number (absent.ts). */
export const UNIMPLEMENTED = special('(unimplemented)', unimplemented);
/** More than 15 bytes: #GP(0). */
export const TOO_LONG = special('(too long)', tooLong);

const ENCODINGS: Encoding[] = [{ form: UNDEFINED, rm: 'none', immediate: 'none', lock: false, pops: false }];

/** Index in LOOKUP: opcode (256 added for two-byte ones), ModRM.reg, memory, 16-bit operands, 16-bit addresses, repeat prefix (1 F2, 2 F3). */
function lookupIndex(opcode: number, reg: number, memory: number, size16: number, address16: number, repeat: number) {
  return (opcode << 8) | (reg << 5) | (memory << 4) | (size16 << 3) | (address16 << 2) | repeat;
}

const LOOKUP = new Uint16Array(512 << 8);
const HAS_MODRM = new Uint8Array(512);

/** 0..511 for 00..ff and 0F 00..0F FF. */
export function opcodeIndex(opcode: number): number {
  return (opcode & 0xff) | (opcode >= 0x0f00 ? 0x100 : 0);
}

/** Whether a ModRM byte follows the opcode (index by opcodeIndex). */
export function hasModrm(opcode: number): boolean {
  return HAS_MODRM[opcode] !== 0;
}

/** The encoding of an opcode under its prefixes; that of an undefined opcode has the form UNDEFINED. */
export function findEncoding(
  opcode: number,
  reg: number,
  memory: boolean,
  size16: boolean,
  address16: boolean,
  repeat: 0 | 1 | 2,
): Encoding {
  const index = lookupIndex(opcode, reg, memory ? 1 : 0, size16 ? 1 : 0, address16 ? 1 : 0, repeat);
  return ENCODINGS[LOOKUP[index]!]!;
}

function rmSource(operands: string[]): RmSource {
  if (operands.includes('E') || operands.includes('M')) return 'modrm';
  if (operands.includes('R')) return 'register';
  if (operands.includes('Z')) return 'opcode';
  if (operands.includes('A')) return 'accumulator';
  if (operands.includes('O')) return 'offset';
  return 'none';
}

const REPEATS = {
  none: ['none', 'none', 'none'],
  rep: ['none', 'rep', 'rep'],
  repe: ['none', 'repne', 'rep'],
} as const;

function add(row: Opcode): void {
  const operands = row.operands.split(' ');
  const rm = rmSource(operands);
  const immediate = (operands.filter((operand) => /^[IJ]|^Ap$/.test(operand)).join(' ') || 'none') as ImmediateKind;
  const opcode = opcodeIndex(row.opcode);
  const hasModrmByte = rm === 'modrm' || rm === 'register';
  if (hasModrmByte) HAS_MODRM[opcode] = 1;
  const extensions = row.extension === undefined ? [0, 1, 2, 3, 4, 5, 6, 7] : [row.extension];
  const kept = new Map<string, number>();
  for (let variant = 0; variant < 8; variant++) {
    const memory = (variant >> 2) & 1;
    const size16 = (variant >> 1) & 1;
    const address16 = variant & 1;
    if (memory === 0 && operands.includes('M')) continue;
    for (const repeat of [0, 1, 2] as const) {
      const isMemory = rm === 'offset' || (rm === 'modrm' && memory === 1);
      const size = row.size === 'v' ? (size16 ? 16 : 32) : row.size;
      const addressSize = row.address && address16 ? 16 : 32;
      const prefix = REPEATS[row.repeat ?? 'none'][repeat];
      const key = `${size} ${addressSize} ${isMemory} ${prefix}`;
      let encoding = kept.get(key);
      if (encoding === undefined) {
        const form = intern({
          mnemonic: row.mnemonic,
          size,
          addressSize,
          usesAddressSize: row.address ?? false,
          isMemory,
          repeat: prefix,
          rare: row.rare ?? false,
          endsBlock: row.ends ?? false,
          semantics: row.semantics,
        });
        encoding = ENCODINGS.length;
        ENCODINGS.push({ form, rm, immediate, lock: (row.lock ?? false) && isMemory, pops: row.pops ?? false });
        kept.set(key, encoding);
      }
      for (const reg of extensions) LOOKUP[lookupIndex(opcode, reg, memory, size16, address16, repeat)] = encoding;
    }
  }
}

for (const row of OPCODES) add(row);
