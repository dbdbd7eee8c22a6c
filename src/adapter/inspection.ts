import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebuggerError, OutdatedError, type Frame } from '../debugger/api';
import { assignExpression, splitFormat, variableValue, accessThrough } from '../debugger/expressions';
import {
  arrayOf,
  childCount,
  childrenOf,
  formatValue,
  memoryReferenceOf,
  mustBeMapped,
  targetOf,
  Value,
  type FormatOptions,
} from '../debugger/values';
import { typeName } from '../symbols';
import type { Scope, Variable } from '../symbols/api';
import type { GuestSession } from './guest-session';
import { linuxScopes } from './linux-scopes';
import { memoryReference } from './memory-reference';
import { Handles, type Container, type PlainVariable, type Row } from './handles';
import { hex32, registerGroups } from './registers';
import type { Sources } from './sources';

/** Stack, scopes, variables and evaluation as the protocol words them. */
export class Inspection {
  readonly handles = new Handles();

  constructor(
    private readonly session: GuestSession,
    private readonly sources: Sources,
  ) {}

  stackTrace(args: DebugProtocol.StackTraceArguments): DebugProtocol.StackTraceResponse['body'] {
    const levels = args.levels ? args.levels : undefined;
    const { frames, total } = this.session.debugger.frames(args.threadId, args.startFrame ?? 0, levels);
    const stackFrames = frames.map((frame) => this.toStackFrame(frame, args.format));
    return total === undefined ? { stackFrames } : { stackFrames, totalFrames: total };
  }

  private toStackFrame(frame: Frame, format: DebugProtocol.StackFrameFormat | undefined): DebugProtocol.StackFrame {
    if (frame.kind === 'divider') {
      return { id: frame.id, name: frame.functionName, line: 0, column: 0, presentationHint: 'label' };
    }
    const parts = [frame.functionName];
    if (format?.parameters) parts.push(`(${this.parameterText(frame, format)})`);
    if (format?.module && frame.module) parts.unshift(`${frame.module.name}!`);
    if (format?.line && frame.location) parts.push(` line ${frame.location.line}`);
    const { location } = frame;
    return {
      id: frame.id,
      name: parts.join(''),
      line: location?.line ?? 0,
      column: location ? Math.max(1, location.column) : 0,
      instructionPointerReference: this.codeReference(frame),
      ...(location ? { source: this.sources.toSource(location.file) } : {}),
      ...(frame.module ? { moduleId: frame.module.id } : {}),
      ...(location ? {} : { presentationHint: 'subtle' as const }),
    };
  }

  private memoryReference(address: number, frame: Frame | undefined): string {
    return memoryReference(address, frame, this.session);
  }

  /** Code of the running task goes by its address alone, as the disassembly view gives addresses. */
  private codeReference(frame: Frame): string {
    return this.memoryReference(frame.address, frame.pageDirectory === undefined ? undefined : frame);
  }

  private parameterText(frame: Frame, format: DebugProtocol.StackFrameFormat): string {
    return this.argumentValues(frame)
      .map((value) => {
        const parts: string[] = [];
        if (format.parameterTypes) parts.push(typeName(value.type));
        if (format.parameterNames) parts.push(value.name);
        const text = format.parameterValues ? formatValue(value, { hex: format.hex, depth: 0 }) : '';
        return parts.join(' ') + (text && parts.length > 0 ? `=${text}` : text);
      })
      .join(', ');
  }

