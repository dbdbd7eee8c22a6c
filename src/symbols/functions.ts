import {
  type AddressRange,
  type FunctionInfo,
  type InlinedCall,
  type LocationDescription,
  type Scope,
  type SourceFile,
  type Type,
  type UnitInfo,
  type Variable,
} from './api';
import { DW_AT, DW_TAG } from './constants';
import { type Die } from './die';
import { type Dwarf } from './dwarf';
import { SymbolError } from './errors';
import { type Unit } from './info';
import { locationOf } from './locations';
import { covers, rangesOf } from './rnglists';

const MAX_NESTING = 200;

/** Concrete functions of all units; a unit's entries are read when an address or name leads there. */
export class Functions {
  private readonly perUnit = new Map<Unit, UnitFunctions>();

  constructor(readonly dwarf: Dwarf) {}

  of(unit: Unit): UnitFunctions {
    let functions = this.perUnit.get(unit);
    if (!functions) {
      functions = new UnitFunctions(this.dwarf, unit);
      this.perUnit.set(unit, functions);
    }
    return functions;
  }

  at(address: number): ConcreteFunction | undefined {
    const unit = this.dwarf.unitAt(address);
    return unit && this.of(unit).at(address);
  }
}

/** The concrete functions of one unit. */
export class UnitFunctions {
  private list: ConcreteFunction[] = [];
  private sorted: { start: number; end: number; fn: ConcreteFunction }[] = [];
  private isDeep = false;

  constructor(
    private readonly dwarf: Dwarf,
    private readonly unit: Unit,
  ) {
    this.read(false);
  }

  get all(): readonly ConcreteFunction[] {
    return this.list;
  }

  at(address: number): ConcreteFunction | undefined {
    const found = this.search(address);
    if (found || this.isDeep) return found;
    // GNU C's nested functions and members of C++ classes stand deeper; few programs need that walk.
    this.read(true);
    return this.search(address);
  }

  private read(deep: boolean): void {
    this.isDeep = deep;
    this.list = [];
    try {
      this.collect(this.unit.root, deep, 0);
    } catch (error) {
      this.dwarf.info.warn(error);
    }
    this.sorted = this.list
      .flatMap((fn) => fn.ranges.map((range) => ({ start: range.start, end: range.end, fn })))
      .sort((a, b) => a.start - b.start || b.end - a.end);
  }

  private collect(parent: Die, deep: boolean, depth: number): void {
    for (const die of parent.children()) {
      if (die.tag === DW_TAG.subprogram) {
        if (die.has(DW_AT.low_pc) || die.has(DW_AT.ranges)) {
          const ranges = rangesOf(die);
          if (ranges.length > 0) this.list.push(new ConcreteFunction(this.dwarf, die, ranges));
        }
        if (deep && depth < MAX_NESTING) this.collect(die, deep, depth + 1);
      } else if (die.tag === DW_TAG.namespace || (deep && CONTAINERS.has(die.tag))) {
        if (depth < MAX_NESTING) this.collect(die, deep, depth + 1);
      }
    }
  }

  private search(address: number): ConcreteFunction | undefined {
    const { sorted } = this;
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle].start <= address) low = middle + 1;
      else high = middle;
    }
    // The innermost comes last; a few steps back find a function around a nested one.
    for (let i = low - 1; i >= 0 && i >= low - 4; i--) if (address < sorted[i].end) return sorted[i].fn;
    return undefined;
  }
}

const CONTAINERS = new Set<number>([
  DW_TAG.structure_type,
  DW_TAG.class_type,
  DW_TAG.union_type,
  DW_TAG.lexical_block,
  DW_TAG.module,
]);

/** A block of a function's body, down to which an address can be attributed. */
export class Block {
  readonly children: Block[] = [];
  /** Variables and parameters declared directly in it. */
  readonly declarations: Die[] = [];

  constructor(
    readonly die: Die,
    readonly kind: 'function' | 'inlined' | 'block',
    readonly ranges: readonly AddressRange[],
    readonly outer: Block | undefined,
  ) {}

  /** The innermost block around an address that this one covers. */
  innermost(address: number): Block {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the descent starts here
    let block: Block = this;
    for (;;) {
      const inner = block.children.find((child) => covers(child.ranges, address));
      if (!inner) return block;
      block = inner;
    }
  }
}

/** A function's body, read in one walk. */
interface Body {
  readonly block: Block;
  /** DW_TAG_call_site entries by return address. */
  readonly calls: ReadonlyMap<number, Die>;
}

const BLOCK_TAGS = new Set<number>([DW_TAG.lexical_block, DW_TAG.try_block, DW_TAG.catch_block, DW_TAG.with_stmt]);

export class ConcreteFunction implements FunctionInfo {
  readonly kind = 'function';
  readonly id: number;
  readonly lowPc: number;
  readonly ranges: readonly AddressRange[];
  private bodyRead: Body | undefined;
  private readonly inlinedCalls = new Map<Block, InlinedInstance>();
  private readonly scopes = new Map<Block, readonly Variable[]>();

