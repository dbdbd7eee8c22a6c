import {
  type CallSite,
  type CallSiteParameter,
  type EvaluationContext,
  type Expression,
  type FunctionInfo,
} from './api';
import { DW_AT, DW_OP, DW_TAG } from './constants';
import { type Die } from './die';
import { type Dwarf } from './dwarf';
import { evaluateValue } from './expression';
import { type ConcreteFunction } from './functions';
import { DwarfExpression, type Operation, registerOf } from './operations';

const ESP = 4;

/** The call that returns to an address (DWARF 3.4; DW_TAG_GNU_call_site before version 5). */
export function callSiteAt(dwarf: Dwarf, returnAddress: number): CallSite | undefined {
  const die = dwarf.functions.at(returnAddress - 1)?.body.calls.get(returnAddress);
  if (!die) return undefined;
  const origin = die.reference(DW_AT.call_origin) ?? die.reference(DW_AT.abstract_origin);
  const calleeName = origin?.name;
  return {
    returnAddress,
    callAddress: die.address(DW_AT.call_pc),
    isTailCall: die.flag(DW_AT.call_tail_call) || die.flag(DW_AT.GNU_tail_call),
    calleeName,
    calleeAddress: origin && addressOf(dwarf, origin, calleeName),
    target:
      expression(die, DW_AT.call_target) ??
      expression(die, DW_AT.call_target_clobbered) ??
      expression(die, DW_AT.GNU_call_site_target) ??
      expression(die, DW_AT.GNU_call_site_target_clobbered),
    parameters: [...die.children()].filter(isParameter).map(readParameter),
  };
}

function isParameter(die: Die): boolean {
  return die.tag === DW_TAG.call_site_parameter || die.tag === DW_TAG.GNU_call_site_parameter;
}

function readParameter(die: Die): CallSiteParameter {
  const parameter = die.reference(DW_AT.call_parameter) ?? die.reference(DW_AT.abstract_origin);
  return {
    location: expression(die, DW_AT.location),
    value: expression(die, DW_AT.call_value) ?? expression(die, DW_AT.GNU_call_site_value),
    dataLocation: expression(die, DW_AT.call_data_location),
    dataValue: expression(die, DW_AT.call_data_value) ?? expression(die, DW_AT.GNU_call_site_data_value),
    parameter: parameter?.id,
    name: parameter?.name ?? die.string(DW_AT.name),
  };
}

function expression(die: Die, attribute: number): Expression | undefined {
  const bytes = die.block(attribute);
  return bytes && new DwarfExpression(bytes, die.unit);
}

/** Where the called function is: in the unit itself, or by its symbol. */
function addressOf(dwarf: Dwarf, origin: Die, name: string | undefined): number | undefined {
  const inUnit = dwarf.functions
    .of(origin.unit)
    .all.find((fn: ConcreteFunction) => [...fn.die.origins()].some((die) => die.id === origin.id));
  if (inUnit) return inUnit.lowPc;
  const symbols = name === undefined ? [] : dwarf.elf.symbolsNamed(name).filter((s) => s.binding !== 'local');
  return symbols.length === 1 ? symbols[0].address : undefined;
}

/**
 * The value of DW_OP_entry_value: what the caller says it passed.
 *
 * @param wanted operand of DW_OP_entry_value, in the callee's terms
 * @param caller context of the calling frame
 * @returns undefined if the call site doesn't tell
 * @throws SymbolError if the caller's expression can't be evaluated
 */
export function callSiteValue(
  site: CallSite,
  wanted: Expression,
  caller: EvaluationContext,
): bigint | number | undefined {
  const parameter = site.parameters.find((p) => p.location && p.value && isSamePlace(wanted, p.location));
  return parameter?.value && evaluateValue(parameter.value, caller);
}

/** The value of DW_OP_GNU_parameter_ref: of the call-site parameter that names the callee's parameter. */
export function callSiteParameterValue(
  site: CallSite,
  parameterId: number,
  caller: EvaluationContext,
): bigint | number | undefined {
  const parameter = site.parameters.find((p) => p.parameter === parameterId);
  return parameter?.value && evaluateValue(parameter.value, caller);
}

/** Whether the callee's register or stack slot on entry is the one that the call site describes. */
function isSamePlace(wanted: Expression, location: Expression): boolean {
  const inCallee = placeOf(wanted);
  const atCall = placeOf(location);
  if (!inCallee || !atCall) return false;
  if (inCallee.register !== undefined || atCall.register !== undefined) return inCallee.register === atCall.register;
  return inCallee.slot === atCall.slot;
}

/** A register, or a stack slot as its distance from the callee's CFA, which is the caller's %esp before the call. */
function placeOf(expression: Expression): { register: number | undefined; slot: bigint | undefined } | undefined {
  if (!(expression instanceof DwarfExpression)) return undefined;
  const [first, second, third] = expression.operations();
  if (!first) return undefined;
  // A 64-bit argument is named by its first register: in pieces at the call, by its type in the callee.
  const isTyped = first.code === DW_OP.regval_type || first.code === DW_OP.GNU_regval_type;
  const register = isTyped ? Number(first.a) : registerOf(first);
  if (register !== undefined && (!second || second.code === DW_OP.piece)) return { register, slot: undefined };
  if (third) return undefined;
  if (first.code === DW_OP.fbreg && isWordRead(second)) return { register: undefined, slot: first.a };
  if (first.code === DW_OP.breg0 + ESP) {
    // In the callee the return address lies between %esp and the arguments.
    if (isWordRead(second)) return { register: undefined, slot: first.a - 4n };
    if (!second) return { register: undefined, slot: first.a };
  }
  return undefined;
}

function isWordRead(operation: Operation | undefined): boolean {
  return operation?.code === DW_OP.deref || (operation?.code === DW_OP.deref_size && operation.a === 4n);
}

/**
 * Value of a function's frame base (DW_AT_frame_base, DWARF 3.3.5): a register's content or a computed address.
 *
 * @returns undefined if the function has none
 * @throws SymbolError as `evaluate`
 */
export function evaluateFrameBase(fn: FunctionInfo, context: EvaluationContext): number | undefined {
  const { frameBase } = fn;
  let chosen: Expression | undefined;
  if (frameBase.kind === 'expression') chosen = frameBase.expression;
  if (frameBase.kind === 'list') {
    const entry = frameBase.entries.find((e) => !e.range || (context.pc >= e.range.start && context.pc < e.range.end));
    chosen = entry?.expression;
  }
  return chosen && Number(BigInt.asUintN(32, BigInt(evaluateValue(chosen, context))));
}
