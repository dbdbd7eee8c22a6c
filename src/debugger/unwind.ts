import { evaluateAddress, SymbolError, type EvaluationContext, type UnwindRow } from '../symbols';
import { RegisterSet } from './frame-registers';
import { callBefore } from './instructions';
import { linkedAddress, moduleHasCode, type Module } from './modules';
import type { EntryCrossing, Platform, ThreadContext } from './platform';
import { keptStackPointer, pushedByAssembly, type Code } from './stack-by-assembly';
import { functionsReached, returnByEpilogue } from './stack-by-epilogue';
import { DWARF_REGISTERS, MemoryError, type RegisterName, type Target } from './target';

/** One activation of a concrete function (or of code without any). */
export interface PhysicalFrame {
  readonly address: number;
  /** The pc is a return address, so the instruction before it decides. */
  readonly afterCall: boolean;
  readonly lookupPc: number;
  readonly module: Module | undefined;
  readonly registers: RegisterSet;
  readonly isUser: boolean;
  /** Undefined where neither call-frame information nor an assumption gives it. */
  readonly cfa: number | undefined;
  readonly note: string | undefined;
}

/** What comes after a frame. */
export type UnwindStep =
  | { readonly kind: 'caller'; readonly frame: PhysicalFrame }
  | { readonly kind: 'crossing'; readonly crossing: EntryCrossing; readonly frame: PhysicalFrame }
  /** `reason` is undefined for the natural end. */
  | { readonly kind: 'end'; readonly reason: string | undefined };

const EBP = 5;
const ESP = 4;
const EIP = 8;
/** The i386 ABI lets a function destroy these: without a rule, a caller's value is not known. */
const CALLER_SAVED: readonly string[] = ['eax', 'ecx', 'edx', 'eflags'];

/** Words of the stack that are searched for a return address where there is no call-frame information. */
const SCANNED_WORDS = 64;
/** The kernel's stacks are this big and so aligned (THREAD_SIZE on i386); within one, callers are at higher addresses. */
const STACK_SIZE = 8192;
const MAX_STACK_SWITCHES = 8;
const MAX_FRAMES = 4096;
/** Code belongs to no function that begins so far before it, bytes. */
const LARGEST_FUNCTION = 1 << 16;

/** Addresses at which a function keeps its caller's registers. */
type SavedRegisters = ReadonlyMap<RegisterName, number>;
const NOTHING_SAVED: SavedRegisters = new Map();
/** `push` of the registers that a function keeps for its caller (SDM volume 2, PUSH). */
const PUSHES: ReadonlyMap<number, RegisterName> = new Map([
  [0x53, 'ebx'],
  [0x55, 'ebp'],
  [0x56, 'esi'],
  [0x57, 'edi'],
]);

/** Where a return address was found. */
interface FoundReturn {
  readonly at: number;
  readonly saved: SavedRegisters;
  readonly note: string | undefined;
  /** ESP after the return, where it takes more than the return address. */
  readonly stackPointer?: number;
}

/** What the unwinder found for a frame: its CFA and how to make its caller's registers. */
interface Recovery {
  readonly cfa: number | undefined;
  readonly note: string | undefined;
  next(): UnwindStep;
}

/** Unwinds one thread's stack, frame by frame. */
export class Unwinder {
  private readonly recoveries = new WeakMap<PhysicalFrame, Recovery>();
  private readonly seen = new Set<string>();
  private switches = 0;
  private count = 0;

  constructor(
    private readonly target: Target,
    private readonly platform: Platform,
    private readonly context: ThreadContext,
  ) {}

  top(): PhysicalFrame {
    const registers = RegisterSet.ofThread(this.context);
    const eip = registers.get('eip')?.value ?? 0;
    const module = this.platform.moduleAt(eip, this.context.id);
    // A sleeping thread stands behind the call that switched away, or at the very start of where it will begin.
    const afterCall = !this.context.live && module?.elf.symbolAt(linkedAddress(module, eip))?.offset !== 0;
    return this.frame(registers, afterCall);
  }

  next(frame: PhysicalFrame): UnwindStep {
    const recovery = this.recoveries.get(frame);
    if (!recovery) throw new Error('This frame belongs to another unwinding.');
    if (++this.count > MAX_FRAMES)
      return { kind: 'end', reason: `The stack is shown up to its ${MAX_FRAMES}th frame only.` };
    let step: UnwindStep;
    try {
      step = recovery.next();
    } catch (error) {
      if (error instanceof MemoryError || error instanceof SymbolError) return { kind: 'end', reason: error.message };
      throw error;
    }
    return step.kind === 'end' ? step : this.checked(frame, step);
  }

