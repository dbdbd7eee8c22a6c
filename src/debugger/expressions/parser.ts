import type { BinaryOperator, Designator, Node, TypeNode } from './ast';
import { ExpressionError } from './errors';
import { tokenize, type Token } from './lexer';

/** What the parser must know of names: in C, `(a)(b)` and `(a)*b` depend on whether `a` is a type. */
export interface NameOracle {
  isTypeName(name: string): boolean;
  /** Variables hide types of the same name. */
  isVariable(name: string): boolean;
  /** Structure that a function such as `tcp_sk` finds at the pointer it is given. */
  accessor(name: string): string | undefined;
}

/** Binary operators by level, weakest first (C11 6.5). */
const LEVELS: BinaryOperator[][] = [
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const ASSIGNMENTS: Record<string, BinaryOperator | undefined> = {
  '=': undefined, '+=': '+', '-=': '-', '*=': '*', '/=': '/', '%=': '%', '&=': '&', '|=': '|', '^=': '^', '<<=': '<<', '>>=': '>>',
}; // prettier-ignore
const BASIC = new Set([
  'void',
  'char',
  'short',
  'int',
  'long',
  'float',
  'double',
  'signed',
  'unsigned',
  '_Bool',
  'bool',
]);
const QUALIFIERS = new Set([
  'const',
  'volatile',
  'restrict',
  '__restrict',
  '_Atomic',
  '__user',
  '__kernel',
  '__iomem',
  '__rcu',
]);
const TAGS = new Set(['struct', 'union', 'enum']);
/** Deeper nesting than any sensible expression has; protects the stack from hostile input. */
const MAX_DEPTH = 200;

/**
 * Parses one C expression; nothing may follow it but `end`.
 * @throws ExpressionError with one sentence and the position
 */
export function parse(text: string, names: NameOracle): Node {
  const parser = new Parser(tokenize(text), names);
  const node = parser.expression();
  parser.expectEnd();
  return node;
}

/** Parses a type name such as `struct sock *`. @throws ExpressionError */
export function parseType(text: string, names: NameOracle): TypeNode {
  const parser = new Parser(tokenize(text), names);
  const type = parser.typeName();
  parser.expectEnd();
  return type;
}

class Parser {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly tokens: Token[],
    private readonly names: NameOracle,
  ) {}

  private get token(): Token {
    return this.tokens[this.at];
  }

  private is(text: string): boolean {
    return this.token.kind === 'operator' && this.token.text === text;
  }

  private accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }

  private expect(text: string): void {
    if (!this.accept(text)) this.unexpected(`"${text}" is expected`);
  }

  private unexpected(what: string): never {
    const { token } = this;
    const found = token.kind === 'end' ? 'the end' : `"${token.text}"`;
    throw new ExpressionError(`${what} where ${found} is.`, token.position);
  }

  expectEnd(): void {
    if (this.token.kind !== 'end') this.unexpected('The expression should end');
  }

  expression(): Node {
    let left = this.assignment();
    while (this.accept(',')) left = { kind: 'comma', left, right: this.assignment() };
    return left;
  }

  private assignment(): Node {
    if (++this.depth > MAX_DEPTH)
      throw new ExpressionError('The expression is nested too deeply.', this.token.position);
    const target = this.conditional();
    let result = target;
    const { token } = this;
    if (token.kind === 'operator' && token.text in ASSIGNMENTS) {
      this.at++;
      result = { kind: 'assign', operator: ASSIGNMENTS[token.text], target, value: this.assignment() };
    }
    this.depth--;
    return result;
  }

  private conditional(): Node {
    const condition = this.logicalOr();
    if (!this.accept('?')) return condition;
    const then = this.is(':') ? condition : this.expression();
    this.expect(':');
    return { kind: 'conditional', condition, then, otherwise: this.conditional() };
  }

  private logicalOr(): Node {
    let left = this.logicalAnd();
    while (this.accept('||')) left = { kind: 'logical', operator: '||', left, right: this.logicalAnd() };
    return left;
  }

  private logicalAnd(): Node {
    let left = this.binary(0);
    while (this.accept('&&')) left = { kind: 'logical', operator: '&&', left, right: this.binary(0) };
    return left;
  }

  private binary(level: number): Node {
    if (level === LEVELS.length) return this.repeat();
    let left = this.binary(level + 1);
    for (;;) {
      const operator = LEVELS[level].find((o) => this.is(o));
      if (!operator) return left;
      this.at++;
      left = { kind: 'binary', operator, left, right: this.binary(level + 1) };
    }
  }

  private repeat(): Node {
    let left = this.cast();
    while (this.accept('@')) left = { kind: 'repeat', object: left, count: this.cast() };
    return left;
  }

  private cast(): Node {
    if (++this.depth > MAX_DEPTH)
      throw new ExpressionError('The expression is nested too deeply.', this.token.position);
    let result: Node;
    if (this.is('(') && this.startsType(this.at + 1)) {
      this.at++;
      const type = this.typeName();
      this.expect(')');
      result = { kind: 'cast', type, operand: this.cast() };
    } else result = this.unary();
    this.depth--;
    return result;
  }

  private unary(): Node {
    const { token } = this;
    if (token.kind === 'operator') {
      switch (token.text) {
        case '-':
        case '+':
        case '!':
        case '~':
        case '*':
        case '&':
          this.at++;
          return { kind: 'unary', operator: token.text, operand: this.cast() };
        case '++':
        case '--':
          this.at++;
          return { kind: 'increment', by: token.text === '++' ? 1 : -1, prefix: true, target: this.cast() };
      }
    }
    if (token.kind === 'name') {
      if (token.text === 'sizeof' || token.text === '_Alignof' || token.text === '__alignof__')
        return this.sizeof(token.text);
    }
    return this.postfix(this.primary());
  }

  private sizeof(keyword: string): Node {
    this.at++;
    if (this.is('(') && this.startsType(this.at + 1)) {
      this.at++;
      const type = this.typeName();
      this.expect(')');
      return { kind: keyword === 'sizeof' ? 'sizeofType' : 'alignofType', type };
    }
    if (keyword !== 'sizeof') this.unexpected(`${keyword} takes a type in parentheses, which is expected`);
    return { kind: 'sizeof', operand: this.cast() };
  }

  private postfix(start: Node): Node {
    let node = start;
    for (;;) {
      const { position } = this.token;
      if (this.accept('[')) {
        const first = this.expression();
        if (this.accept('..')) node = { kind: 'range', object: node, first, last: this.expression() };
        else node = { kind: 'index', object: node, index: first };
        this.expect(']');
      } else if (this.is('.') || this.is('->')) {
        const arrow = this.is('->');
        this.at++;
        node = { kind: 'member', object: node, name: this.name('A member name is expected'), arrow, position };
      } else if (this.is('++') || this.is('--')) {
        node = { kind: 'increment', by: this.is('++') ? 1 : -1, prefix: false, target: node };
        this.at++;
      } else if (this.is('(')) {
        throw new ExpressionError('A function of the guest cannot be called: evaluating must not run it.', position);
      } else return node;
    }
  }

  private name(what: string): string {
    const { token } = this;
    if (token.kind !== 'name') this.unexpected(what);
    this.at++;
    return token.text;
  }

  private primary(): Node {
    const { token } = this;
    switch (token.kind) {
      case 'integer':
        this.at++;
        return { kind: 'integer', value: token.value, suffix: token.suffix, decimal: token.decimal };
      case 'float':
        this.at++;
        return { kind: 'float', value: token.value, single: token.single };
      case 'character':
        this.at++;
        return { kind: 'character', value: token.value };
      case 'string':
        this.at++;
        return { kind: 'string', bytes: token.bytes };
      case 'dollar':
        this.at++;
        return { kind: 'dollar', name: token.text, position: token.position };
      case 'file': {
        this.at++;
        this.expect('::');
        const scope = token.text.slice(1, -1);
        return { kind: 'scoped', scope, isFile: true, name: this.name('A name is expected'), position: token.position };
      }
      case 'name':
        return this.nameExpression(token.text, token.position);
      case 'operator':
        if (this.accept('(')) {
          const inner = this.expression();
          this.expect(')');
          return inner;
        }
    }
    return this.unexpected('A value is expected');
  }

  private nameExpression(name: string, position: number): Node {
    const next = this.tokens[this.at + 1];
    const called = next.kind === 'operator' && next.text === '(';
    if (called && (name === 'offsetof' || name === '__builtin_offsetof')) return this.offsetof(position);
    if (called && name === 'container_of') return this.containerOf(position);
    const structure = called ? this.names.accessor(name) : undefined;
    this.at++;
    if (structure !== undefined) return this.accessor(structure, position);
    if (this.accept('::')) {
      return { kind: 'scoped', scope: name, isFile: false, name: this.name('A name is expected'), position };
    }
    if (TAGS.has(name) || (BASIC.has(name) && !this.names.isVariable(name))) {
      throw new ExpressionError(`"${name}" starts a type; a cast needs it in parentheses.`, position);
    }
    return { kind: 'name', name, position };
  }

  /** `tcp_sk(sk)`: the pointer as one to the structure that begins there. */
  private accessor(structure: string, position: number): Node {
    this.expect('(');
    const operand = this.assignment();
    this.expect(')');
    return { kind: 'cast', type: { base: structure, position, derived: [{ kind: 'pointer' }] }, operand };
  }

  private offsetof(position: number): Node {
    this.at += 2;
    const type = this.typeName();
    this.expect(',');
    const path = this.designator();
    this.expect(')');
    return { kind: 'offsetof', type, path, position };
  }

  private containerOf(position: number): Node {
    this.at += 2;
    const pointer = this.assignment();
    this.expect(',');
    const type = this.typeName();
    this.expect(',');
    const path = this.designator();
    this.expect(')');
    return { kind: 'containerOf', pointer, type, path, position };
  }

  private designator(): Designator[] {
    const path: Designator[] = [{ name: this.name('A member name is expected') }];
    for (;;) {
      if (this.accept('.')) path.push({ name: this.name('A member name is expected') });
      else if (this.accept('[')) {
        path.push({ index: this.expression() });
        this.expect(']');
      } else return path;
    }
  }

  /** Whether the tokens from `index` begin a type name. */
  private startsType(index: number): boolean {
    const token = this.tokens[index];
    if (token.kind !== 'name') return false;
    const { text } = token;
    if (TAGS.has(text) || QUALIFIERS.has(text)) return true;
    if (this.names.isVariable(text)) return false;
    return BASIC.has(text) || this.names.isTypeName(text);
  }

  typeName(): TypeNode {
    const { position } = this.token;
    const base = this.baseType();
    const derived: TypeNode['derived'][number][] = [];
    this.pointers(derived);
    // `(*)(…)`: a pointer to a function or array; what is inside the parentheses is built on what follows them.
    const inner: TypeNode['derived'][number][] = [];
    if (this.is('(') && this.tokens[this.at + 1].text === '*') {
      this.at++;
      this.pointers(inner);
      this.expect(')');
    }
    const suffixes: TypeNode['derived'][number][] = [];
    for (;;) {
      if (this.accept('[')) {
        const count = this.is(']') ? undefined : this.expression();
        this.expect(']');
        suffixes.push({ kind: 'array', count });
      } else if (inner.length > 0 && this.accept('(')) {
        this.skipParameters();
        suffixes.push({ kind: 'function' });
      } else break;
    }
    return { base, position, derived: [...derived, ...suffixes.reverse(), ...inner] };
  }

  private skipParameters(): void {
    for (let open = 1; open > 0; this.at++) {
      if (this.token.kind === 'end') this.unexpected('")" is expected');
      if (this.is('(')) open++;
      if (this.is(')')) open--;
    }
  }

  private pointers(derived: TypeNode['derived'][number][]): void {
    for (;;) {
      if (this.accept('*')) derived.push({ kind: 'pointer' });
      else if (this.token.kind === 'name' && QUALIFIERS.has(this.token.text)) this.at++;
      else return;
    }
  }

  private baseType(): string {
    const words: string[] = [];
    for (;;) {
      const { token } = this;
      if (token.kind !== 'name') break;
      if (QUALIFIERS.has(token.text)) {
        this.at++;
      } else if (TAGS.has(token.text) && words.length === 0) {
        this.at++;
        const tag = this.name('A tag is expected');
        this.qualifiers();
        return `${token.text} ${tag}`;
      } else if (BASIC.has(token.text)) {
        words.push(token.text);
        this.at++;
      } else if (words.length === 0) {
        this.at++;
        this.qualifiers();
        return token.text;
      } else break;
    }
    if (words.length === 0) this.unexpected('A type is expected');
    return words.join(' ');
  }

  private qualifiers(): void {
    while (this.token.kind === 'name' && QUALIFIERS.has(this.token.text)) this.at++;
  }
}
