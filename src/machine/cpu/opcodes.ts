/**
 * The opcode map (SDM volume 2, appendix A) up to the Pentium Pro, without MMX and SSE. Opcodes that are not here are in absent.ts, or undefined (#UD).
 *
 * Operands are written in the appendix's notation, as far as the decoder has to know them:
 *   E ModRM, r/m operand · M ModRM, memory only · R ModRM, r/m is a register whatever mod says · Z register in the opcode's low three bits, as r/m
 *   G ModRM.reg · A AL/AX/EAX as r/m · O memory at a plain offset, AL/AX/EAX as reg
 *   Ib Iw Iz immediate · Is byte, sign-extended to the operand size · Jb Jz relative target · Ap far pointer · Ib2 second immediate, a byte
 */

import { SegmentRegister } from './layout';
import { type ConditionCode, type Semantics } from './ops';
import * as arithmetic from './semantics/arithmetic';
import * as bits from './semantics/bits';
import * as control from './semantics/control';
import * as decimal from './semantics/decimal';
import * as flags from './semantics/flags';
import * as fpu from './semantics/fpu';
import * as logic from './semantics/logic';
import * as moves from './semantics/moves';
import * as multiply from './semantics/multiply';
import { type BinaryForms } from './semantics/operands';
import * as shifts from './semantics/shifts';
import * as stack from './semantics/stack';
import * as strings from './semantics/strings';
import * as system from './semantics/system';

/** Operand size: fixed, or (v) 16 or 32 by CS.D and the prefix 66. */
export type SizeRule = 8 | 16 | 32 | 'v';

export interface Options {
  /** ModRM.reg, where it is part of the opcode. */
  extension?: number;
  /** LOCK is allowed where the r/m operand is in memory. */
  lock?: boolean;
  /** The address size is part of the meaning. */
  address?: boolean;
  /** F3 and F2 repeat; `repe`: they repeat while equal and while not equal. */
  repeat?: 'rep' | 'repe';
  rare?: boolean;
  /** Execution may go on elsewhere, or in another mode. */
  ends?: boolean;
  /** Addresses its operand with ESP as it is after popping. */
  pops?: boolean;
}

export interface Opcode extends Options {
  /** 0x00..0xff, or 0x0f00..0x0fff. */
  opcode: number;
  mnemonic: string;
  operands: string;
  size: SizeRule;
  semantics: Semantics;
}

/** Every defined opcode; filled below, in the order of the families. */
export const OPCODES: Opcode[] = [];

function op(
  opcode: number,
  mnemonic: string,
  operands: string,
  size: SizeRule,
  semantics: Semantics,
  options: Options = {},
) {
  OPCODES.push({ opcode, mnemonic, operands, size, semantics, ...options });
}

const RARE: Options = { rare: true };
const ENDS: Options = { ends: true };
const RARE_ENDS: Options = { rare: true, ends: true };
const LOCK: Options = { lock: true };

const CONDITIONS = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];

// ---- two operands: 00..3f and group 1
const GROUP1: [string, BinaryForms][] = [
  ['add', arithmetic.add],
  ['or', logic.or],
  ['adc', arithmetic.adc],
  ['sbb', arithmetic.sbb],
  ['and', logic.and],
  ['sub', arithmetic.sub],
  ['xor', logic.xor],
  ['cmp', arithmetic.cmp],
];
for (const [extension, [mnemonic, forms]] of GROUP1.entries()) {
  const lock = mnemonic !== 'cmp';
  const first = extension << 3;
  op(first + 0, mnemonic, 'E G', 8, forms.rmReg, { lock });
  op(first + 1, mnemonic, 'E G', 'v', forms.rmReg, { lock });
  op(first + 2, mnemonic, 'G E', 8, forms.regRm);
  op(first + 3, mnemonic, 'G E', 'v', forms.regRm);
  op(first + 4, mnemonic, 'A Ib', 8, forms.rmImmediate);
  op(first + 5, mnemonic, 'A Iz', 'v', forms.rmImmediate);
  op(0x80, mnemonic, 'E Ib', 8, forms.rmImmediate, { extension, lock });
  op(0x81, mnemonic, 'E Iz', 'v', forms.rmImmediate, { extension, lock });
  op(0x82, mnemonic, 'E Ib', 8, forms.rmImmediate, { extension, lock });
  op(0x83, mnemonic, 'E Is', 'v', forms.rmImmediate, { extension, lock });
}
op(0x84, 'test', 'E G', 8, logic.test.rmReg);
op(0x85, 'test', 'E G', 'v', logic.test.rmReg);
op(0xa8, 'test', 'A Ib', 8, logic.test.rmImmediate);
op(0xa9, 'test', 'A Iz', 'v', logic.test.rmImmediate);

