/** What the parser makes of a C expression. */
export type Node =
  | { kind: 'integer'; value: bigint; suffix: string; decimal: boolean }
  | { kind: 'float'; value: number; single: boolean }
  | { kind: 'character'; value: bigint }
  | { kind: 'string'; bytes: Uint8Array }
  | { kind: 'name'; name: string; position: number }
  /** `'net/socket.c'::name` or `function::name`. */
  | { kind: 'scoped'; scope: string; isFile: boolean; name: string; position: number }
  | { kind: 'dollar'; name: string; position: number }
  | { kind: 'unary'; operator: '-' | '+' | '!' | '~' | '*' | '&'; operand: Node }
  | { kind: 'binary'; operator: BinaryOperator; left: Node; right: Node }
  | { kind: 'logical'; operator: '&&' | '||'; left: Node; right: Node }
  | { kind: 'conditional'; condition: Node; then: Node; otherwise: Node }
  | { kind: 'member'; object: Node; name: string; arrow: boolean; position: number }
  | { kind: 'index'; object: Node; index: Node }
  /** `p[0..9]`: elements first to last, both included. */
  | { kind: 'range'; object: Node; first: Node; last: Node }
  /** `p@10`: so many elements from there. */
  | { kind: 'repeat'; object: Node; count: Node }
  | { kind: 'cast'; type: TypeNode; operand: Node }
  | { kind: 'sizeofType' | 'alignofType'; type: TypeNode }
  | { kind: 'sizeof'; operand: Node }
  | { kind: 'offsetof'; type: TypeNode; path: Designator[]; position: number }
  | { kind: 'containerOf'; pointer: Node; type: TypeNode; path: Designator[]; position: number }
  | { kind: 'assign'; operator: BinaryOperator | undefined; target: Node; value: Node }
  | { kind: 'increment'; by: 1 | -1; prefix: boolean; target: Node }
  | { kind: 'comma'; left: Node; right: Node };

export type BinaryOperator =
  '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>' | '<' | '>' | '<=' | '>=' | '==' | '!=';

/** A step of a member designator: `.name` or `[index]`. */
export type Designator = { name: string } | { index: Node };

/** A type as written: its base name and what is built on it, innermost first. */
export interface TypeNode {
  /** `struct sock`, `unsigned int`, `u32`. */
  readonly base: string;
  readonly position: number;
  readonly derived: readonly (
    { kind: 'pointer' } | { kind: 'array'; count: Node | undefined } | { kind: 'function' }
  )[];
}