  /** Stops at frames that cannot follow: no code, a loop, a stack that does not grow. */
  private checked(frame: PhysicalFrame, step: Exclude<UnwindStep, { kind: 'end' }>): UnwindStep {
    const next = step.frame;
    if (next.address === 0) return { kind: 'end', reason: undefined };
    const key = `${next.address}:${next.registers.get('esp')?.value}:${next.cfa}`;
    if (this.seen.has(key)) return { kind: 'end', reason: 'The stack is damaged: the same frame comes again.' };
    this.seen.add(key);
    if (step.kind === 'caller' && frame.cfa !== undefined && next.cfa !== undefined && next.cfa <= frame.cfa) {
      const sameStack = Math.floor((frame.cfa - 1) / STACK_SIZE) === Math.floor((next.cfa - 1) / STACK_SIZE);
      if (sameStack || ++this.switches > MAX_STACK_SWITCHES)
        return { kind: 'end', reason: 'The stack is damaged: a caller’s frame lies below its callee’s.' };
    }
    return step;
  }

  private frame(registers: RegisterSet, returned: boolean, assumption?: string): PhysicalFrame {
    const address = registers.get('eip')?.value ?? 0;
    const afterCall = returned && !this.isTaskStart(address);
    const lookupPc = afterCall ? (address - 1) >>> 0 : address;
    const module = this.platform.moduleAt(lookupPc, this.context.id);
    const isUser = ((registers.get('cs')?.value ?? 0) & 3) === 3;
    const partial = { address, afterCall, lookupPc, module, registers, isUser };
    const recovery = this.recovery(partial);
    const frame = { ...partial, cfa: recovery.cfa, note: assumption ?? recovery.note };
    this.recoveries.set(frame, recovery);
    return frame;
  }

  private recovery(frame: Omit<PhysicalFrame, 'cfa' | 'note'>): Recovery {
    const row = this.rowFor(frame);
    if (row) {
      try {
        return this.byCallFrameInformation(frame, row);
      } catch (error) {
        if (!(error instanceof MemoryError || error instanceof SymbolError)) throw error;
        const { message } = error;
        return { cfa: undefined, note: undefined, next: () => ({ kind: 'end', reason: message }) };
      }
    }
    return this.withoutInformation(frame);
  }

  private rowFor(frame: Omit<PhysicalFrame, 'cfa' | 'note'>): UnwindRow | undefined {
    if (!frame.module) return undefined;
    const { symbols } = frame.module;
    try {
      const row = symbols.unwindRow(linkedAddress(frame.module, frame.lookupPc));
      if (row || !frame.afterCall) return row;
      // A signal handler returns to the first instruction of its trampoline.
      const exact = symbols.unwindRow(linkedAddress(frame.module, frame.address));
      return exact?.isSignalFrame ? exact : undefined;
    } catch (error) {
      if (error instanceof SymbolError) return undefined;
      throw error;
    }
  }

  // ------------------------------------------------------------------------------ call-frame information (DWARF 6.4)

  private byCallFrameInformation(frame: Omit<PhysicalFrame, 'cfa' | 'note'>, row: UnwindRow): Recovery {
    const { registers } = frame;
    const context = this.expressionContext(frame);
    let cfa: number;
    if (row.cfa.kind === 'expression') cfa = evaluateAddress(row.cfa.expression, context);
    else {
      const { register } = row.cfa;
      const code = this.codeOf(frame);
      const kept = register === ESP ? keptStackPointer(code, frame.afterCall) : undefined;
      const base = registers.byNumber(kept ?? register);
      if (!base)
        return {
          cfa: undefined,
          note: undefined,
          next: () => ({ kind: 'end', reason: 'The register that the caller’s frame is found by is not known.' }),
        };
      const pushed = register === ESP && kept === undefined && !frame.afterCall ? pushedByAssembly(code) : 0;
      cfa = (base.value + row.cfa.offset + pushed) >>> 0;
    }
    return {
      cfa,
      note: undefined,
      next: () => {
        const caller = new RegisterSet();
        for (const name of ['cs', 'ss', 'ds', 'es', 'fs', 'gs'] as const) caller.put(name, registers.get(name));
        DWARF_REGISTERS.forEach((name, number) => {
          const rule = row.registers.get(number === EIP ? row.returnAddressRegister : number);
          const memory = (address: number): void =>
            caller.put(name, { value: this.word(address), place: { kind: 'memory', address } });
          if (!rule) {
            if (number === ESP) caller.put(name, { value: cfa, place: { kind: 'computed' } });
            else if (!CALLER_SAVED.includes(name) && number !== EIP) caller.put(name, registers.get(name));
            return;
          }
          switch (rule.kind) {
            case 'undefined':
              return;
            case 'sameValue':
              return caller.put(name, registers.get(name));
            case 'offset':
              return memory((cfa + rule.offset) >>> 0);
            case 'valueOffset':
              return caller.put(name, { value: (cfa + rule.offset) >>> 0, place: { kind: 'computed' } });
            case 'register':
              return caller.put(name, registers.byNumber(rule.register));
            case 'expression':
              return memory(evaluateAddress(rule.expression, context, [cfa]));
            case 'valueExpression':
              return caller.put(name, {
                value: evaluateAddress(rule.expression, context, [cfa]),
                place: { kind: 'computed' },
              });
          }
        });
        // No rule for the return address: the outermost frame.
        if (!caller.get('eip')) return { kind: 'end', reason: undefined };
        return { kind: 'caller', frame: this.frame(caller, !row.isSignalFrame) };
      },
    };
  }