// ---- one operand: 40..4f, groups 3, 4 and 5
for (let register = 0; register < 8; register++) {
  op(0x40 + register, 'inc', 'Z', 'v', arithmetic.inc);
  op(0x48 + register, 'dec', 'Z', 'v', arithmetic.dec);
}
for (const [offset, size, immediate] of [
  [0, 8, 'Ib'],
  [1, 'v', 'Iz'],
] as const) {
  for (const extension of [0, 1]) {
    op(0xf6 + offset, 'test', `E ${immediate}`, size, logic.test.rmImmediate, { extension });
  }
  op(0xf6 + offset, 'not', 'E', size, logic.not, { extension: 2, lock: true });
  op(0xf6 + offset, 'neg', 'E', size, arithmetic.neg, { extension: 3, lock: true });
  op(0xf6 + offset, 'mul', 'E', size, multiply.mul, { extension: 4 });
  op(0xf6 + offset, 'imul', 'E', size, multiply.imul, { extension: 5 });
  op(0xf6 + offset, 'div', 'E', size, multiply.div, { extension: 6 });
  op(0xf6 + offset, 'idiv', 'E', size, multiply.idiv, { extension: 7 });
  op(0xfe + offset, 'inc', 'E', size, arithmetic.inc, { extension: 0, lock: true });
  op(0xfe + offset, 'dec', 'E', size, arithmetic.dec, { extension: 1, lock: true });
  op(0x0fb0 + offset, 'cmpxchg', 'E G', size, arithmetic.cmpxchg, LOCK);
  op(0x0fc0 + offset, 'xadd', 'E G', size, arithmetic.xadd, LOCK);
}
op(0x0fc7, 'cmpxchg8b', 'M', 32, arithmetic.cmpxchg8b, { extension: 1, lock: true });
op(0x0faf, 'imul', 'G E', 'v', multiply.imulRegRm);
op(0x69, 'imul', 'G E Iz', 'v', multiply.imulRegRmImmediate);
op(0x6b, 'imul', 'G E Is', 'v', multiply.imulRegRmImmediate);

// ---- shifts: group 2 (/6 is an alias of /4)
const GROUP2: [string, shifts.ShiftForms][] = [
  ['rol', shifts.rol],
  ['ror', shifts.ror],
  ['rcl', shifts.rcl],
  ['rcr', shifts.rcr],
  ['shl', shifts.shl],
  ['shr', shifts.shr],
  ['shl', shifts.shl],
  ['sar', shifts.sar],
];
for (const [extension, [mnemonic, forms]] of GROUP2.entries()) {
  for (const [offset, size] of [
    [0, 8],
    [1, 'v'],
  ] as const) {
    op(0xc0 + offset, mnemonic, 'E Ib', size, forms.immediate, { extension });
    op(0xd0 + offset, mnemonic, 'E', size, forms.one, { extension });
    op(0xd2 + offset, mnemonic, 'E', size, forms.cl, { extension });
  }
}
op(0x0fa4, 'shld', 'E G Ib', 'v', shifts.shld.immediate);
op(0x0fa5, 'shld', 'E G', 'v', shifts.shld.cl);
op(0x0fac, 'shrd', 'E G Ib', 'v', shifts.shrd.immediate);
op(0x0fad, 'shrd', 'E G', 'v', shifts.shrd.cl);

