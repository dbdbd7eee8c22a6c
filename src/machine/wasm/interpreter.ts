/**
 * The interpreter, emitted as WebAssembly: one function with a loop around a br_table over the handlers of the usual forms, and a function of its
 * own, compiled when first met, for each form that is not usual.
 */

import { type Form } from '../cpu/forms';
import { EIP, NEXT_EIP } from '../cpu/layout';
import { Code, IMPORTS, ModuleBuilder, Op } from './assembler';
import { Emitter, NotEmitted, Operand, OPERANDS } from './emitter';
import { type Locals } from './expression';
import { hotForms, type Inlined } from './hotforms';
import { emitReload, InlineWriter } from './inline-writer';
import { type Functions, IMPORTED, type Imported, type ImportedName, SHARED, type SharedName } from './imports';
import { Handler, RECORD_HANDLER } from './record';
import { defineShared, emitSaveRemaining } from './shared';
import { emitPlace, FunctionWriter } from './writer';

/** More than there are forms with their operands. */
const TABLE_SIZE = 8192;

/** What the code cache has to know of a form's handler. */
export interface Plan {
  /** RECORD_HANDLER. */
  readonly handler: number;
  /** RECORD_IMMEDIATE holds opcode and ModRM. */
  readonly usesOpcode: boolean;
  /** RECORD_DISPLACEMENT holds the second immediate. */
  readonly usesImmediate2: boolean;
  /** RECORD_REG and RECORD_RM name 8-bit registers. */
  readonly regIs8: boolean;
  readonly rmIs8: boolean;
  /** A relative branch, so that Operand.Near may be asked for. */
  readonly branches: boolean;
}

interface Emitted {
  emitter: Emitter;
  plan: Omit<Plan, 'handler'>;
}

const EVALUATE: Plan = {
  handler: Handler.Evaluate,
  usesOpcode: false,
  usesImmediate2: false,
  regIs8: false,
  rmIs8: false,
  branches: false,
};

/** Run a form's semantics through the emitter; undefined where it has to be left to the evaluator. */
function emit(form: Form, operand: Operand): Emitted | undefined {
  try {
    const emitter = new Emitter(form, operand);
    form.semantics(emitter);
    if (emitter.usesOpcode && emitter.usesImmediate) return undefined;
    if (emitter.usesImmediate2 && (emitter.usesAddress || operand === Operand.Near)) return undefined;
    if (operand === Operand.Near && (!emitter.branches || emitter.usesAddress)) return undefined;
    const { usesOpcode, usesImmediate2, branches } = emitter;
    const plan = {
      usesOpcode,
      usesImmediate2,
      branches,
      regIs8: emitter.regIs8 ?? false,
      rmIs8: emitter.rmIs8 ?? false,
    };
    return { emitter, plan };
  } catch (error) {
    if (error instanceof NotEmitted) return undefined;
    throw error;
  }
}

/** What is the same for all machines: the interpreter's module, and the modules of the functions outside of it as they were needed. */
class Program {
  readonly plans = new Map<number, Plan>();
  /** Handlers for two instructions in a row, by their keys. */
  readonly fusions = new Map<number, Map<number, number>>();
  readonly module: WebAssembly.Module;
  /** Modules of forms that are not inlined, by number from `firstOutside` on. */
  readonly outside: WebAssembly.Module[] = [];
  readonly firstOutside: number;

  constructor(inlined: readonly Inlined[]) {
    const builder = new InterpreterBuilder();
    for (const { form, operand, second } of inlined) {
      const first = emit(form, operand);
      if (first === undefined) continue;
      if (second === undefined) {
        this.plans.set(planKey(form, operand), { ...first.plan, handler: builder.add(first.emitter) });
        continue;
      }
      const known = first.emitter.flags;
      if (known === undefined) continue;
      const next = new Emitter(second.form, second.operand, known);
      second.form.semantics(next);
      const { a, operand: b, result } = known;
      first.emitter.statements.push({ kind: 'advance', keep: [a, b, result] }, ...next.statements);
      const key = planKey(form, operand);
      if (!this.fusions.has(key)) this.fusions.set(key, new Map());
      this.fusions.get(key)!.set(planKey(second.form, second.operand), builder.add(first.emitter));
    }
    this.firstOutside = builder.handlers;
    this.module = new WebAssembly.Module(builder.finish());
  }

  plan(form: Form, operand: Operand): Plan {
    const key = planKey(form, operand);
    let plan = this.plans.get(key);
    if (plan === undefined) this.plans.set(key, (plan = this.compile(form, operand)));
    return plan;
  }

