/** Writes a handler's statements as WebAssembly. */

import { EIP } from '../cpu/layout';
import { Op, type Code } from './assembler';
import { NotEmitted } from './emitter';
import { countUses, type Expression, type ExitKind, type Locals, type Statement, type Writer } from './expression';
import { helperNumber, type Functions } from './imports';
import { RECORD_LENGTH, RECORD_OFFSET, RECORD_SIZE } from './record';

type Exit = Extract<Statement, { kind: 'exit' }>;

/** Common to handlers inside the interpreter's function and handlers with a function of their own. */
export abstract class HandlerWriter implements Writer {
  /** The exit taken by an `if` after which more follows: whether, and where to. */
  private late: { how: ExitKind; taken: number; target: number } | undefined;

  constructor(
    readonly code: Code,
    readonly functions: Functions,
    readonly locals: Locals,
  ) {}

  abstract temporary(): number;
  abstract truncate(): void;
  /** Complete the instruction, in one of the ways: with the next record, */
  protected abstract sequential(): void;
  /** at the address on the stack, */
  protected abstract jump(): void;
  /** at the relative branch's target in this page, */
  protected abstract branch(): void;
  /** with the same record again, */
  protected abstract repeat(): void;
  /** with the record on the stack, after everything may have changed. */
  protected abstract reload(): void;
  /** Complete the first of two fused instructions. */
  protected abstract advance(): void;

  context(): void {
    const { record, pageBase, remaining } = this.locals;
    this.code.get(record).get(pageBase).get(remaining);
  }

  /** Write a whole handler. */
  write(statements: readonly Statement[]): void {
    countUses(statements);
    this.late = undefined;
    if (hasLateExit(statements, true)) {
      this.late = { how: 'jump', taken: this.temporary(), target: this.temporary() };
      this.code.const(0).set(this.late.taken);
    }
    if (this.list(statements, true)) return;
    if (this.late !== undefined) {
      const { how, taken, target } = this.late;
      this.code.get(taken).open(Op.if);
      if (how === 'jump') this.code.get(target);
      this.leave(how);
      this.code.end();
    }
    this.sequential();
  }

  /** Write statements; true where control never reaches their end. `tail`: nothing follows them. */
  private list(statements: readonly Statement[], tail: boolean): boolean {
    let deferred: Exit | undefined;
    for (const [place, statement] of statements.entries()) {
      if (statement.kind === 'exit' && tail) {
        deferred = statement;
        continue;
      }
      const last = tail && deferred === undefined && statements.slice(place + 1).every(isInert);
      if (this.statement(statement, last)) return true;
    }
    if (deferred === undefined) return false;
    this.exit(deferred);
    return true;
  }

  private statement(statement: Statement, tail: boolean): boolean {
    const { code } = this;
    switch (statement.kind) {
      case 'let':
        if (statement.value.uses > 1) this.keep(statement.value);
        return false;
      case 'read':
        if (statement.value.uses > 0) {
          this.keep(statement.value);
        } else if (statement.always) {
          this.value(statement.value);
          code.op(Op.drop);
        }
        return false;
      case 'do':
        statement.emit(this);
        return false;
      case 'if':
        this.value(statement.condition);
        code.open(Op.if);
        this.list(statement.then, tail);
        if (statement.otherwise.length > 0) {
          code.op(Op.else);
          this.list(statement.otherwise, tail);
        }
        code.end();
        return false;
      case 'raise':
        statement.operands.forEach((operand) => this.value(operand));
        this.context();
        code.call(this.functions.raise).op(Op.unreachable);
        return true;
      case 'exit':
        this.exitLater(statement);
        return false;
      case 'advance':
        this.advance();
        return false;
    }
  }

  private exit({ how, operands, helper }: Exit): void {
    if (how === 'control') {
      this.code.const(helperNumber(helper!));
      operands.forEach((operand) => this.value(operand));
      this.context();
      this.code.call(this.functions.control);
    } else if (how === 'jump') {
      this.value(operands[0]);
    }
    this.leave(how);
  }

  private leave(how: ExitKind): void {
    if (how === 'jump') this.jump();
    else if (how === 'branch') this.branch();
    else if (how === 'repeat') this.repeat();
    else this.reload();
  }

  private exitLater({ how, operands }: Exit): void {
    const late = this.late!;
    if (how === 'control') throw new NotEmitted();
    late.how = how;
    if (how === 'jump') {
      this.value(operands[0]);
      this.code.set(late.target);
    }
    this.code.const(1).set(late.taken);
  }

  private keep(expression: Expression): void {
    this.produce(expression);
    expression.local = this.temporary();
    this.code.set(expression.local);
  }

  value(expression: Expression): void {
    if (expression.local >= 0) this.code.get(expression.local);
    else this.produce(expression);
  }

  private produce(expression: Expression): void {
    const { code, locals } = this;
    switch (expression.kind) {
      case 'constant':
        code.const(expression.value);
        break;
      case 'record':
        code.get(locals.record).memory(expression.op, expression.value);
        break;
      case 'next-eip':
        emitPlace(code, locals);
        code.get(locals.record).memory(Op.i32_load8_u, RECORD_LENGTH).const(15).op(Op.i32_and, Op.i32_add);
        break;
      case 'read':
        expression.emit!(this);
        break;
      case 'pure':
        expression.operands.forEach((operand) => this.value(operand));
        code.op(expression.op);
    }
  }
}

/** Leave the linear address of the current record's instruction on the stack. */
export function emitPlace(code: Code, { record, pageBase }: Locals): void {
  code.get(pageBase).get(record).memory(Op.i32_load16_u, RECORD_OFFSET).op(Op.i32_add);
}

/** Writes nothing. */
function isInert(statement: Statement): boolean {
  if (statement.kind === 'let') return true;
  return statement.kind === 'read' && !statement.always && statement.value.uses === 0;
}

/** Whether there is an exit in an `if` after which more follows. */
function hasLateExit(statements: readonly Statement[], tail: boolean): boolean {
  return statements.some((statement, place) => {
    if (statement.kind === 'exit') return !tail;
    if (statement.kind !== 'if') return false;
    const rest = statements.slice(place + 1);
    const last = tail && rest.every(isInert) && !statements.slice(0, place).some(({ kind }) => kind === 'exit');
    return hasLateExit(statement.then, last) || hasLateExit(statement.otherwise, last);
  });
}

/** A handler that is a function of its own: (record, page base, remaining, user) → see interpreter.ts. */
export class FunctionWriter extends HandlerWriter {
  constructor(code: Code, functions: Functions) {
    super(code, functions, { record: 0, pageBase: 1, remaining: 2, user: 3 });
  }

  temporary(): number {
    return this.code.local();
  }

  truncate(): void {
    // The caller does it for every such handler.
  }

  protected sequential(): void {
    this.code.get(this.locals.record).const(RECORD_SIZE).op(Op.i32_add, Op.return);
  }

  protected jump(): void {
    const target = this.temporary();
    this.code.set(target).const(0).get(target).memory(Op.i32_store, EIP).const(0).op(Op.return);
  }

  protected branch(): void {
    throw new NotEmitted();
  }

  protected repeat(): void {
    this.code.get(this.locals.record).op(Op.return);
  }

  protected reload(): void {
    this.code.const(1).op(Op.i32_or, Op.return);
  }

  protected advance(): void {
    throw new NotEmitted();
  }
}
