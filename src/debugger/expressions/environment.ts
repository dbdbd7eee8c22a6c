import type {
  EnumType,
  FunctionInfo,
  InlinedCall,
  Scope,
  StructType,
  SymbolFileApi,
  Type,
  UnitInfo,
  Variable,
} from '../../symbols/api';
import type { Frame } from '../api';
import { linkedAddress, placedAddress, type Module } from '../modules';
import { stripTypedefs } from '../../symbols';
import { DWARF_REGISTERS } from '../target';
import { INT, VOID_POINTER } from './ctypes';
import { storageOf, unavailability, Value, ValueError, withLength, type ValueAccess } from '../values';

/** What names mean while an expression is evaluated. */
export interface ExpressionEnvironment {
  readonly access: ValueAccess;
  /** Local variables, inner to outer, then those of the file, then globals anywhere. */
  variable(name: string): Value | undefined;
  /** `'file'::name` or `function::name`. */
  scopedVariable(scope: string, isFile: boolean, name: string): Value | undefined;
  functionNamed(name: string): { readonly fn: FunctionInfo; readonly address: number } | undefined;
  /** Address of a symbol without debug information. */
  symbolAddress(name: string): number | undefined;
  type(name: string): Type | undefined;
  enumerator(name: string): { readonly type: EnumType; readonly value: bigint } | undefined;
  /** `$eax` and the like (name with its `$`), then convenience variables. */
  convenience(name: string): Value | undefined;
  /** Assignments and increments are allowed. */
  readonly allowAssignment: boolean;
  /** What the sources write and debug information does not know. */
  readonly idioms?: Idioms;
}

/** What a system's sources define by macros and inline functions, which leave no trace in debug information. Another layer gives it. */
export interface Idioms {
  /** What a member that a structure lacks stands for: `sk_prot` of struct sock is `__sk_common`, `skc_prot`. */
  memberPath(type: StructType, name: string): readonly string[] | undefined;
  /** Structure that an accessor finds at a pointer: `tcp_sk` gives `struct tcp_sock`. */
  accessor(name: string): string | undefined;
  /** A name that is no variable, such as `current`. */
  variable(name: string, frame: Frame, access: ValueAccess): Value | undefined;
}

/** A table of `$name` variables that another layer adds, such as `$pid`. Asked only when used. */
export type ConvenienceVariables = ReadonlyMap<string, (access: ValueAccess) => Value | undefined>;

export interface EnvironmentOptions {
  readonly convenience?: ConvenienceVariables;
  readonly allowAssignment?: boolean;
  /** Modules searched after the frame's own. */
  readonly modules?: readonly Module[];
  readonly idioms?: Idioms;
}

/** How values reach the machine through a frame. */
export function accessThrough(frame: Frame, modules: readonly Module[]): ValueAccess {
  return {
    readMemory: (address, length) => frame.readMemory(address, length),
    writeMemory: (address, bytes) => frame.writeMemory(address, bytes),
    readRegister(number) {
      const known = frame.registers.byNumber(number);
      if (known) return Uint8Array.of(known.value, known.value >>> 8, known.value >>> 16, known.value >>> 24);
      return frame.evaluationContext().wideRegister?.(number);
    },
    writeRegister(number, bytes) {
      const name = DWARF_REGISTERS[number];
      if (!name) throw new ValueError('Only general registers can be changed.');
      const word = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24);
      frame.writeRegister(name, word >>> 0);
    },
    describeAddress: (address) => describeAddress(address, frame.module ? [frame.module, ...modules] : modules),
  };
}

/** `symbol` or `symbol+0x12` for an address in one of the modules; kernel modules claim only kernel addresses, so each address has one. */
export function describeAddress(address: number, modules: readonly Module[]): string | undefined {
  for (const module of modules) {
    const found = module.elf.symbolAt(linkedAddress(module, address));
    if (!found) continue;
    // A symbol without a size claims everything up to the next one; far beyond it the name would mislead.
    if (found.symbol.size === 0 && found.offset > 0x1000) continue;
    return found.offset === 0 ? found.symbol.name : `${found.symbol.name}+0x${found.offset.toString(16)}`;
  }
  return undefined;
}

/** A variable of a frame, wherever it is at the frame's address. Never throws: an unreadable location becomes the value's reason. */
export function variableValue(variable: Variable, frame: Frame, access: ValueAccess, module = frame.module): Value {
  const make = (storage: Value['storage']): Value =>
    new Value(typeOf(variable, storage, module), storage, access, variable.name, variable.name);
  if (!module) return make({ kind: 'unavailable', reason: 'no symbols are known here' });
  try {
    const context = { ...frame.evaluationContext(), loadBias: module.loadBias };
    return make(storageOf(module.symbols.locate(variable, context)));
  } catch (error) {
    return make({ kind: 'unavailable', reason: unavailability(error) });
  }
}

/** A variable's type; an array that is declared without its length has the length that its symbol has. */
function typeOf({ type, name }: Variable, storage: Value['storage'], module: Module | undefined): Type {
  if (!module || storage.kind !== 'memory' || stripTypedefs(type).kind !== 'array') return type;
  const linked = linkedAddress(module, storage.address);
  const symbol = module.elf.symbolsNamed(name).find(({ address }) => address === linked);
  return symbol ? withLength(type, symbol.size) : type;
}

