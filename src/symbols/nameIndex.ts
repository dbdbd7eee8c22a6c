import { type Abbreviation } from './abbrev';
import { DW_AT, DW_FORM, DW_TAG } from './constants';
import { type Die } from './die';
import { SymbolError } from './errors';
import { type DebugInfo, type Unit } from './info';
import { decodeText, findNul } from './reader';

/** What a name stands for; bits, so that a query can ask for several. */
export const NAME_TYPEDEF = 1;
export const NAME_BASE = 2;
export const NAME_STRUCT = 4;
export const NAME_UNION = 8;
export const NAME_CLASS = 16;
export const NAME_ENUM = 32;
export const NAME_FUNCTION = 64;
export const NAME_VARIABLE = 128;

const KINDS = new Map<number, number>([
  [DW_TAG.typedef, NAME_TYPEDEF],
  [DW_TAG.base_type, NAME_BASE],
  [DW_TAG.structure_type, NAME_STRUCT],
  [DW_TAG.union_type, NAME_UNION],
  [DW_TAG.class_type, NAME_CLASS],
  [DW_TAG.enumeration_type, NAME_ENUM],
  [DW_TAG.subprogram, NAME_FUNCTION],
  [DW_TAG.variable, NAME_VARIABLE],
]);

/** How the scan treats entries of one abbreviation. */
interface Plan {
  /** NAME_* if it is indexed, else 0. */
  readonly kind: number;
  /** The name stands in the entry that this one completes. */
  readonly completes: boolean;
  readonly nameForm: number;
  /** Offsets from the first value, -1 if they vary. */
  readonly nameOffset: number;
  readonly siblingOffset: number;
  /** Bytes of all values, -1 if they vary. */
  readonly size: number;
  /** The scan goes on among its children (namespaces). */
  readonly descend: boolean;
}

type Visit = (kind: number, id: number, text: Uint8Array, start: number, end: number) => void;

/**
 * Names of file-scope entities: definitions of types, functions (abstract instances of inlined ones too) and variables.
 * One pass over the top level of .debug_info, in steps, on first need; children are jumped over by DW_AT_sibling.
 */
export class NameIndex {
  private readonly plans = new WeakMap<Abbreviation, Plan>();
  private readonly perUnit = new Map<Unit, Map<string, { kind: number; id: number }[]>>();
  private nextUnit = 0;
  private count = 0;
  private readonly heads = new Int32Array(1 << 17).fill(-1);
  private capacity = 1 << 14;
  private next = new Int32Array(this.capacity);
  private hashes = new Int32Array(this.capacity);
  private ids = new Float64Array(this.capacity);
  private kinds = new Uint8Array(this.capacity);
  /** Enumerations without a name have enumerators all the same. */
  private readonly enumerations: number[] = [];

  constructor(private readonly info: DebugInfo) {}

  get isComplete(): boolean {
    return this.nextUnit >= this.info.units.length;
  }

  /** Goes on with the pass until it is complete or `expired` says stop. */
  build(expired?: () => boolean): boolean {
    while (!this.isComplete) {
      const unit = this.info.units[this.nextUnit++];
      this.scanSafely(unit, (kind, id, text, start, end) => this.add(kind, id, hash(text, start, end)));
      if (expired?.()) break;
    }
    return this.isComplete;
  }

  /** Entries of some kinds with a name: those of the near unit only, if there are any; else those of all units. */
  find(name: string, kinds: number, near?: Unit): number[] {
    if (near) {
      const found = this.inUnit(near, name, kinds);
      if (found.length > 0) return found;
    }
    return this.findAll(name, kinds);
  }

  /** Entries of all units, in order of .debug_info. */
  findAll(name: string, kinds: number): number[] {
    this.build();
    const bytes = new TextEncoder().encode(name);
    const wanted = hash(bytes, 0, bytes.length);
    const found: number[] = [];
    for (let i = this.heads[bucket(wanted)]; i >= 0; i = this.next[i]) {
      if (this.hashes[i] === wanted && this.kinds[i] & kinds && this.nameAt(this.ids[i]) === name) {
        found.push(this.ids[i]);
      }
    }
    return found.reverse();
  }

  /** The first entry of all units that a test accepts, without looking at more of them than needed. */
  inUnit(unit: Unit, name: string, kinds: number): number[] {
    let names = this.perUnit.get(unit);
    if (!names) {
      const map = new Map<string, { kind: number; id: number }[]>();
      this.scanSafely(unit, (kind, id, text, start, end) => {
        const key = decodeText(text, start, end);
        const list = map.get(key);
        if (list) list.push({ kind, id });
        else map.set(key, [{ kind, id }]);
      });
      this.perUnit.set(unit, (names = map));
    }
    return (names.get(name) ?? []).filter((entry) => entry.kind & kinds).map((entry) => entry.id);
  }

  /** All enumerations, also anonymous ones, in order of .debug_info. */
  allEnumerations(): readonly number[] {
    this.build();
    return this.enumerations;
  }