  scopes(frameId: number): DebugProtocol.Scope[] {
    const frame = this.session.debugger.frame(frameId);
    if (frame.kind === 'divider') return [];
    // A change of a register unwinds the stack anew: the frame keeps its id, and its registers are read again.
    const now = (): Frame => this.session.debugger.frame(frameId);
    const scopes: DebugProtocol.Scope[] = [];
    const parameters = this.argumentValues(frame);
    if (parameters.length > 0) {
      scopes.push({
        name: 'Arguments',
        presentationHint: 'arguments',
        variablesReference: this.handles.create({ kind: 'values', frame, values: () => this.argumentValues(now()) }),
        namedVariables: parameters.length,
        expensive: false,
      });
    }
    // Assembly has functions in its debug information, but never variables: its registers come first.
    const isAssembly = /\.s$/i.test(frame.location?.file.path ?? '');
    if ((frame.function || frame.inlined) && !isAssembly) {
      scopes.push({
        name: 'Locals',
        presentationHint: 'locals',
        variablesReference: this.handles.create({ kind: 'values', frame, values: () => this.localValues(now()) }),
        expensive: false,
      });
    }
    scopes.push({
      name: 'Registers',
      presentationHint: 'registers',
      variablesReference: this.handles.create({ kind: 'plain', variables: () => this.registers(now) }),
      expensive: false,
    });
    for (const [name, rows] of linuxScopes(frame, this.session)) {
      scopes.push({
        name,
        variablesReference: this.handles.create({ kind: 'plain', frame, variables: rows }),
        expensive: false,
      });
    }
    return scopes;
  }

  /** A reference to rows that belong to no frame, for requests beyond the protocol's. */
  reference(rows: () => readonly Row[]): number {
    return this.handles.create({ kind: 'plain', variables: rows });
  }

  /** Parameters of a frame's function, in order. */
  argumentValues(frame: Frame): Value[] {
    return this.variables(frame, (variable) => variable.isParameter);
  }

  /** Local variables, inner blocks first; what an inner block hides is left out. */
  localValues(frame: Frame): Value[] {
    const seen = new Set<string>();
    return this.variables(frame, (variable) => !variable.isParameter).filter((value) => {
      if (seen.has(value.name)) return false;
      seen.add(value.name);
      return true;
    });
  }

  private variables(frame: Frame, wanted: (variable: Variable) => boolean): Value[] {
    const access = accessThrough(frame, this.session.modulesOf(frame));
    const values: Value[] = [];
    for (let scope: Scope | undefined = frame.scope(); scope; scope = scope.outer) {
      for (const variable of scope.variables) if (wanted(variable)) values.push(variableValue(variable, frame, access));
    }
    return values;
  }

  private registers(frame: () => Frame): PlainVariable[] {
    return registerGroups(
      frame,
      this.session.target,
      (address) => this.session.describe(address, frame()),
      (text) => this.session.evaluateNumber(text, frame()),
    );
  }

  childVariables(args: DebugProtocol.VariablesArguments): DebugProtocol.Variable[] {
    const container = this.handles.get(args.variablesReference);
    if (!container) throw new OutdatedError('That value is gone: the guest has run since.');
    const format: FormatOptions = { hex: args.format?.hex };
    switch (container.kind) {
      case 'values':
        return page(container.values(), args).map((value) => this.toVariable(value, container.frame, format));
      case 'value': {
        const { named, indexed } = childCount(container.value);
        if (args.filter === 'named' && indexed > 0) return [];
        if (args.filter === 'indexed' && named > 0) return [];
        const children =
          indexed > 0
            ? childrenOf(container.value, args.start ?? 0, args.count || undefined)
            : page(childrenOf(container.value), args);
        return children.map((value) => this.toVariable(value, container.frame, format));
      }
      case 'plain':
        return page(container.variables(), args).map((row) => this.row(row, container.frame, format));
    }
  }

  private row(row: Row, frame: Frame | undefined, format: FormatOptions): DebugProtocol.Variable {
    return row instanceof Value ? this.toVariable(row, frame, format) : this.plainVariable(row, frame);
  }

  private plainVariable(variable: PlainVariable, frame: Frame | undefined): DebugProtocol.Variable {
    const { children } = variable;
    return {
      name: variable.name,
      value: variable.value,
      type: variable.type,
      evaluateName: variable.expression,
      variablesReference: children ? this.handles.create({ kind: 'plain', frame, variables: children }) : 0,
      ...(variable.memory !== undefined ? { memoryReference: this.memoryReference(variable.memory, frame) } : {}),
      ...(variable.set || children ? {} : { presentationHint: { attributes: ['readOnly'] } }),
    };
  }