  /** Make a function of its own for a form. */
  private compile(form: Form, operand: Operand): Plan {
    const emitted = emit(form, operand);
    if (emitted === undefined) return EVALUATE;
    const module = new ModuleBuilder();
    module.importMemory('memory');
    const functions = importShared(module);
    const index = module.declare('handler', 4, 1);
    const code = new Code(4);
    try {
      const writer = new FunctionWriter(code, functions);
      writer.write(emitted.emitter.statements);
    } catch (error) {
      if (error instanceof NotEmitted) return { ...EVALUATE, branches: emitted.plan.branches };
      throw error;
    }
    code.op(Op.unreachable);
    module.define(index, code);
    this.outside.push(new WebAssembly.Module(module.bytes()));
    return { ...emitted.plan, handler: this.firstOutside + this.outside.length - 1 };
  }
}

/** Made when the first machine is. */
let program: Program | undefined;

export class Interpreter {
  private readonly program: Program;
  private readonly table = new WebAssembly.Table({ initial: TABLE_SIZE, element: 'anyfunc' });
  private readonly shared: WebAssembly.Exports;
  /** Execute from a record on, at most so many instructions; leaves EIP, NEXT_EIP and REMAINING in the state. */
  readonly run: (record: number, instructions: number) => void;

  constructor(
    private readonly memory: WebAssembly.Memory,
    imported: Imported,
  ) {
    this.program = program ??= new Program(hotForms());
    const env = { memory, table: this.table, ...imported };
    this.shared = new WebAssembly.Instance(this.program.module, { [IMPORTS]: env }).exports;
    this.run = this.shared['run'] as (record: number, instructions: number) => void;
  }

  /** The handler for a form with such an operand. */
  plan(form: Form, operand: Operand): Plan {
    const plan = this.program.plan(form, operand);
    const place = plan.handler - this.program.firstOutside;
    if (place >= 0 && this.table.get(place) === null) {
      const env = { memory: this.memory, ...this.shared };
      const instance = new WebAssembly.Instance(this.program.outside[place], { [IMPORTS]: env });
      this.table.set(place, instance.exports['handler']);
    }
    return plan;
  }

  /** The handler that executes two instructions in a row, if there is one. */
  fused(first: Form, firstOperand: Operand, second: Form, secondOperand: Operand): number | undefined {
    return this.program.fusions.get(planKey(first, firstOperand))?.get(planKey(second, secondOperand));
  }
}

function planKey(form: Form, operand: Operand): number {
  return form.id * OPERANDS + operand;
}

function importShared(module: ModuleBuilder): Functions {
  const functions = {} as Record<SharedName, number>;
  for (const name of Object.keys(SHARED) as SharedName[]) {
    functions[name] = module.importFunction(name, SHARED[name][0], SHARED[name][1]);
  }
  return functions;
}

/** Puts the interpreter's function together. */
class InterpreterBuilder {
  private readonly emitters: Emitter[] = [];

  /** Number of handlers so far. */
  get handlers(): number {
    return Handler.First + this.emitters.length;
  }

  /** Add a handler; its number. */
  add(emitter: Emitter): number {
    return Handler.First + this.emitters.push(emitter) - 1;
  }

  finish(): Uint8Array<ArrayBuffer> {
    const module = new ModuleBuilder();
    module.importMemory('memory');
    module.importTable('table');
    const imported = {} as Record<ImportedName, number>;
    for (const name of Object.keys(IMPORTED) as ImportedName[]) {
      imported[name] = module.importFunction(name, IMPORTED[name][0], IMPORTED[name][1]);
    }
    const functions = {} as Record<SharedName, number>;
    for (const name of Object.keys(SHARED) as SharedName[]) {
      functions[name] = module.declare(name, SHARED[name][0], SHARED[name][1]);
    }
    const run = module.declare('run', 2, 0);
    defineShared(module, functions, imported);
    module.define(run, this.run(module.type(4, 1), functions, imported));
    return module.bytes();
  }

  private run(handlerType: number, functions: Functions, imported: Record<ImportedName, number>): Code {
    const code = new Code(2);
    const locals: Locals = { record: 0, remaining: 1, pageBase: code.local(), user: code.local() };
    const target = code.local();
    const pool: number[] = [];
    emitReload(code, locals);
    const exit = code.open(Op.block);
    const loop = code.open(Op.loop);
    const jump = code.open(Op.block);
    const writer = new InlineWriter(code, functions, locals, { loop, exit, jump }, target, pool);
    const outside = code.open(Op.block);
    const count = this.handlers;
    const labels: number[] = [];
    for (let n = 0; n < count; n++) labels.unshift(code.open(Op.block));
    code.get(locals.record).memory(Op.i32_load16_u, RECORD_HANDLER).brTable(labels, outside);
    for (let handler = 0; handler < count; handler++) {
      code.end();
      if (handler >= Handler.First) writer.handler(this.emitters[handler - Handler.First]);
      else writer.special(handler as Handler);
    }
    code.end();
    writer.outside(handlerType, count);
    code.end();
    writer.jumpBlock(imported.enter);
    code.end().end();
    code.const(0);
    emitPlace(code, locals);
    code.tee(target).memory(Op.i32_store, EIP).const(0).get(target).memory(Op.i32_store, NEXT_EIP);
    emitSaveRemaining(code, locals.remaining);
    return code;
  }
}
