import { ExpressionError } from './errors';

export type Token =
  | { kind: 'name'; text: string; position: number }
  /** `$eax`, `$pid`: a register or a convenience variable. */
  | { kind: 'dollar'; text: string; position: number }
  | { kind: 'integer'; value: bigint; suffix: string; decimal: boolean; position: number; text: string }
  | { kind: 'float'; value: number; single: boolean; position: number; text: string }
  | { kind: 'character'; value: bigint; position: number; text: string }
  | { kind: 'string'; bytes: Uint8Array; position: number; text: string }
  /** A quoted file name, as in `'net/socket.c'::sock_mnt`. */
  | { kind: 'file'; text: string; position: number }
  | { kind: 'operator'; text: string; position: number }
  | { kind: 'end'; text: string; position: number };

const OPERATORS = [
  '<<=', '>>=', '...', '->', '++', '--', '<<', '>>', '<=', '>=', '==', '!=', '&&', '||', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=',
  '::', '..', '+', '-', '*', '/', '%', '&', '|', '^', '~', '!', '<', '>', '=', '?', ':', '(', ')', '[', ']', '.', ',', '@', '{', '}',
]; // prettier-ignore

const SIMPLE_ESCAPES: Record<string, number> = {
  a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, e: 27, '\\': 92, "'": 39, '"': 34, '?': 63,
}; // prettier-ignore

/** Splits a C expression into tokens. @throws ExpressionError at the first character that fits nothing */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    const rest = text.slice(position);
    const space = /^\s+/.exec(rest);
    if (space) {
      position += space[0].length;
      continue;
    }
    const token = nextToken(rest, position);
    tokens.push(token);
    position += token.text.length;
  }
  tokens.push({ kind: 'end', text: '', position });
  return tokens;
}

function nextToken(rest: string, position: number): Token {
  const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest);
  if (name) return { kind: 'name', text: name[0], position };
  const dollar = /^\$[A-Za-z_]?[A-Za-z0-9_]*/.exec(rest);
  if (dollar) return { kind: 'dollar', text: dollar[0], position };
  // A number followed by `..` is the start of a range (`p[0..9]`), not a fraction.
  const float = /^(\d+\.(?!\.)\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|\d+[eE][+-]?\d+)([fFlL]?)/.exec(rest);
  if (float) {
    return {
      kind: 'float',
      value: Number.parseFloat(float[0]),
      single: /[fF]$/.test(float[0]),
      position,
      text: float[0],
    };
  }
  const integer = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)([uUlL]*)(?![A-Za-z0-9_])/.exec(rest);
  if (integer) return integerToken(integer[1], integer[2], position, integer[0]);
  if (rest.startsWith("'")) return characterToken(rest, position);
  if (rest.startsWith('"')) {
    const match = /^"((?:[^"\\]|\\.)*)"/s.exec(rest);
    if (!match) throw new ExpressionError('The string is not closed.', position);
    return { kind: 'string', bytes: Uint8Array.from(unescapeText(match[1], position)), position, text: match[0] };
  }
  const operator = OPERATORS.find((o) => rest.startsWith(o));
  if (operator) return { kind: 'operator', text: operator, position };
  throw new ExpressionError(`"${rest[0]}" does not belong in a C expression.`, position);
}

function integerToken(digits: string, suffix: string, position: number, text: string): Token {
  if (suffix && !/^(u|l|ul|lu|ll|ull|llu)$/i.test(suffix)) {
    throw new ExpressionError(`"${text}" is not a number.`, position);
  }
  const octal = /^0\d+$/.test(digits);
  if (octal && /[89]/.test(digits)) throw new ExpressionError(`"${digits}" is not an octal number.`, position);
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits.toLowerCase());
  return { kind: 'integer', value, suffix: suffix.toLowerCase(), decimal: /^[1-9]/.test(digits), position, text };
}

function characterToken(rest: string, position: number): Token {
  const match = /^'((?:[^'\\]|\\.)+)'/s.exec(rest);
  if (!match) throw new ExpressionError('The character constant is not closed.', position);
  if (/^\s*::/.test(rest.slice(match[0].length))) return { kind: 'file', text: match[0], position };
  const bytes = unescapeText(match[1], position);
  if (bytes.length > 4) throw new ExpressionError('A character constant has at most four characters.', position);
  const value =
    bytes.length === 1 ? BigInt.asIntN(8, BigInt(bytes[0])) : bytes.reduce((v, b) => (v << 8n) | BigInt(b), 0n);
  return { kind: 'character', value, position, text: match[0] };
}

/** Bytes of the inside of a literal: UTF-8, with C's escapes. */
function unescapeText(text: string, position: number): number[] {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (let i = 0; i < text.length;) {
    if (text[i] !== '\\') {
      const character = String.fromCodePoint(text.codePointAt(i) ?? 0);
      bytes.push(...encoder.encode(character));
      i += character.length;
      continue;
    }
    const numeric = /^\\(?:x([0-9a-fA-F]+)|([0-7]{1,3}))/.exec(text.slice(i));
    if (numeric) {
      bytes.push((numeric[1] ? Number.parseInt(numeric[1], 16) : Number.parseInt(numeric[2], 8)) & 0xff);
      i += numeric[0].length;
      continue;
    }
    const simple = SIMPLE_ESCAPES[text[i + 1]];
    if (simple === undefined)
      throw new ExpressionError(`"\\${text[i + 1]}" is no escape sequence of C.`, position + i + 1);
    bytes.push(simple);
    i += 2;
  }
  return bytes;
}
