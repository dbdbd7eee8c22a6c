import type { StructType, Type } from '../symbols/api';
import { sizeOf, stripTypedefs } from '../symbols';
import type { Module } from '../debugger/modules';
import type { Target } from '../debugger/target';
import { Value, type ValueAccess } from '../debugger/values';
import { describeAddress } from '../debugger/expressions';
import { wordIn } from './argument-values';

/**
 * Functions whose units define most of the structures of interest (scheduler, processes, program loading, processor set-up, sockets,
 * Internet protocols, kernel threads): these units are searched first, so that the index of all debug information is needed only for
 * rare ones.
 */
const LANDMARKS = [
  'schedule',
  'do_group_exit',
  'begin_new_exec',
  '__switch_to',
  'cpu_init',
  '__sys_socket',
  'inet_create',
  'kthreadd',
];

const TEXT = new TextDecoder();
/** Type of a segment that is loaded (ELF specification, program header). */
const PT_LOAD = 1;
/** CONFIG_VMSPLIT_3G. */
const USUAL_PAGE_OFFSET = 0xc0000000;
/** Texts up to this length (TASK_COMM_LEN) are read character by character. */
const SHORT = 16;

/** Something this kernel lacks, or that cannot be read now; the message is one sentence. */
export class LinuxError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LinuxError';
  }
}

/** Text up to its terminating zero, or all of it. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const length = end < 0 ? bytes.length : end;
  // Names are mostly short and ASCII, and read at every traced call.
  let ascii = '';
  for (let i = 0; i < length && bytes[i] < 0x80 && i < SHORT; i++) ascii += String.fromCharCode(bytes[i]);
  return ascii.length === length ? ascii : TEXT.decode(bytes.subarray(0, length));
}

/**
 * The running kernel's structures, read through its debug information: no offset is ever assumed. Kernel memory is mapped in every
 * address space, so reads need no page directory.
 */
export class Kernel {
  /** By structure and path: looked up at every call that is traced. */
  private readonly offsets = new Map<string, Map<string, number | undefined>>();
  private readonly symbols = new Map<string, number | undefined>();
  private readonly structs = new Map<string, StructType | undefined>();
  private readonly enumerators = new Map<string, number | undefined>();
  readonly access: ValueAccess;
  /** PAGE_OFFSET: the difference between virtual and physical addresses of the kernel, and where user addresses end. */
  readonly pageOffset: number;

  constructor(
    readonly module: Module,
    readonly target: Target,
  ) {
    const text = module.elf.segments.find((s) => s.type === PT_LOAD && s.virtualAddress !== s.physicalAddress);
    this.pageOffset = text ? (text.virtualAddress - text.physicalAddress) >>> 0 : USUAL_PAGE_OFFSET;
    this.access = {
      readMemory: (address, length) => target.readMemory(address, length),
      writeMemory: (address, bytes) => target.writeMemory(address, bytes),
      readRegister: () => undefined,
      writeRegister: () => {
        throw new LinuxError('A kernel structure is not kept in a register.');
      },
      describeAddress: (address) => describeAddress(address, [module]),
    };
  }

  /** A structure by its tag, or undefined where this kernel has none. */
  struct(tag: string): StructType | undefined {
    if (!this.structs.has(tag)) {
      this.structs.set(tag, this.findStruct(tag));
    }
    return this.structs.get(tag);
  }

  private findStruct(tag: string): StructType | undefined {
    const { symbols } = this.module;
    const complete = (type: Type | undefined): StructType | undefined => {
      const bare = type && stripTypedefs(type);
      return bare && 'members' in bare && !bare.isIncomplete ? bare : undefined;
    };
    for (const name of LANDMARKS) {
      const address = this.symbol(name);
      const unit = address === undefined ? undefined : symbols.unitAt(address);
      const found = unit && complete(symbols.findTaggedTypeIn(`struct ${tag}`, unit));
      if (found) return found;
    }
    return complete(symbols.findType(`struct ${tag}`));
  }

  /** Value of an enumerator, or undefined where this kernel has none of that name. */
  enumerator(name: string): number | undefined {
    if (!this.enumerators.has(name)) {
      const { symbols } = this.module;
      const landmark = this.symbol('__sys_socket');
      const near = landmark === undefined ? undefined : symbols.unitAt(landmark);
      const found = symbols.findEnumerator(name, near);
      this.enumerators.set(name, found && Number(found.value));
    }
    return this.enumerators.get(name);
  }

  /** Size of a structure in bytes. @throws LinuxError */
  sizeOf(tag: string): number {
    const type = this.struct(tag);
    if (!type) throw new LinuxError(`This kernel has no struct ${tag}.`);
    return type.byteSize;
  }