// ---- bits: group 8 and its register forms
const GROUP8: [string, number, bits.BitTestForms][] = [
  ['bt', 0x0fa3, bits.bt],
  ['bts', 0x0fab, bits.bts],
  ['btr', 0x0fb3, bits.btr],
  ['btc', 0x0fbb, bits.btc],
];
for (const [place, [mnemonic, opcode, forms]] of GROUP8.entries()) {
  const lock = mnemonic !== 'bt';
  op(opcode, mnemonic, 'E G', 'v', forms.register, { lock });
  op(0x0fba, mnemonic, 'E Ib', 'v', forms.immediate, { extension: 4 + place, lock });
}
op(0x0fbc, 'bsf', 'G E', 'v', bits.bsf);
op(0x0fbd, 'bsr', 'G E', 'v', bits.bsr);
for (let register = 0; register < 8; register++) op(0x0fc8 + register, 'bswap', 'Z', 'v', bits.bswap);

// ---- moves
op(0x88, 'mov', 'E G', 8, moves.movRmReg);
op(0x89, 'mov', 'E G', 'v', moves.movRmReg);
op(0x8a, 'mov', 'G E', 8, moves.movRegRm);
op(0x8b, 'mov', 'G E', 'v', moves.movRegRm);
op(0xa0, 'mov', 'O', 8, moves.movRegRm);
op(0xa1, 'mov', 'O', 'v', moves.movRegRm);
op(0xa2, 'mov', 'O', 8, moves.movRmReg);
op(0xa3, 'mov', 'O', 'v', moves.movRmReg);
op(0xc6, 'mov', 'E Ib', 8, moves.movRmImmediate, { extension: 0 });
op(0xc7, 'mov', 'E Iz', 'v', moves.movRmImmediate, { extension: 0 });
for (let register = 0; register < 8; register++) {
  op(0xb0 + register, 'mov', 'Z Ib', 8, moves.movRmImmediate);
  op(0xb8 + register, 'mov', 'Z Iz', 'v', moves.movRmImmediate);
  // 90 itself is NOP: it leaves the upper half of EAX alone either way.
  if (register === 0) op(0x90, 'nop', '', 32, moves.nop);
  else op(0x90 + register, 'xchg', 'Z', 'v', moves.xchg);
}
op(0x86, 'xchg', 'E G', 8, moves.xchg, LOCK);
op(0x87, 'xchg', 'E G', 'v', moves.xchg, LOCK);
op(0x8d, 'lea', 'G M', 'v', moves.lea);
op(0xd7, 'xlat', '', 8, moves.xlat, { address: true });
op(0x98, 'cbw', '', 'v', moves.cbw);
op(0x99, 'cwd', '', 'v', moves.cwd);
op(0x0fb6, 'movzx', 'G E', 'v', moves.movzx8);
op(0x0fb7, 'movzx', 'G E', 'v', moves.movzx16);
op(0x0fbe, 'movsx', 'G E', 'v', moves.movsx8);
op(0x0fbf, 'movsx', 'G E', 'v', moves.movsx16);
for (const [code, name] of CONDITIONS.entries()) {
  op(0x0f40 + code, `cmov${name}`, 'G E', 'v', moves.cmov(code as ConditionCode));
  op(0x0f90 + code, `set${name}`, 'E', 8, moves.setcc(code as ConditionCode));
}
// Hints: PREFETCHW, PREFETCHh, ENDBR32 and whatever later processors put there.
for (const opcode of [0x0f0d, 0x0f18, 0x0f19, 0x0f1a, 0x0f1b, 0x0f1c, 0x0f1d, 0x0f1e, 0x0f1f]) {
  op(opcode, 'nop', 'E', 32, moves.nop);
}

