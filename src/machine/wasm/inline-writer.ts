/** Writes handlers inside the interpreter's function. */

import { EIP, MODE, TLB_EXECUTE_SUPERVISOR } from '../cpu/layout';
import { MODE_USER } from '../cpu/mode';
import { type Code, Op } from './assembler';
import { type Emitter } from './emitter';
import { type Locals } from './expression';
import { type Functions } from './imports';
import { Handler, RECORD_DISPLACEMENT, RECORD_HANDLER, RECORD_SIZE } from './record';
import { emitPlace, HandlerWriter } from './writer';

/** Labels of the interpreter's function. */
export interface Labels {
  /** Dispatch the current record. */
  loop: number;
  /** Leave at the current record. */
  exit: number;
  /** Complete the instruction and go on at the address in the local `target`. */
  jump: number;
}

/** Set page base and TLB choice by EIP and MODE. */
export function emitReload(code: Code, { pageBase, user }: Locals): void {
  code.load(EIP).const(~0xfff).op(Op.i32_and).set(pageBase);
  // MODE_USER is bit 5; the user's arrays lie 4 MiB behind the supervisor's.
  code.load(MODE).const(MODE_USER).op(Op.i32_and).const(17).op(Op.i32_shl).set(user);
}

export class InlineWriter extends HandlerWriter {
  private used = 0;

  constructor(
    code: Code,
    functions: Functions,
    locals: Locals,
    private readonly labels: Labels,
    private readonly target: number,
    /** Locals shared by all handlers. */
    private readonly pool: number[],
  ) {
    super(code, functions, locals);
  }

  handler(emitter: Emitter): void {
    this.used = 0;
    const { bulk } = emitter;
    if (bulk !== undefined) {
      const { remaining, user } = this.locals;
      this.code
        .get(remaining)
        .get(user)
        .const(Math.log2(emitter.size >> 3))
        .call(this.functions[bulk])
        .set(remaining);
    }
    this.write(emitter.statements);
  }

  temporary(): number {
    if (this.used === this.pool.length) this.pool.push(this.code.local());
    return this.pool[this.used++];
  }

  truncate(): void {
    const { remaining } = this.locals;
    this.code.get(remaining).call(this.functions.truncate).set(remaining);
  }

  /** One instruction is complete; dispatch the next one. */
  private next(): void {
    const { code, labels, locals } = this;
    code.get(locals.remaining).const(1).op(Op.i32_sub).tee(locals.remaining).brIf(labels.loop).br(labels.exit);
  }

  private step(): void {
    const { code, locals } = this;
    code.get(locals.record).const(RECORD_SIZE).op(Op.i32_add).set(locals.record);
  }

  protected sequential(): void {
    this.step();
    this.next();
  }

  protected jump(): void {
    this.code.set(this.target).br(this.labels.jump);
  }

  protected branch(): void {
    const { code, locals } = this;
    const next = this.temporary();
    code.get(locals.record).memory(Op.i32_load, RECORD_DISPLACEMENT).tee(next).op(Op.i32_eqz).open(Op.if);
    this.context();
    code.call(this.functions.link).set(next).end();
    code.get(next).set(locals.record);
    this.next();
  }

  protected repeat(): void {
    this.next();
  }

  protected reload(): void {
    this.code.set(this.locals.record);
    emitReload(this.code, this.locals);
    this.next();
  }

  protected advance(): void {
    const { code, labels, locals } = this;
    this.step();
    code.get(locals.remaining).const(1).op(Op.i32_sub).tee(locals.remaining).op(Op.i32_eqz).brIf(labels.exit);
  }

  special(handler: Handler): void {
    const { code, functions, labels, locals } = this;
    switch (handler) {
      case Handler.NextPage:
        // Not an instruction: one more remains, which the jump takes away again.
        code.get(locals.remaining).const(1).op(Op.i32_add).set(locals.remaining);
        emitPlace(code, locals);
        this.jump();
        break;
      case Handler.Link:
        code.get(locals.record).memory(Op.i32_load, RECORD_DISPLACEMENT).set(locals.record).br(labels.loop);
        break;
      case Handler.Decode:
        this.context();
        code.call(functions.decode).set(locals.record).br(labels.loop);
        break;
      case Handler.Evaluate:
        this.context();
        code.call(functions.evaluate);
        this.reload();
        break;
      default:
        code.br(labels.exit);
    }
  }

  /** Call a handler that is a function of its own. It returns the next record, plus 1 where everything may have changed; 0 to go on at EIP. */
  outside(type: number, first: number): void {
    const { code, labels, locals, target } = this;
    this.context();
    code.get(locals.user).get(locals.record).memory(Op.i32_load16_u, RECORD_HANDLER).const(first).op(Op.i32_sub);
    code.callIndirect(type).set(target);
    this.truncate();
    code.get(target).op(Op.i32_eqz).open(Op.if);
    code.load(EIP).set(target).br(labels.jump).end();
    code.get(target).const(1).op(Op.i32_and).open(Op.if);
    code.get(target).const(1).op(Op.i32_xor);
    this.reload();
    code.end();
    code.get(target).set(locals.record);
    this.next();
  }

  /** Where all jumps come together: find the target's record through the execution TLB. */
  jumpBlock(enter: number): void {
    const { code, locals, target } = this;
    const miss = code.open(Op.block);
    code.get(target).const(12).op(Op.i32_shr_u).const(2).op(Op.i32_shl).get(locals.user).op(Op.i32_add);
    code.memory(Op.i32_load, TLB_EXECUTE_SUPERVISOR).tee(locals.record).op(Op.i32_eqz).brIf(miss);
    code.get(locals.record).get(target).const(0xfff).op(Op.i32_and).const(2).op(Op.i32_shl, Op.i32_add);
    code.memory(Op.i32_load).tee(locals.record).op(Op.i32_eqz).brIf(miss);
    code.get(target).const(~0xfff).op(Op.i32_and).set(locals.pageBase);
    this.next();
    code.end();
    code.const(0).get(target).memory(Op.i32_store, EIP).call(enter).set(locals.record);
    emitReload(code, locals);
    this.next();
  }
}
