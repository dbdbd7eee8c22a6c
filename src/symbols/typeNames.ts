import { type Type } from './api';
import { SymbolError } from './errors';

/** Links a chain of typedefs, qualifiers, pointers and arrays may have; a longer one is a cycle. */
const MAX_CHAIN = 100;

/** Follows typedefs and const, volatile and the like. @throws SymbolError for a cycle */
export function stripTypedefs(type: Type): Exclude<Type, { kind: 'typedef' } | { kind: 'qualified' }> {
  for (let i = 0; i < MAX_CHAIN; i++) {
    if (type.kind !== 'typedef' && type.kind !== 'qualified') return type;
    type = type.target;
  }
  throw endless();
}

/** Follows const, volatile and the like only. @throws SymbolError for a cycle */
export function stripQualifiers(type: Type): Exclude<Type, { kind: 'qualified' }> {
  for (let i = 0; i < MAX_CHAIN; i++) {
    if (type.kind !== 'qualified') return type;
    type = type.target;
  }
  throw endless();
}

/** Size in bytes of a value; undefined for functions, void, incomplete types and arrays of unknown length. */
export function sizeOf(type: Type): number | undefined {
  return sizeWithin(type, 0);
}

function sizeWithin(type: Type, depth: number): number | undefined {
  if (depth > MAX_CHAIN) throw endless();
  const target = stripTypedefs(type);
  switch (target.kind) {
    case 'base':
    case 'pointer':
    case 'enum':
      return target.byteSize;
    case 'struct':
    case 'union':
    case 'class':
      return target.isIncomplete ? undefined : target.byteSize;
    case 'array':
      // An array that is its own element would never end.
      return arraySize(target, depth);
    case 'subroutine':
    case 'unspecified':
    case 'void':
      return undefined;
  }
}

function arraySize(array: Extract<Type, { kind: 'array' }>, depth: number): number | undefined {
  let element = stripTypedefs(array.element);
  for (let i = depth; element.kind === 'array'; i++) {
    if (i > MAX_CHAIN) throw endless();
    element = stripTypedefs(element.element);
  }
  return array.byteSize;
}

function endless(): SymbolError {
  return new SymbolError('malformed', 'the debug information has a type that is defined by itself');
}

/** How sources spell what gcc names in full. */
const SPELLINGS = new Map([
  ['short int', 'short'],
  ['short unsigned int', 'unsigned short'],
  ['long int', 'long'],
  ['long unsigned int', 'unsigned long'],
  ['long long int', 'long long'],
  ['long long unsigned int', 'unsigned long long'],
]);

/** The C spelling of a type: `struct sock *`, `int (*)(void *, const char *)`, `char [16]`, `struct {...}`. */
export function typeName(type: Type): string {
  return declare(type, '', 0);
}

/** The C declaration of a name: `int (*handler)(int)`, `char name[16]`. */
export function declaration(type: Type, name: string): string {
  return declare(type, name, 0);
}

/** Puts a type around a declarator, inside out as C does. */
function declare(type: Type, inner: string, depth: number): string {
  if (depth > MAX_CHAIN) throw endless();
  switch (type.kind) {
    case 'base':
      return join(SPELLINGS.get(type.name) ?? type.name, inner);
    case 'typedef':
      return join(type.name, inner);
    case 'struct':
    case 'union':
    case 'class':
      return join(`${type.kind} ${type.name ?? '{...}'}`, inner);
    case 'enum':
      return join(`enum ${type.name ?? '{...}'}`, inner);
    case 'void':
      return join('void', inner);
    case 'unspecified':
      return join(type.name ?? 'unspecified type', inner);
    case 'qualified':
      return declareQualified(type, inner, depth);
    case 'pointer': {
      const mark = { pointer: '*', reference: '&', rvalue_reference: '&&', member: '::*' }[type.flavour];
      return declare(type.target, wrap(type.target, mark + inner), depth + 1);
    }
    case 'array': {
      const dimensions = type.dimensions.map((count) => `[${count ?? ''}]`).join('');
      return declare(type.element, inner === '' ? dimensions : inner + dimensions, depth + 1);
    }
    case 'subroutine':
      return declare(type.returnType, `${inner}(${parameterList(type, depth)})`, depth + 1);
  }
}

function parameterList(type: Extract<Type, { kind: 'subroutine' }>, depth: number): string {
  const list = type.parameters.map((parameter) => declare(parameter.type, '', depth + 1));
  if (type.isVariadic && list.length > 0) list.push('...');
  if (list.length === 0) return type.isPrototyped ? 'void' : '';
  return list.join(', ');
}

function declareQualified(type: Extract<Type, { kind: 'qualified' }>, inner: string, depth: number): string {
  const word = type.qualifier === 'atomic' ? '_Atomic' : type.qualifier;
  const { target } = type;
  // `const` belongs behind the `*` of a pointer, and before anything else.
  const base = stripQualifiers(target);
  if (base.kind === 'pointer')
    return declare(target, inner === '' ? ` ${word}` : ` ${word} ${inner.trimStart()}`, depth + 1);
  if (base.kind === 'array' || base.kind === 'subroutine') return declare(target, inner, depth + 1);
  return `${word} ${declare(target, inner, depth + 1)}`;
}

/** `*` binds weaker than `[]` and `()`. */
function wrap(target: Type, inner: string): string {
  const base = stripQualifiers(target);
  return base.kind === 'array' || base.kind === 'subroutine' ? `(${inner})` : inner;
}

function join(specifier: string, inner: string): string {
  return inner === '' ? specifier : `${specifier} ${inner.trimStart()}`;
}