// ---- segment registers
const SEGMENTS: [string, SegmentRegister][] = [
  ['es', SegmentRegister.ES],
  ['cs', SegmentRegister.CS],
  ['ss', SegmentRegister.SS],
  ['ds', SegmentRegister.DS],
  ['fs', SegmentRegister.FS],
  ['gs', SegmentRegister.GS],
];
for (const [, segment] of SEGMENTS) {
  const legacy = segment <= SegmentRegister.DS;
  op(legacy ? 0x06 + segment * 8 : 0x0fa0 + (segment - 4) * 8, 'push', '', 'v', stack.pushSegment(segment));
  op(0x8c, 'mov', 'E', 'v', system.storeSelector(segment), { extension: segment });
  if (segment === SegmentRegister.CS) continue;
  op(legacy ? 0x07 + segment * 8 : 0x0fa1 + (segment - 4) * 8, 'pop', '', 'v', stack.popSegment(segment), ENDS);
  op(0x8e, 'mov', 'E', 16, system.loadSegment(segment), { extension: segment, ends: true });
}
for (const [opcode, mnemonic, segment] of [
  [0xc4, 'les', SegmentRegister.ES],
  [0xc5, 'lds', SegmentRegister.DS],
  [0x0fb2, 'lss', SegmentRegister.SS],
  [0x0fb4, 'lfs', SegmentRegister.FS],
  [0x0fb5, 'lgs', SegmentRegister.GS],
] as const) {
  op(opcode, mnemonic, 'G M', 'v', control.loadFarPointer(segment), RARE_ENDS);
}

// ---- stack
for (let register = 0; register < 8; register++) {
  op(0x50 + register, 'push', 'Z', 'v', stack.pushRm);
  op(0x58 + register, 'pop', 'Z', 'v', stack.popRm);
}
op(0xff, 'push', 'E', 'v', stack.pushRm, { extension: 6 });
op(0x8f, 'pop', 'E', 'v', stack.popRm, { extension: 0, pops: true });
op(0x68, 'push', 'Iz', 'v', stack.pushImmediate);
op(0x6a, 'push', 'Is', 'v', stack.pushImmediate);
op(0x60, 'pusha', '', 'v', stack.pusha, RARE);
op(0x61, 'popa', '', 'v', stack.popa, RARE);
op(0x9c, 'pushf', '', 'v', stack.pushf);
op(0x9d, 'popf', '', 'v', stack.popf, ENDS);
op(0xc8, 'enter', 'Iw Ib2', 'v', stack.enter, RARE);
op(0xc9, 'leave', '', 'v', stack.leave);

// ---- branches
for (const [code, name] of CONDITIONS.entries()) {
  const semantics = control.jcc(code as ConditionCode);
  op(0x70 + code, `j${name}`, 'Jb', 'v', semantics, ENDS);
  op(0x0f80 + code, `j${name}`, 'Jz', 'v', semantics, ENDS);
}
op(0xeb, 'jmp', 'Jb', 'v', control.jmpRelative, ENDS);
op(0xe9, 'jmp', 'Jz', 'v', control.jmpRelative, ENDS);
op(0xe8, 'call', 'Jz', 'v', control.callRelative, ENDS);
op(0xff, 'call', 'E', 'v', control.callRm, { extension: 2, ends: true });
op(0xff, 'jmp', 'E', 'v', control.jmpRm, { extension: 4, ends: true });
op(0xc2, 'ret', 'Iw', 'v', control.retNearImmediate, ENDS);
op(0xc3, 'ret', '', 'v', control.retNear, ENDS);
op(0xe0, 'loopne', 'Jb', 'v', control.loop(0), { address: true, ends: true });
op(0xe1, 'loope', 'Jb', 'v', control.loop(1), { address: true, ends: true });
op(0xe2, 'loop', 'Jb', 'v', control.loop(), { address: true, ends: true });
op(0xe3, 'jcxz', 'Jb', 'v', control.jcxz, { address: true, ends: true });
op(0x9a, 'call far', 'Ap', 'v', control.callFarImmediate, RARE_ENDS);
op(0xea, 'jmp far', 'Ap', 'v', control.jmpFarImmediate, RARE_ENDS);
op(0xff, 'call far', 'M', 'v', control.callFarMemory, { ...RARE_ENDS, extension: 3 });
op(0xff, 'jmp far', 'M', 'v', control.jmpFarMemory, { ...RARE_ENDS, extension: 5 });
op(0xca, 'ret far', 'Iw', 'v', control.retFarImmediate, RARE_ENDS);
op(0xcb, 'ret far', '', 'v', control.retFar, RARE_ENDS);
op(0xcc, 'int3', '', 32, control.int3, RARE_ENDS);
op(0xcd, 'int', 'Ib', 32, control.interrupt, ENDS);
op(0xce, 'into', '', 32, control.into, RARE_ENDS);
op(0xcf, 'iret', '', 'v', control.interruptReturn, ENDS);
op(0xf1, 'icebp', '', 32, control.icebp, RARE_ENDS);
op(0x0f34, 'sysenter', '', 32, system.plainControl('sysenter'), ENDS);
op(0x0f35, 'sysexit', '', 32, system.plainControl('sysexit'), ENDS);