  constructor(
    readonly dwarf: Dwarf,
    readonly die: Die,
    ranges: readonly AddressRange[],
  ) {
    this.id = die.id;
    this.lowPc = die.address(DW_AT.entry_pc) ?? die.address(DW_AT.low_pc) ?? ranges[0].start;
    // Compilers put the hot part first, but nothing forces them to.
    const first = ranges.findIndex((range) => this.lowPc >= range.start && this.lowPc < range.end);
    this.ranges = first > 0 ? [ranges[first], ...ranges.filter((_, i) => i !== first)] : ranges;
  }

  get name(): string {
    return this.die.name ?? '';
  }

  get linkageName(): string | undefined {
    return linkageName(this.die);
  }

  get unit(): UnitInfo {
    return this.die.unit;
  }

  get file(): SourceFile | undefined {
    return declaredIn(this.dwarf, this.die);
  }

  get line(): number {
    return this.die.withAttribute(DW_AT.decl_line)?.number(DW_AT.decl_line) ?? 0;
  }

  get isExternal(): boolean {
    return this.die.withAttribute(DW_AT.external)?.flag(DW_AT.external) ?? false;
  }

  get isNoReturn(): boolean {
    return this.die.withAttribute(DW_AT.noreturn)?.flag(DW_AT.noreturn) ?? false;
  }

  get isPrototyped(): boolean {
    return (this.die.withAttribute(DW_AT.prototyped)?.flag(DW_AT.prototyped) ?? false) || this.parameters.length > 0;
  }

  get returnType(): Type {
    return this.dwarf.types.of(this.die);
  }

  get frameBase(): LocationDescription {
    const die = this.die.withAttribute(DW_AT.frame_base);
    return die ? locationOf(die, DW_AT.frame_base) : { kind: 'none' };
  }

  get parameters(): readonly Variable[] {
    return this.variablesOf(this.body.block).filter((variable) => variable.isParameter);
  }

  /** @throws SymbolError */
  get body(): Body {
    if (!this.bodyRead) {
      const calls = new Map<number, Die>();
      const block = new Block(this.die, 'function', this.ranges, undefined);
      readBlock(this.die, block, calls, 0);
      this.bodyRead = { block, calls };
    }
    return this.bodyRead;
  }

  /** The inlined instance that a block is or lies in. */
  inlinedAround(block: Block | undefined): InlinedInstance | undefined {
    for (let b = block; b; b = b.outer) {
      if (b.kind !== 'inlined') continue;
      let call = this.inlinedCalls.get(b);
      if (!call) {
        call = new InlinedInstance(this, b);
        this.inlinedCalls.set(b, call);
      }
      return call;
    }
    return undefined;
  }

  /** Inlined instances around an address, innermost first. */
  inlinesAt(address: number): InlinedInstance[] {
    const calls: InlinedInstance[] = [];
    let call = this.inlinedAround(this.body.block.innermost(address));
    while (call) {
      calls.push(call);
      call = call.outer;
    }
    return calls;
  }

  /** All inlined instances in the function. */
  *allInlines(): Generator<InlinedInstance> {
    const pending = [this.body.block];
    for (let block = pending.pop(); block; block = pending.pop()) {
      if (block.kind === 'inlined') {
        const call = this.inlinedAround(block);
        if (call) yield call;
      }
      pending.push(...block.children);
    }
  }

  variablesOf(block: Block): readonly Variable[] {
    let list = this.scopes.get(block);
    if (!list) {
      list = declarationsOf(block).map((die) => this.dwarf.variables.get(die));
      this.scopes.set(block, list);
    }
    return list;
  }

  /** The scopes from the innermost block at an address out to the frame's own block. */
  scopeAt(address: number, frame: FunctionInfo | InlinedCall | undefined): Scope | undefined {
    const innermost = this.body.block.innermost(address);
    let end: Block | undefined;
    if (!frame) end = this.inlinedAround(innermost)?.block ?? this.body.block;
    else if (frame.id === this.id) end = this.body.block;
    else for (let b: Block | undefined = innermost; b; b = b.outer) if (b.die.id === frame.id) end = b;
    if (!end) return undefined;
    // Blocks of instances inlined into this frame belong to other frames.
    let start: Block | undefined = innermost;
    for (let b: Block | undefined = innermost; b && b !== end; b = b.outer) if (b.kind === 'inlined') start = b.outer;
    return start && this.scope(start, end);
  }

  private scope(block: Block, end: Block): Scope {
    const outer = block === end || !block.outer ? undefined : this.scope(block.outer, end);
    return {
      kind: block.kind,
      id: block.die.id,
      ranges: block.ranges,
      variables: this.variablesOf(block),
      outer,
    };
  }
}

/** DWARF 3.3.8.2. */
export class InlinedInstance implements InlinedCall {
  readonly kind = 'inlined';
  readonly id: number;

  constructor(
    private readonly container: ConcreteFunction,
    readonly block: Block,
  ) {
    this.id = block.die.id;
  }

  get function(): ConcreteFunction {
    return this.container;
  }

  private get die(): Die {
    return this.block.die;
  }

  get name(): string {
    return this.die.name ?? '';
  }

