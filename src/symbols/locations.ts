import {
  type EvaluationContext,
  type LocationDescription,
  type LocationListEntry,
  type Location,
  type OtherPlace,
  type Unavailable,
} from './api';
import { DW_AT, DW_FORM } from './constants';
import { type Die } from './die';
import { SymbolError, hex } from './errors';
import { evaluate } from './expression';
import { readBlock } from './forms';
import { readLocationList } from './loclists';
import { DwarfExpression } from './operations';

const NONE: LocationDescription = { kind: 'none' };

/** A location list that is read when its entries are asked for. */
class LocationList {
  readonly kind = 'list';
  private list: readonly LocationListEntry[] | undefined;

  constructor(
    private readonly die: Die,
    private readonly attribute: number,
  ) {}

  get entries(): readonly LocationListEntry[] {
    const { die, attribute } = this;
    this.list ??= readLocationList(die.unit, die.number(attribute) ?? 0, die.form(attribute) === DW_FORM.loclistx);
    return this.list;
  }
}

/** The location that an attribute of class exprloc or loclist gives (DWARF 2.6). @throws SymbolError */
export function locationOf(die: Die, attribute: number): LocationDescription {
  switch (die.form(attribute)) {
    case undefined:
      return NONE;
    case DW_FORM.sec_offset:
    case DW_FORM.loclistx:
    case DW_FORM.data4:
    case DW_FORM.data8:
      return new LocationList(die, attribute);
    default: {
      const bytes = die.block(attribute);
      return bytes ? { kind: 'expression', expression: new DwarfExpression(bytes, die.unit) } : NONE;
    }
  }
}

/**
 * DW_AT_const_value (DWARF 4.1, item 10) as bytes.
 *
 * @param size of the value's type; integers are sign-extended if their form has a sign
 */
export function constantBytes(die: Die, size: number): Uint8Array {
  const form = die.form(DW_AT.const_value) ?? 0;
  if (form === DW_FORM.string) return Uint8Array.from([...new TextEncoder().encode(die.string(DW_AT.const_value)), 0]);
  if (form === DW_FORM.strp || form === DW_FORM.line_strp) {
    return Uint8Array.from([...new TextEncoder().encode(die.string(DW_AT.const_value)), 0]);
  }
  if (form === DW_FORM.addr) return integerBytes(BigInt(die.address(DW_AT.const_value) ?? 0), size);
  const value = die.constant(DW_AT.const_value);
  if (value !== undefined) return integerBytes(value, size);
  die.form(DW_AT.const_value);
  const bytes = readBlock(die.unit.reader, form);
  if (!bytes) throw new SymbolError('unsupported', `the constant at ${hex(die.offset)} has an unsupported form`);
  return bytes;
}

function integerBytes(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(Math.max(size, 1), 32));
  let rest = value;
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number(BigInt.asUintN(8, rest));
    rest >>= 8n;
  }
  return bytes;
}

/**
 * Where a value is at `context.pc`. What is not there comes back as `optimizedOut` with the reason and with the places
 * where the value is before and after.
 *
 * @throws SymbolError for bad debug information; errors of the context pass unchanged
 */
export function locate(description: LocationDescription, context: EvaluationContext): Location {
  switch (description.kind) {
    case 'constant':
      return whole({ kind: 'implicit', bytes: description.bytes });
    case 'none':
      return gone('the compiler kept it in no place at all', [], context.pc);
    case 'expression':
      return attempt(description.expression, [], context);
    case 'list': {
      const { entries } = description;
      const entry =
        entries.find((e) => e.range && context.pc >= e.range.start && context.pc < e.range.end) ??
        entries.find((e) => !e.range);
      if (entry) return attempt(entry.expression, entries, context);
      const at = hex(context.pc);
      return gone(entries.length === 0 ? 'its location list is empty' : `no location at ${at}`, entries, context.pc);
    }
  }
}

function whole(place: Location['pieces'][number]['place']): Location {
  return { pieces: [{ place, bitSize: undefined, bitOffset: 0 }] };
}

function attempt(
  expression: LocationListEntry['expression'],
  entries: readonly LocationListEntry[],
  context: EvaluationContext,
): Location {
  try {
    return evaluate(expression, context);
  } catch (error) {
    if (error instanceof SymbolError && error.code === 'unavailable') return gone(error.message, entries, context.pc);
    throw error;
  }
}

function gone(reason: string, entries: readonly LocationListEntry[], pc: number): Location {
  let before: OtherPlace | undefined;
  let after: OtherPlace | undefined;
  for (const { range, expression } of entries) {
    if (!range) continue;
    if (range.end <= pc && (!before || range.end > before.range.end)) before = place(range, expression);
    if (range.start > pc && (!after || range.start < after.range.start)) after = place(range, expression);
  }
  let text = reason;
  if (before) text += `; it was ${before.description} until ${hex(before.range.end)}`;
  else if (after) text += `; it will be ${after.description} from ${hex(after.range.start)}`;
  const unavailable: Unavailable = { kind: 'optimizedOut', reason: text, before, after };
  return whole(unavailable);
}

function place(range: OtherPlace['range'], expression: LocationListEntry['expression']): OtherPlace {
  let description = 'somewhere';
  try {
    if (expression instanceof DwarfExpression) description = expression.describe();
  } catch (error) {
    // The place is only a hint: an expression that can't be decoded leaves it vague.
    if (!(error instanceof SymbolError)) throw error;
  }
  return { range, description, expression };
}