/** The environment of a frame: its scopes, its unit's statics, globals, registers. */
export function environmentOf(frame: Frame, options: EnvironmentOptions = {}): ExpressionEnvironment {
  const modules = options.modules ?? [];
  const access = accessThrough(frame, modules);
  const searched = frame.module ? [frame.module, ...modules.filter((m) => m !== frame.module)] : [...modules];
  const unit = unitOf(frame);

  const first = <T>(ask: (symbols: SymbolFileApi, near: UnitInfo | undefined) => T | undefined): T | undefined => {
    for (const module of searched) {
      if (!module.symbols.hasDebugInfo) continue;
      const found = ask(module.symbols, module === frame.module ? unit : undefined);
      if (found !== undefined) return found;
    }
    return undefined;
  };

  const global = (name: string): Value | undefined => {
    for (const module of searched) {
      if (!module.symbols.hasDebugInfo) continue;
      const variable = module.symbols.findVariable(name, module === frame.module ? unit : undefined);
      if (variable) return variableValue(variable, frame, access, module);
    }
    return undefined;
  };

  const local = (name: string): Value | undefined => {
    for (let scope: Scope | undefined = frame.scope(); scope; scope = scope.outer) {
      // A later declaration of a block hides an earlier one of the same name.
      const variable = scope.variables.findLast((v) => v.name === name);
      if (variable) return variableValue(variable, frame, access);
    }
    return undefined;
  };

  return {
    access,
    allowAssignment: options.allowAssignment ?? false,
    idioms: options.idioms,
    variable: (name) => local(name) ?? global(name) ?? options.idioms?.variable(name, frame, access),
    scopedVariable(scope, isFile, name) {
      if (!isFile) {
        for (let at: Frame | undefined = frame; at; at = at.caller()) {
          if (at.functionName !== scope) continue;
          for (let s: Scope | undefined = at.scope(); s; s = s.outer) {
            const variable = s.variables.findLast((v) => v.name === name);
            if (variable) return variableValue(variable, at, accessThrough(at, modules));
          }
        }
        return undefined;
      }
      for (const module of searched) {
        for (const file of module.symbols.findFiles(scope)) {
          for (const near of file.units) {
            const variable = module.symbols.globals(near).find((v) => v.name === name);
            if (variable) return variableValue(variable, frame, access, module);
          }
        }
      }
      return undefined;
    },
    functionNamed(name) {
      for (const module of searched) {
        const fn = module.symbols.hasDebugInfo ? module.symbols.findFunctions(name).concrete[0] : undefined;
        if (fn) return { fn, address: placedAddress(module, fn.lowPc) };
      }
      return undefined;
    },
    symbolAddress(name) {
      for (const module of searched) {
        const [symbol] = module.elf.symbolsNamed(name);
        if (symbol) return placedAddress(module, symbol.address);
      }
      return undefined;
    },
    type: (name) => first((symbols, near) => symbols.findType(name, near)),
    enumerator: (name) => first((symbols, near) => symbols.findEnumerator(name, near)),
    convenience: (name) => registerValue(name, frame, access) ?? options.convenience?.get(name.slice(1))?.(access),
  };
}

function unitOf(frame: Frame): UnitInfo | undefined {
  const code: FunctionInfo | InlinedCall | undefined = frame.inlined ?? frame.function;
  if (!code) return undefined;
  return code.kind === 'inlined' ? code.function.unit : code.unit;
}

/** Sub-registers of i386: which register, first byte, size (SDM volume 1, figure 3-5). */
const SUB_REGISTERS: Record<string, [register: number, byte: number, size: number]> = {
  ax: [0, 0, 2], cx: [1, 0, 2], dx: [2, 0, 2], bx: [3, 0, 2], sp: [4, 0, 4], bp: [5, 0, 2], si: [6, 0, 2], di: [7, 0, 2],
  al: [0, 0, 1], cl: [1, 0, 1], dl: [2, 0, 1], bl: [3, 0, 1], ah: [0, 1, 1], ch: [1, 1, 1], dh: [2, 1, 1], bh: [3, 1, 1],
  fp: [5, 0, 4], pc: [8, 0, 4], ip: [8, 0, 2], flags: [9, 0, 2], ps: [9, 0, 4],
}; // prettier-ignore

function registerValue(name: string, frame: Frame, access: ValueAccess): Value | undefined {
  const bare = name.slice(1).toLowerCase();
  const full = (DWARF_REGISTERS as readonly string[]).indexOf(bare);
  const [register, byte, size] = full >= 0 ? [full, 0, 4] : (SUB_REGISTERS[bare] ?? []);
  if (register !== undefined && byte !== undefined && size !== undefined) {
    const place = { place: { kind: 'register' as const, register }, bitSize: 32, bitOffset: 0 };
    const whole: Value['storage'] = { kind: 'pieces', pieces: [place] };
    const storage: Value['storage'] = byte || size < 4 ? { kind: 'part', whole, byteOffset: byte } : whole;
    // The program counter and stack pointer are addresses, as in gdb; others plain integers.
    const type =
      register === 8 || (register === 4 && size === 4) || (register === 5 && size === 4)
        ? VOID_POINTER
        : integerType(size);
    return new Value(type, storage, access, name, name);
  }
  const segment = frame.registers.get(bare as 'cs');
  if (segment && ['cs', 'ss', 'ds', 'es', 'fs', 'gs'].includes(bare)) {
    return new Value(
      integerType(2),
      { kind: 'bytes', bytes: Uint8Array.of(segment.value, segment.value >>> 8) },
      access,
      name,
      name,
    );
  }
  return undefined;
}

function integerType(byteSize: number): Type {
  if (byteSize === 4) return INT;
  return {
    kind: 'base',
    id: -1,
    name: byteSize === 2 ? 'short' : 'int8_t',
    encoding: 'signed',
    byteSize,
    bitSize: undefined,
  };
}