  /** Offset of a member by path (`se.vruntime`), or undefined where this kernel has none. */
  offsetIfAny(tag: string, path: string): number | undefined {
    let known = this.offsets.get(tag);
    if (!known) this.offsets.set(tag, (known = new Map()));
    if (!known.has(path)) known.set(path, this.findOffset(tag, path));
    return known.get(path);
  }

  private findOffset(tag: string, path: string): number | undefined {
    let type: Type | undefined = this.struct(tag);
    let offset = 0;
    for (const name of path.split('.')) {
      const bare: Type | undefined = type && stripTypedefs(type);
      if (!bare || !('members' in bare)) return undefined;
      const member = bare.member(name);
      if (!member) return undefined;
      offset += member.offset;
      type = member.type;
    }
    return offset;
  }

  /** Offset of a member by path. @throws LinuxError where this kernel has none */
  offset(tag: string, path: string): number {
    const offset = this.offsetIfAny(tag, path);
    if (offset !== undefined) return offset;
    const lacks = tag === 'task_struct' ? this.lacksTasks : undefined;
    throw new LinuxError(lacks ?? `This kernel has no ${tag}.${path}.`);
  }

  /** Why tasks cannot be told, in a sentence; undefined where the debug information has what they are made of. */
  get lacksTasks(): string | undefined {
    if (this.struct('task_struct')) return undefined;
    return (
      "The kernel's debug information has no struct task_struct (CONFIG_DEBUG_INFO_REDUCED leaves it out): breakpoints, stacks and " +
      'variables of the kernel are shown, but no tasks, programs, system calls and sockets.'
    );
  }

  /** Address of a symbol, or undefined. */
  symbol(name: string): number | undefined {
    let address = this.symbols.get(name);
    if (address === undefined && !this.symbols.has(name)) {
      address = this.module.elf.symbolsNamed(name)[0]?.address;
      this.symbols.set(name, address);
    }
    return address;
  }

  /** Name of the symbol that begins at, or covers, an address. */
  symbolName(address: number): string | undefined {
    return this.module.elf.symbolAt(address)?.symbol.name;
  }

  /** `__ia32_sys_socketcall+0x5a`: the symbol with the distance from its beginning. */
  symbolText(address: number): string | undefined {
    const found = this.module.elf.symbolAt(address);
    if (!found) return undefined;
    return found.offset === 0 ? found.symbol.name : `${found.symbol.name}+0x${found.offset.toString(16)}`;
  }

  u8(address: number): number {
    return this.target.readMemory(address, 1)[0];
  }

  u16(address: number): number {
    const bytes = this.target.readMemory(address, 2);
    return bytes[0] | (bytes[1] << 8);
  }

  u32(address: number): number {
    if (this.target.readWord) return this.target.readWord(address);
    return wordIn(this.target.readMemory(address, 4), 0);
  }

  /** Words of four bytes that lie in a row. */
  words(address: number, count: number): number[] {
    const words = new Array<number>(count);
    if (this.target.readWord) {
      for (let i = 0; i < count; i++) words[i] = this.target.readWord((address + 4 * i) >>> 0);
    } else {
      const bytes = this.target.readMemory(address, 4 * count);
      for (let i = 0; i < count; i++) words[i] = wordIn(bytes, 4 * i);
    }
    return words;
  }

  /** Member of four bytes, such as a pointer. */
  word(tag: string, path: string, address: number): number {
    return this.u32((address + this.offset(tag, path)) >>> 0);
  }

  /** Zero-terminated text at an address, at most `limit` bytes. */
  text(address: number, limit: number): string {
    return textOf(this.target.readAvailable(address, limit));
  }

  /** A structure in memory as a value of the debugger. @throws LinuxError */
  value(tag: string, address: number, name = tag): Value {
    const type = this.struct(tag);
    if (!type) throw new LinuxError(`This kernel has no struct ${tag}.`);
    return new Value(
      type,
      { kind: 'memory', address },
      this.access,
      name,
      `(*(struct ${tag} *)0x${address.toString(16)})`,
    );
  }

  /** Number of elements of a four-byte table that is a global variable, by its symbol's size. */
  tableLength(name: string): number {
    const [symbol] = this.module.elf.symbolsNamed(name);
    if (symbol && symbol.size > 0) return symbol.size >>> 2;
    const variable = this.module.symbols.findVariable(name);
    return variable ? (sizeOf(variable.type) ?? 0) >>> 2 : 0;
  }
}