  private codeOf({ address, module }: Omit<PhysicalFrame, 'cfa' | 'note'>): Code {
    const symbol = module?.elf.symbolAt(linkedAddress(module, address));
    return {
      address,
      start: symbol && (address - symbol.offset) >>> 0,
      read: (at, length) => this.target.readAvailable(at >>> 0, length, this.context.pageDirectory),
    };
  }

  private expressionContext(frame: Omit<PhysicalFrame, 'cfa' | 'note'>): EvaluationContext {
    const none = (what: string) => (): never => {
      throw new SymbolError('unavailable', `${what} is not available to call-frame information.`);
    };
    return {
      pc: frame.module ? linkedAddress(frame.module, frame.lookupPc) : frame.lookupPc,
      readMemory: (address, size) => this.target.readMemory(address, size, this.context.pageDirectory),
      register: (number) => frame.registers.byNumber(number)?.value,
      cfa: none('The canonical frame address'),
      frameBase: none('A frame base'),
    };
  }

  // ------------------------------------------------------------------------------------------------ without information

  private withoutInformation(frame: Omit<PhysicalFrame, 'cfa' | 'note'>): Recovery {
    const crossing = frame.isUser ? undefined : this.platform.entryCrossing(this.context, frame.registers.complete());
    if (crossing) return { cfa: undefined, note: undefined, next: () => this.acrossEntry(crossing) };
    if (!frame.isUser && this.platform.beginsStack(frame.address))
      return { cfa: undefined, note: undefined, next: () => ({ kind: 'end', reason: undefined }) };
    const found = this.returnOfUser(frame) ?? this.findReturn(frame);
    if (!found) {
      const reason = frame.module
        ? 'There is no call-frame information for this code, and no return address was found on its stack.'
        : undefined;
      return { cfa: undefined, note: undefined, next: () => ({ kind: 'end', reason }) };
    }
    return {
      cfa: (found.at + 4) >>> 0,
      note: found.note,
      next: () => {
        const caller = new RegisterSet();
        const names = ['ebx', 'ebp', 'esi', 'edi', 'cs', 'ss', 'ds', 'es', 'fs', 'gs'] as const;
        for (const name of names) caller.put(name, frame.registers.get(name));
        for (const [name, address] of found.saved)
          caller.put(name, { value: this.word(address), place: { kind: 'memory', address } });
        caller.put('esp', { value: found.stackPointer ?? (found.at + 4) >>> 0, place: { kind: 'computed' } });
        caller.put('eip', { value: this.word(found.at), place: { kind: 'memory', address: found.at } });
        return { kind: 'caller', frame: this.frame(caller, true) };
      },
    };
  }

  private acrossEntry(crossing: EntryCrossing): UnwindStep {
    const names = [...DWARF_REGISTERS, 'cs', 'ss', 'ds', 'es', 'fs', 'gs'] as const;
    const registers = RegisterSet.of(crossing.registers, names, crossing.savedAt, this.context.live);
    // What a system call returns to is the instruction behind the one that called: like a return address. A new program has called nothing.
    const { eip } = crossing.registers;
    const module = this.platform.moduleAt(eip, this.context.id);
    const isNew = module !== undefined && linkedAddress(module, eip) === module.elf.entry;
    return {
      kind: 'crossing',
      crossing,
      frame: this.frame(registers, crossing.kind === 'systemCall' && crossing.toUser && !isNew),
    };
  }

  /** Where the return address of a program's code without call-frame information is: its instructions tell. */
  private returnOfUser({
    isUser,
    module,
    address,
    registers,
  }: Omit<PhysicalFrame, 'cfa' | 'note'>): FoundReturn | undefined {
    const esp = registers.get('esp')?.value;
    if (!isUser || !module || esp === undefined) return undefined;
    const read = (at: number, length: number): Uint8Array =>
      this.target.readAvailable(at >>> 0, length, this.context.pageDirectory);
    // A call that names its target must have called the function that the code belongs to, or one that ends by jumping there.
    const isPlausible = (at: number): boolean => {
      const kind = this.returnKind(at);
      if (typeof kind !== 'number') return kind !== undefined;
      return functionsReached(kind, read).some((start) => start <= address && address - start < LARGEST_FUNCTION);
    };
    const found = returnByEpilogue({ pc: address, esp, ebp: registers.byNumber(EBP)?.value }, read, isPlausible);
    return found && { ...found, note: 'The caller was found by the instructions up to the return.' };
  }