  private toVariable(value: Value, frame: Frame | undefined, format: FormatOptions): DebugProtocol.Variable {
    const { storage } = value;
    return {
      name: value.name,
      value: formatValue(value, format),
      type: typeName(value.type),
      evaluateName: value.expression,
      ...this.expansion(value, frame),
      ...(storage.kind === 'bytes' || storage.kind === 'unavailable'
        ? { presentationHint: { attributes: ['readOnly'] } }
        : {}),
    };
  }

  /** What a client needs to expand a value or to show its memory. */
  private expansion(
    value: Value,
    frame: Frame | undefined,
  ): Pick<DebugProtocol.Variable, 'variablesReference' | 'namedVariables' | 'indexedVariables' | 'memoryReference'> {
    // prettier-ignore
    const { named, indexed } = childCount(value);
    const memory = memoryReferenceOf(value);
    const container: Container = { kind: 'value', frame, value };
    return {
      variablesReference: named + indexed > 0 ? this.handles.create(container) : 0,
      ...(indexed > 0 ? { indexedVariables: indexed } : {}),
      ...(memory !== undefined ? { memoryReference: this.memoryReference(memory, frame) } : {}),
    };
  }

  evaluate(args: DebugProtocol.EvaluateArguments): DebugProtocol.EvaluateResponse['body'] {
    const frame = args.frameId === undefined ? undefined : this.session.debugger.frame(args.frameId);
    const { expression, format, count } = splitFormat(args.expression);
    let value = this.session.evaluate(expression, frame, args.context === 'repl');
    if (count !== undefined) value = slice(value, count);
    mustBeMapped(value);
    // What is copied is wanted whole.
    const limit = args.context === 'clipboard' ? Number.MAX_SAFE_INTEGER : undefined;
    const depth = args.context === 'clipboard' ? 8 : 1;
    const options = { hex: args.format?.hex, ...format, limit, depth };
    return { result: formatValue(value, options), type: typeName(value.type), ...this.expansion(value, frame) };
  }

  setVariable(args: DebugProtocol.SetVariableArguments): DebugProtocol.SetVariableResponse['body'] {
    const container = this.handles.get(args.variablesReference);
    if (!container) throw new DebuggerError('That value is gone: the guest has run since.');
    if (container.kind === 'plain') {
      const named = (): Row | undefined => container.variables().find((row) => row.name === args.name);
      const row = named();
      if (row instanceof Value) return this.assign(() => row, args.value, container.frame, args.format);
      if (!row?.set) throw new DebuggerError(`${args.name} cannot be changed.`);
      row.set(args.value);
      const now = named();
      return { value: now && !(now instanceof Value) ? now.value : '', type: row.type };
    }
    const find = (): Value => {
      const values = container.kind === 'values' ? container.values() : childrenOf(container.value);
      const found = values.find((value) => value.name === args.name);
      if (!found) throw new DebuggerError(`There is no "${args.name}" here.`);
      return found;
    };
    return this.assign(find, args.value, container.frame, args.format);
  }

  setExpression(args: DebugProtocol.SetExpressionArguments): DebugProtocol.SetExpressionResponse['body'] {
    const frame = (): Frame | undefined =>
      args.frameId === undefined ? undefined : this.session.debugger.frame(args.frameId);
    return this.assign(() => this.session.evaluate(args.expression, frame()), args.value, frame(), args.format);
  }

  /** @param find gives the value to change, and, asked again, the value as it is then: what is in a register is read anew. */
  private assign(
    find: () => Value,
    text: string,
    frame: Frame | undefined,
    format: DebugProtocol.ValueFormat | undefined,
  ): DebugProtocol.SetVariableResponse['body'] {
    const current = frame && this.session.debugger.frame(frame.id);
    assignExpression(find(), text, this.session.environment(current, false));
    const now = find();
    return {
      value: formatValue(now, { hex: format?.hex }),
      type: typeName(now.type),
      ...this.expansion(now, frame),
    };
  }