// ---- strings
for (const [opcode, mnemonic, semantics, options] of [
  [0xa4, 'movs', strings.movs, { repeat: 'rep' }],
  [0xa6, 'cmps', strings.cmps, { repeat: 'repe' }],
  [0xaa, 'stos', strings.stos, { repeat: 'rep' }],
  [0xac, 'lods', strings.lods, { repeat: 'rep' }],
  [0xae, 'scas', strings.scas, { repeat: 'repe' }],
  [0x6c, 'ins', strings.ins, { repeat: 'rep', rare: true }],
  [0x6e, 'outs', strings.outs, { repeat: 'rep', rare: true }],
] as const) {
  // Ports move at most 32 bits, like everything else here.
  op(opcode, mnemonic, '', 8, semantics, { ...options, address: true });
  op(opcode + 1, mnemonic, '', 'v', semantics, { ...options, address: true });
}

// ---- flags
op(0xf5, 'cmc', '', 32, flags.cmc);
op(0xf8, 'clc', '', 32, flags.clc);
op(0xf9, 'stc', '', 32, flags.stc);
op(0xfa, 'cli', '', 32, flags.cli, ENDS);
op(0xfb, 'sti', '', 32, flags.sti, ENDS);
op(0xfc, 'cld', '', 32, flags.cld);
op(0xfd, 'std', '', 32, flags.std);
op(0x9e, 'sahf', '', 32, flags.sahf);
op(0x9f, 'lahf', '', 32, flags.lahf);
op(0xd6, 'salc', '', 32, flags.salc, RARE);

// ---- decimal
op(0x27, 'daa', '', 32, decimal.daa, RARE);
op(0x2f, 'das', '', 32, decimal.das, RARE);
op(0x37, 'aaa', '', 32, decimal.aaa, RARE);
op(0x3f, 'aas', '', 32, decimal.aas, RARE);
op(0xd4, 'aam', 'Ib', 32, decimal.aam, RARE);
op(0xd5, 'aad', 'Ib', 32, decimal.aad, RARE);

// ---- ports
for (const [offset, size] of [
  [0, 8],
  [1, 'v'],
] as const) {
  op(0xe4 + offset, 'in', 'Ib', size, system.inImmediate);
  op(0xe6 + offset, 'out', 'Ib', size, system.outImmediate);
  op(0xec + offset, 'in', '', size, system.inDx);
  op(0xee + offset, 'out', '', size, system.outDx);
}