  private nameAt(id: number): string | undefined {
    return this.info.die(id).name;
  }

  private add(kind: number, id: number, hashed: number): void {
    if (kind === NAME_ENUM) this.enumerations.push(id);
    if (this.count === this.capacity) this.grow();
    const i = this.count++;
    const slot = bucket(hashed);
    this.hashes[i] = hashed;
    this.ids[i] = id;
    this.kinds[i] = kind;
    this.next[i] = this.heads[slot];
    this.heads[slot] = i;
  }

  private grow(): void {
    this.capacity *= 2;
    const { next, hashes, ids, kinds, capacity } = this;
    (this.next = new Int32Array(capacity)).set(next);
    (this.hashes = new Int32Array(capacity)).set(hashes);
    (this.ids = new Float64Array(capacity)).set(ids);
    (this.kinds = new Uint8Array(capacity)).set(kinds);
  }

  private scanSafely(unit: Unit, visit: Visit): void {
    try {
      this.scan(unit, visit);
    } catch (error) {
      this.info.warn(error);
    }
  }

  private scan(unit: Unit, visit: Visit): void {
    const { root, reader } = unit;
    if (!root.hasChildren) return;
    const names = unit.sections.get('debug_str');
    const { bytes } = reader;
    let depth = 1;
    let offset = root.endOffset;
    while (depth > 0 && offset < unit.end) {
      reader.position = offset;
      const code = reader.uleb();
      if (code === 0) {
        depth--;
        offset = reader.position;
        continue;
      }
      const abbreviation = unit.abbreviation(code, offset);
      let plan = this.plans.get(abbreviation);
      if (!plan) this.plans.set(abbreviation, (plan = planFor(abbreviation)));
      const values = reader.position;
      if (plan.kind !== 0) {
        const id = unit.idBase + offset;
        if (plan.nameForm === DW_FORM.strp && plan.nameOffset >= 0 && unit.offsetSize === 4) {
          reader.position = values + plan.nameOffset;
          const start = reader.u32();
          const end = findNul(names, start, names.length);
          if (end < 0) throw new SymbolError('truncated', '.debug_str has an unterminated string');
          visit(plan.kind, id, names, start, end);
        } else if (plan.nameForm === DW_FORM.string && plan.nameOffset >= 0) {
          const start = values + plan.nameOffset;
          reader.position = start;
          reader.skipString();
          visit(plan.kind, id, bytes, start, reader.position - 1);
        } else {
          this.visitSlowly(unit, offset, plan, visit);
        }
      }
      if (!abbreviation.hasChildren || plan.descend) {
        if (plan.descend) depth++;
        offset = plan.size >= 0 ? values + plan.size : unit.skipValues(abbreviation, values);
        continue;
      }
      let target = 0;
      if (plan.siblingOffset >= 0) {
        reader.position = values + plan.siblingOffset;
        target = unit.offset + reader.u32();
      }
      offset = target > values ? target : (unit.dieAt(offset)?.siblingOffset ?? unit.end);
    }
  }

  /** Names in other forms, and of the entry that this one completes (`extern` first, definition later). */
  private visitSlowly(unit: Unit, offset: number, plan: Plan, visit: Visit): void {
    const die: Die | undefined = unit.dieAt(offset);
    const name = die && (plan.completes ? die.name : die.string(DW_AT.name));
    if (!die || name === undefined) {
      if (die && plan.kind === NAME_ENUM) visit(plan.kind, die.id, EMPTY, 0, 0);
      return;
    }
    const bytes = new TextEncoder().encode(name);
    visit(plan.kind, die.id, bytes, 0, bytes.length);
  }
}

const EMPTY = new Uint8Array(0);

function planFor(abbreviation: Abbreviation): Plan {
  const { names, forms, offsets, steps, tag } = abbreviation;
  const name = names.indexOf(DW_AT.name);
  const sibling = abbreviation.sibling;
  const completes = name < 0 && names.includes(DW_AT.specification);
  const isDeclaration = names.includes(DW_AT.declaration);
  const isNamed = name >= 0 || completes || tag === DW_TAG.enumeration_type;
  return {
    kind: isNamed && !isDeclaration ? (KINDS.get(tag) ?? 0) : 0,
    completes,
    nameForm: name >= 0 ? forms[name] : 0,
    nameOffset: name >= 0 ? offsets[name] : -1,
    siblingOffset: sibling >= 0 && forms[sibling] === DW_FORM.ref4 ? offsets[sibling] : -1,
    size: steps.length === 0 ? 0 : steps.length === 1 && steps[0] > 0 ? steps[0] : -1,
    descend: tag === DW_TAG.namespace && abbreviation.hasChildren,
  };
}

/** FNV-1a. */
function hash(text: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let i = start; i < end; i++) value = Math.imul(value ^ text[i], 0x01000193);
  return value | 0;
}

function bucket(hashed: number): number {
  return (hashed ^ (hashed >>> 15)) & 0x1ffff;
}