  /** Where the return address of code without call-frame information probably is. */
  private findReturn(frame: Omit<PhysicalFrame, 'cfa' | 'note'>): FoundReturn | undefined {
    const esp = frame.registers.get('esp')?.value;
    if (esp === undefined) return undefined;
    const { module } = frame;
    const linked = module && linkedAddress(module, frame.lookupPc);
    const symbol = module && linked !== undefined ? module.elf.symbolAt(linked) : undefined;
    const start = module && symbol ? (symbol.symbol.address + (module.loadBias ?? 0)) >>> 0 : undefined;
    const atEntry = !frame.afterCall && symbol?.offset === 0;
    if (atEntry && this.returnKind(esp) !== undefined) return { at: esp, saved: NOTHING_SAVED, note: undefined };
    const words = this.target.readAvailable(esp, SCANNED_WORDS * 4, this.context.pageDirectory);
    const view = new DataView(words.buffer, words.byteOffset, words.length);
    let weak: number | undefined;
    const ebp = frame.registers.byNumber(EBP)?.value;
    const byFramePointer =
      ebp !== undefined &&
      ebp >= esp &&
      ebp - esp < 0x10000 &&
      // While the kernel changes from one stack to another, EBP may still belong to the first.
      (frame.isUser || Math.floor(ebp / STACK_SIZE) === Math.floor(esp / STACK_SIZE)) &&
      this.returnKind((ebp + 4) >>> 0) !== undefined
        ? (ebp + 4) >>> 0
        : undefined;
    for (let offset = 0; offset + 4 <= words.length; offset += 4) {
      const at = esp + offset;
      if (byFramePointer !== undefined && at >= byFramePointer) break;
      const word = view.getUint32(offset, true);
      const kind = this.returnKindOf(word);
      const isStart = !frame.isUser && start !== undefined && this.isTaskStart(word);
      if (kind === undefined && !isStart) continue;
      if (start !== undefined && (kind === start || isStart))
        return { at, saved: this.pushed(start, at, esp), note: 'The caller was found by its call instruction.' };
      weak ??= at;
    }
    if (byFramePointer !== undefined)
      return {
        at: byFramePointer,
        saved: new Map([['ebp', byFramePointer - 4]]),
        note: 'The caller was found by the frame pointer.',
      };
    // A program's own code has been followed already: what else looks like a return address is of calls that are over.
    if (weak === undefined || !module || frame.isUser) return undefined;
    return { at: weak, saved: NOTHING_SAVED, note: 'The caller was guessed from the stack’s contents.' };
  }

  /**
   * Where the registers are that a function without call-frame information pushed first of all, as __switch_to_asm does.
   * @param start the function's first instruction
   * @param at where its return address is
   * @param esp what is below has not been pushed yet, or has been popped
   */
  private pushed(start: number, at: number, esp: number): SavedRegisters {
    const saved = new Map<RegisterName, number>();
    const code = this.target.readAvailable(start, PUSHES.size, this.context.pageDirectory);
    for (let i = 0; i < code.length; i++) {
      const name = PUSHES.get(code[i]);
      const address = at - 4 * (i + 1);
      if (name === undefined || address < esp) break;
      saved.set(name, address);
    }
    return saved;
  }

  /** Whether a new task will begin there: the return address of its first frame, which no call has left. */
  private isTaskStart(address: number): boolean {
    if (!this.platform.beginsStack(address)) return false;
    const module = this.platform.moduleAt(address, this.context.id);
    return module?.elf.symbolAt(linkedAddress(module, address))?.offset === 0;
  }

  private returnKind(at: number): number | 'indirect' | undefined {
    const bytes = this.target.readAvailable(at, 4, this.context.pageDirectory);
    if (bytes.length < 4) return undefined;
    return this.returnKindOf(new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true));
  }

  /** Whether a word may be a return address: code of a module lies there, and a call before it. */
  private returnKindOf(address: number): number | 'indirect' | undefined {
    const module = address < 4096 ? undefined : this.platform.moduleAt(address, this.context.id);
    if (!module || !moduleHasCode(module, (address - 1) >>> 0)) return undefined;
    return callBefore(this.target.readAvailable(address - 7, 7, this.context.pageDirectory), address);
  }

  private word(address: number): number {
    const bytes = this.target.readMemory(address, 4, this.context.pageDirectory);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  }
}
