/** C expressions over the guest's variables, registers and memory. docs/expressions.md describes the language. */
import type { Type } from '../../symbols/api';
import type { ExpressionHooks, Frame } from '../api';
import { formatValue, integerOf, isTrue, ValueError, type FormatOptions, type Value } from '../values';
import type { ExpressionEnvironment } from './environment';
import { basicType } from './ctypes';
import { ExpressionError } from './errors';
import { Evaluator } from './evaluator';
import { parse, parseType, type NameOracle } from './parser';

export { accessThrough, describeAddress, environmentOf, variableValue } from './environment';
export type { ConvenienceVariables, EnvironmentOptions, ExpressionEnvironment, Idioms } from './environment';
export { ExpressionError } from './errors';

function oracle(env: ExpressionEnvironment): NameOracle {
  return {
    isTypeName: (name) => basicType(name) !== undefined || env.type(name) !== undefined,
    isVariable: (name) => env.variable(name) !== undefined,
    accessor: (name) => env.idioms?.accessor(name),
  };
}

/**
 * Value of a C expression.
 * @throws ExpressionError, ValueError, MemoryError: each message is one sentence for the user
 */
export function evaluateExpression(text: string, env: ExpressionEnvironment): Value {
  if (text.trim() === '') throw new ExpressionError('The expression is empty.');
  const value = new Evaluator(env).evaluate(parse(text, oracle(env)));
  return value.named(text.trim(), value.expression ?? text.trim());
}

/** The type a name such as `struct sock *` means. @throws ExpressionError */
export function typeNamed(text: string, env: ExpressionEnvironment): Type {
  return new Evaluator(env).resolveType(parseType(text, oracle(env)));
}

/**
 * Gives a variable, member or register a new value, an expression in `env` as a person writes it; text in quotes may fill a character array.
 * @throws ExpressionError, ValueError, MemoryError
 */
export function assignExpression(target: Value, text: string, env: ExpressionEnvironment): void {
  const value = evaluateExpression(text, env);
  const bare = target.bareType;
  if (bare.kind === 'array' && value.bareType.kind === 'array' && value.storage.kind === 'bytes') {
    const bytes = new Uint8Array(target.size);
    const source = value.bytes();
    // The closing zero may be dropped, as in C's initialisers.
    if (source.length - 1 > bytes.length)
      throw new ValueError(`The text is longer than the ${bytes.length} bytes there are.`);
    bytes.set(source.subarray(0, bytes.length));
    target.write(bytes);
    return;
  }
  if (bare.kind === 'array' || bare.kind === 'struct' || bare.kind === 'union' || bare.kind === 'class') {
    if (value.bareType !== bare)
      throw new ValueError('Change the members one by one; only a value of the same type can replace it whole.');
    target.write(value.bytes());
    return;
  }
  target.write(new Evaluator(env).cast(value, target.type).bytes());
}

const FORMATS: Record<string, FormatOptions> = {
  x: { base: 'hex' },
  h: { base: 'hex' },
  d: { base: 'decimal' },
  o: { base: 'octal' },
  b: { base: 'binary' },
  c: { base: 'character' },
};

/** Splits `expression,x` (as watches may have it) into the expression and how to show it. */
export function splitFormat(text: string): { expression: string; format: FormatOptions; count: number | undefined } {
  const match = /^(.*\S)\s*,\s*([xhdobc]|\d+)\s*$/s.exec(text);
  if (!match) return { expression: text, format: {}, count: undefined };
  if (/^\d+$/.test(match[2])) return { expression: match[1], format: {}, count: Number(match[2]) };
  return { expression: match[1], format: FORMATS[match[2]], count: undefined };
}

/** What conditions and log messages of breakpoints need. */
export function expressionHooks(environment: (frame: Frame | undefined) => ExpressionEnvironment): ExpressionHooks {
  return {
    isTrue: (text, frame) => isTrue(evaluateExpression(text, environment(frame))),
    text(text, frame) {
      const { expression, format } = splitFormat(text);
      return formatValue(evaluateExpression(expression, environment(frame)), format);
    },
    address: (text, frame) => Number(BigInt.asUintN(32, integerOf(evaluateExpression(text, environment(frame))))),
  };
}