  /** What a data breakpoint on a variable or expression would watch. */
  dataBreakpointInfo(
    args: DebugProtocol.DataBreakpointInfoArguments,
  ): DebugProtocol.DataBreakpointInfoResponse['body'] {
    const frame = args.frameId === undefined ? undefined : this.session.debugger.frame(args.frameId);
    let value: Value | undefined;
    let owner = frame;
    if (args.variablesReference) {
      const container = this.handles.get(args.variablesReference);
      owner = container?.frame;
      if (container?.kind === 'values') value = container.values().find((v) => v.name === args.name);
      else if (container?.kind === 'plain') value = container.variables().find(isValueNamed(args.name));
      else if (container?.kind === 'value') value = childrenOf(container.value).find((v) => v.name === args.name);
    } else if (args.asAddress) {
      const address = this.session.evaluateNumber(args.name, frame);
      const bytes = args.bytes ?? 4;
      return dataBreakpoint(this.memoryReference(address, frame), bytes, `${bytes} bytes at ${hex32(address)}`);
    } else value = this.session.evaluate(args.name, frame);
    const address = value?.address;
    if (!value || address === undefined || value.size === 0) {
      return { dataId: null, description: `${args.name} is not in memory, so it cannot be watched.` };
    }
    const watched = this.memoryReference(address, owner);
    return dataBreakpoint(watched, args.bytes ?? value.size, value.expression ?? args.name);
  }

  /** Names that complete what has been typed, for the debug console. */
  completions(args: DebugProtocol.CompletionsArguments): DebugProtocol.CompletionItem[] {
    const before = args.text.slice(0, args.column - 1);
    const word = /[A-Za-z_$][\w$]*$/.exec(before)?.[0] ?? '';
    const frame = args.frameId === undefined ? undefined : this.session.debugger.frame(args.frameId);
    const member = /([\w$\])][\w$\].()>\-[]*?)\s*(\.|->)\s*\w*$/.exec(before);
    const names = member ? this.memberNames(member[1], frame) : this.visibleNames(frame);
    return names
      .filter((name) => name.startsWith(word) && name !== word)
      .slice(0, 200)
      .map((label) => ({ label, start: before.length - word.length, length: word.length }));
  }

  private memberNames(object: string, frame: Frame | undefined): string[] {
    try {
      const value = this.session.evaluate(object, frame);
      const target = value.bareType.kind === 'pointer' ? targetOf(value) : value;
      return target
        ? childrenOf(target)
            .map((child) => child.name)
            .filter((name) => /^\w+$/.test(name))
        : [];
    } catch {
      // What is typed so far means nothing yet: there is nothing to complete.
      return [];
    }
  }

  private visibleNames(frame: Frame | undefined): string[] {
    const at = frame ?? this.session.debugger.topFrame();
    const locals =
      at.kind === 'divider' ? [] : [...this.argumentValues(at), ...this.localValues(at)].map((v) => v.name);
    return [
      ...new Set([
        ...locals,
        '$eax',
        '$ebx',
        '$ecx',
        '$edx',
        '$esi',
        '$edi',
        '$ebp',
        '$esp',
        '$eip',
        '$eflags',
        '$pid',
        '$comm',
        '$task',
      ]),
    ];
  }
}

function dataBreakpoint(
  reference: string,
  size: number,
  description: string,
): DebugProtocol.DataBreakpointInfoResponse['body'] {
  return {
    dataId: `${reference}/${size}`,
    description,
    accessTypes: ['read', 'write', 'readWrite'],
    canPersist: false,
  };
}

function isValueNamed(name: string): (row: Row) => row is Value {
  return (row): row is Value => row instanceof Value && row.name === name;
}

/** `expression,10`: so many elements from a pointer or array. */
function slice(value: Value, count: number): Value {
  const bare = value.bareType;
  const first =
    bare.kind === 'pointer' ? targetOf(value) : bare.kind === 'array' ? childrenOf(value, 0, 1)[0] : undefined;
  if (!first) throw new DebuggerError('Only a pointer or an array can be shown as so many elements.');
  return new Value(arrayOf(first.type, count), first.storage, first.access, value.name);
}

function page<T>(items: readonly T[], args: { start?: number; count?: number }): readonly T[] {
  const start = args.start ?? 0;
  return args.count ? items.slice(start, start + args.count) : items.slice(start);
}