  get origin(): number {
    return this.die.referenceId(DW_AT.abstract_origin) ?? this.id;
  }

  get ranges(): readonly AddressRange[] {
    return this.block.ranges;
  }

  get entryPc(): number {
    const { die } = this;
    const stated = die.address(DW_AT.entry_pc);
    if (stated !== undefined) return stated;
    // Since DWARF 5 it may also be a distance from the base address.
    const base = die.address(DW_AT.low_pc) ?? Math.min(...this.ranges.map((range) => range.start));
    return base + (die.number(DW_AT.entry_pc) ?? 0);
  }

  get file(): SourceFile | undefined {
    return declaredIn(this.container.dwarf, this.die);
  }

  get line(): number {
    return this.die.withAttribute(DW_AT.decl_line)?.number(DW_AT.decl_line) ?? 0;
  }

  get callFile(): SourceFile | undefined {
    return this.container.dwarf.lines.fileOf(this.die.unit, this.die.number(DW_AT.call_file));
  }

  get callLine(): number {
    return this.die.number(DW_AT.call_line) ?? 0;
  }

  get callColumn(): number {
    return this.die.number(DW_AT.call_column) ?? 0;
  }

  get outer(): InlinedInstance | undefined {
    return this.container.inlinedAround(this.block.outer);
  }

  get returnType(): Type {
    return this.container.dwarf.types.of(this.die);
  }

  get parameters(): readonly Variable[] {
    return this.container.variablesOf(this.block).filter((variable) => variable.isParameter);
  }
}

export function linkageName(die: Die): string | undefined {
  const named = die.withAttribute(DW_AT.linkage_name);
  if (named) return named.string(DW_AT.linkage_name);
  return die.withAttribute(DW_AT.MIPS_linkage_name)?.string(DW_AT.MIPS_linkage_name);
}

function declaredIn(dwarf: Dwarf, die: Die): SourceFile | undefined {
  const declared = die.withAttribute(DW_AT.decl_file);
  return declared && dwarf.lines.fileOf(declared.unit, declared.number(DW_AT.decl_file));
}

function readBlock(die: Die, block: Block, calls: Map<number, Die>, depth: number): void {
  if (depth > MAX_NESTING) throw new SymbolError('limit', 'the blocks of a function are nested too deeply');
  for (const child of die.children()) {
    const { tag } = child;
    if (tag === DW_TAG.variable || tag === DW_TAG.formal_parameter) {
      block.declarations.push(child);
    } else if (tag === DW_TAG.inlined_subroutine || BLOCK_TAGS.has(tag)) {
      const hasCode = child.has(DW_AT.low_pc) || child.has(DW_AT.ranges);
      if (!hasCode) {
        // A block without addresses groups its children and nothing else, as gdb takes it.
        if (tag !== DW_TAG.inlined_subroutine) readBlock(child, block, calls, depth + 1);
        continue;
      }
      const ranges = rangesOf(child);
      if (ranges.length === 0) continue;
      const inner = new Block(child, tag === DW_TAG.inlined_subroutine ? 'inlined' : 'block', ranges, block);
      block.children.push(inner);
      readBlock(child, inner, calls, depth + 1);
    } else if (tag === DW_TAG.call_site || tag === DW_TAG.GNU_call_site) {
      const returnAddress = child.address(tag === DW_TAG.call_site ? DW_AT.call_return_pc : DW_AT.low_pc);
      if (returnAddress !== undefined) calls.set(returnAddress, child);
    }
  }
}

/**
 * The variables of a block: its own, and those of its abstract instance that the compiler dropped from this copy
 * (they have no location, but a reader of the source expects them).
 */
function declarationsOf(block: Block): Die[] {
  const origin = block.die.reference(DW_AT.abstract_origin);
  if (!origin) return parametersFirst(block.declarations);
  // What an inner block keeps is shown there.
  const elsewhere = new Set<number>();
  const pending = block.children.filter((child) => child.kind === 'block');
  for (let inner = pending.pop(); inner; inner = pending.pop()) {
    for (const die of inner.declarations) elsewhere.add(die.referenceId(DW_AT.abstract_origin) ?? -1);
    pending.push(...inner.children.filter((child) => child.kind === 'block'));
  }
  const kept = new Map<number, Die>();
  const others: Die[] = [];
  for (const die of block.declarations) {
    const id = die.referenceId(DW_AT.abstract_origin);
    if (id === undefined) others.push(die);
    else kept.set(id, die);
  }
  const list: Die[] = [];
  for (const die of origin.children()) {
    if (die.tag !== DW_TAG.variable && die.tag !== DW_TAG.formal_parameter) continue;
    if (!elsewhere.has(die.id)) list.push(kept.get(die.id) ?? die);
    kept.delete(die.id);
  }
  return parametersFirst([...list, ...kept.values(), ...others]);
}

function parametersFirst(dies: readonly Die[]): Die[] {
  const isParameter = (die: Die): boolean => die.tag === DW_TAG.formal_parameter;
  return [...dies.filter(isParameter), ...dies.filter((die) => !isParameter(die))];
}
