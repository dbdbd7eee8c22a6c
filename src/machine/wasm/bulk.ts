/**
 * REP MOVS and REP STOS, many iterations at once: as many as stay within a page, within the slice and leave one for the instruction itself, which
 * then ends as it always does. Counts and registers are afterwards as if each iteration had been executed by itself.
 */

import { DF } from '../cpu/flags';
import { EFLAGS, GPR, Register, TLB_READ_SUPERVISOR, TLB_WRITE_SUPERVISOR } from '../cpu/layout';
import { Code, type ModuleBuilder, Op } from './assembler';
import { type Functions } from './imports';

/** Fewer iterations are not worth the preparation. */
const FEWEST = 8;
const EAX = GPR + 4 * Register.EAX;
const ECX = GPR + 4 * Register.ECX;
const ESI = GPR + 4 * Register.ESI;
const EDI = GPR + 4 * Register.EDI;

/** Parameters. */
const REMAINING = 0;
const USER = 1;
const SHIFT = 2;

export function defineBulk(module: ModuleBuilder, functions: Functions): void {
  module.define(functions.bulkMovs, movs());
  module.define(functions.bulkStos, stos());
}

/** local = min(local, what `limit` leaves on the stack), unsigned. */
function emitMinimum(code: Code, local: number, limit: () => void): void {
  const other = code.local();
  limit();
  code.tee(other).get(local).get(other).get(local).op(Op.i32_lt_u, Op.select).set(local);
}

/** How many elements from the address in a register on lie in its page. */
function emitInPage(code: Code, register: number): void {
  code.const(4096).load(register).const(0xfff).op(Op.i32_and, Op.i32_sub).get(SHIFT).op(Op.i32_shr_u);
}

/** The place in memory of the address in a register; goes to `out` where that takes a closer look. */
function emitHost(code: Code, register: number, tlb: number, out: number): number {
  const entry = code.local();
  code.load(register).const(12).op(Op.i32_shr_u).const(2).op(Op.i32_shl).get(USER).op(Op.i32_add);
  code.memory(Op.i32_load, tlb).tee(entry).const(-1).op(Op.i32_eq).brIf(out);
  code.load(register).get(entry).op(Op.i32_xor).set(entry);
  return entry;
}

/** register += bytes */
function emitAdvance(code: Code, register: number, bytes: number): void {
  code.const(0).load(register).get(bytes).op(Op.i32_add).memory(Op.i32_store, register);
}

/** The number of iterations to do: never the last one, never the slice's last instruction. Leaves through `out` where there are few. */
function emitCount(code: Code, registers: readonly number[], out: number): number {
  const count = code.local();
  code.load(EFLAGS).const(DF).op(Op.i32_and).brIf(out);
  code.load(ECX).op(Op.i32_eqz).brIf(out);
  code.load(ECX).const(1).op(Op.i32_sub).set(count);
  emitMinimum(code, count, () => code.get(REMAINING).const(1).op(Op.i32_sub));
  for (const register of registers) emitMinimum(code, count, () => emitInPage(code, register));
  code.get(count).const(FEWEST).op(Op.i32_lt_u).brIf(out);
  return count;
}

/** ECX and the instructions remaining go down by the iterations done. */
function emitFinish(code: Code, count: number): void {
  code.const(0).load(ECX).get(count).op(Op.i32_sub).memory(Op.i32_store, ECX);
  code.get(REMAINING).get(count).op(Op.i32_sub, Op.return);
}

function movs(): Code {
  const code = new Code(3);
  const bytes = code.local();
  const out = code.open(Op.block);
  const count = emitCount(code, [ESI, EDI], out);
  const source = emitHost(code, ESI, TLB_READ_SUPERVISOR, out);
  const destination = emitHost(code, EDI, TLB_WRITE_SUPERVISOR, out);
  code.get(count).get(SHIFT).op(Op.i32_shl).set(bytes);
  // Where what is written is read again later, each iteration has to see the one before it.
  code.get(destination).get(source).op(Op.i32_sub).get(bytes).op(Op.i32_lt_u).brIf(out);
  code.get(destination).get(source).get(bytes).memoryCopy();
  emitAdvance(code, ESI, bytes);
  emitAdvance(code, EDI, bytes);
  emitFinish(code, count);
  code.end().get(REMAINING);
  return code;
}

function stos(): Code {
  const code = new Code(3);
  const bytes = code.local();
  const value = code.local();
  const end = code.local();
  const out = code.open(Op.block);
  const count = emitCount(code, [EDI], out);
  const host = emitHost(code, EDI, TLB_WRITE_SUPERVISOR, out);
  code.get(count).get(SHIFT).op(Op.i32_shl).tee(bytes).get(host).op(Op.i32_add).set(end);
  emitAdvance(code, EDI, bytes);

  const filled = code.open(Op.block);
  const words = code.open(Op.block);
  // Bytes, or words and doublewords of equal bytes.
  code.load(EAX).set(value);
  code.get(SHIFT).op(Op.i32_eqz).open(Op.if);
  code.get(host).get(value).get(bytes).memoryFill().br(filled).end();
  code.get(SHIFT).const(1).op(Op.i32_eq).open(Op.if);
  code.get(value).const(0xffff).op(Op.i32_and).const(0x10001).op(Op.i32_mul).set(value).end();
  code.get(value).get(value).const(8).op(Op.i32_rotl, Op.i32_ne).brIf(words);
  code.get(host).get(value).get(bytes).memoryFill().br(filled).end();
  // Doublewords, and a word that may be left over.
  const loop = code.open(Op.loop);
  code.get(host).const(4).op(Op.i32_add).get(end).op(Op.i32_le_u).open(Op.if);
  code.get(host).get(value).memory(Op.i32_store).get(host).const(4).op(Op.i32_add).set(host).br(loop).end();
  code.end();
  code.get(host).get(end).op(Op.i32_lt_u).open(Op.if);
  code.get(host).get(value).memory(Op.i32_store16).end();
  code.end();

  emitFinish(code, count);
  code.end().get(REMAINING);
  return code;
}