// ---- system: groups 6 and 7 and the rest
op(0x0f00, 'sldt', 'E', 'v', system.storeSelector(SegmentRegister.LDTR), { ...RARE, extension: 0 });
op(0x0f00, 'str', 'E', 'v', system.storeSelector(SegmentRegister.TR), { ...RARE, extension: 1 });
op(0x0f00, 'lldt', 'E', 16, system.loadSystemSegment('loadLdt'), { ...RARE_ENDS, extension: 2 });
op(0x0f00, 'ltr', 'E', 16, system.loadSystemSegment('loadTask'), { ...RARE_ENDS, extension: 3 });
op(0x0f00, 'verr', 'E', 16, system.verify('verr'), { ...RARE, extension: 4 });
op(0x0f00, 'verw', 'E', 16, system.verify('verw'), { ...RARE, extension: 5 });
op(0x0f01, 'sgdt', 'M', 32, system.sgdt, { ...RARE, extension: 0 });
op(0x0f01, 'sidt', 'M', 32, system.sidt, { ...RARE, extension: 1 });
op(0x0f01, 'lgdt', 'M', 'v', system.loadTable('loadGdt'), { ...RARE_ENDS, extension: 2 });
op(0x0f01, 'lidt', 'M', 'v', system.loadTable('loadIdt'), { ...RARE_ENDS, extension: 3 });
op(0x0f01, 'smsw', 'E', 'v', system.smsw, { ...RARE, extension: 4 });
op(0x0f01, 'lmsw', 'E', 16, system.lmsw, { ...RARE_ENDS, extension: 6 });
op(0x0f01, 'invlpg', 'M', 32, system.invlpg, { ...RARE_ENDS, extension: 7 });
op(0x0f02, 'lar', 'G E', 'v', system.lar, RARE);
op(0x0f03, 'lsl', 'G E', 'v', system.lsl, RARE);
op(0x0f06, 'clts', '', 32, system.privilegedControl('clts'), ENDS);
op(0x0f08, 'invd', '', 32, system.privilegedControl('invd'), RARE_ENDS);
op(0x0f09, 'wbinvd', '', 32, system.privilegedControl('wbinvd'), RARE_ENDS);
op(0xf4, 'hlt', '', 32, system.privilegedControl('halt'), ENDS);
for (const number of [0, 2, 3, 4]) {
  op(0x0f20, 'mov', 'R', 32, system.readSpecial('readControl', number), { extension: number });
  op(0x0f22, 'mov', 'R', 32, system.writeSpecial('writeControl', number), { extension: number, ends: true });
}
for (let number = 0; number < 8; number++) {
  op(0x0f21, 'mov', 'R', 32, system.readSpecial('readDebug', number), { ...RARE, extension: number });
  op(0x0f23, 'mov', 'R', 32, system.writeSpecial('writeDebug', number), { ...RARE_ENDS, extension: number });
}
op(0x0f30, 'wrmsr', '', 32, system.privilegedControl('wrmsr'), RARE_ENDS);
op(0x0f31, 'rdtsc', '', 32, system.plainControl('rdtsc'), ENDS);
op(0x0f32, 'rdmsr', '', 32, system.privilegedControl('rdmsr'), RARE_ENDS);
op(0x0f33, 'rdpmc', '', 32, system.plainControl('rdpmc'), RARE_ENDS);
op(0x0fa2, 'cpuid', '', 32, system.plainControl('cpuid'), RARE_ENDS);
op(0x62, 'bound', 'G M', 'v', system.bound, RARE);
op(0x63, 'arpl', 'E G', 16, system.arpl, RARE);
// Undefined on purpose; UD0 and UD1 have a ModRM byte (SDM volume 2, "UD").
op(0x0f0b, 'ud', '', 32, system.undefinedInstruction, RARE_ENDS);
op(0x0fb9, 'ud', 'E', 32, system.undefinedInstruction, RARE_ENDS);
op(0x0fff, 'ud', 'E', 32, system.undefinedInstruction, RARE_ENDS);

// ---- x87
for (let opcode = 0xd8; opcode <= 0xdf; opcode++) {
  op(opcode, 'x87', 'E', 'v', fpu.x87, RARE);
}
// FISTTP came with SSE3.
for (const opcode of [0xdb, 0xdd, 0xdf])
  op(opcode, 'ud', 'M', 32, system.undefinedInstruction, { ...RARE_ENDS, extension: 1 });
op(0x9b, 'wait', '', 32, fpu.fwait, RARE);
