/**
 * Writes WebAssembly modules in the binary format (WebAssembly Core Specification 2.0, chapter 5): only 32- and 64-bit integers, one
 * imported memory, one imported table.
 */

/** Value types. */
export const enum Type {
  I32 = 0x7f,
  I64 = 0x7e,
  /** Only as a block's type: no result. */
  None = 0x40,
}

/** Instructions, by their names in the specification. */
export const enum Op {
  unreachable = 0x00,
  block = 0x02,
  loop = 0x03,
  if = 0x04,
  else = 0x05,
  end = 0x0b,
  br = 0x0c,
  br_if = 0x0d,
  br_table = 0x0e,
  return = 0x0f,
  call = 0x10,
  call_indirect = 0x11,
  drop = 0x1a,
  select = 0x1b,
  local_get = 0x20,
  local_set = 0x21,
  local_tee = 0x22,
  i32_load = 0x28,
  i64_load = 0x29,
  i32_load8_u = 0x2d,
  i32_load16_u = 0x2f,
  i32_store = 0x36,
  i32_store8 = 0x3a,
  i32_store16 = 0x3b,
  i32_const = 0x41,
  i64_const = 0x42,
  i32_eqz = 0x45,
  i32_eq = 0x46,
  i32_ne = 0x47,
  i32_lt_s = 0x48,
  i32_lt_u = 0x49,
  i32_gt_s = 0x4a,
  i32_gt_u = 0x4b,
  i32_le_s = 0x4c,
  i32_le_u = 0x4d,
  i32_ge_s = 0x4e,
  i32_ge_u = 0x4f,
  i64_eqz = 0x50,
  i64_ne = 0x52,
  i32_clz = 0x67,
  i32_ctz = 0x68,
  i32_popcnt = 0x69,
  i32_add = 0x6a,
  i32_sub = 0x6b,
  i32_mul = 0x6c,
  i32_div_u = 0x6e,
  i32_and = 0x71,
  i32_or = 0x72,
  i32_xor = 0x73,
  i32_shl = 0x74,
  i32_shr_s = 0x75,
  i32_shr_u = 0x76,
  i32_rotl = 0x77,
  i64_add = 0x7c,
  i64_sub = 0x7d,
  i64_mul = 0x7e,
  i64_div_s = 0x7f,
  i64_div_u = 0x80,
  i64_or = 0x84,
  i64_shl = 0x86,
  i64_shr_s = 0x87,
  i64_shr_u = 0x88,
  i32_wrap_i64 = 0xa7,
  i64_extend_i32_s = 0xac,
  i64_extend_i32_u = 0xad,
  i32_extend8_s = 0xc0,
  i32_extend16_s = 0xc1,
}

/** A growing run of bytes. */
export class Bytes {
  private bytes = new Uint8Array(256);
  length = 0;

  byte(value: number): void {
    if (this.length === this.bytes.length) {
      const grown = new Uint8Array(this.bytes.length * 2);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes[this.length++] = value;
  }

  /** Unsigned LEB128 of a 32-bit number. */
  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Signed LEB128 of a 32-bit number. */
  signed(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  name(text: string): void {
    const utf8 = new TextEncoder().encode(text);
    this.unsigned(utf8.length);
    this.append(utf8);
  }

  append(bytes: Uint8Array): void {
    for (const byte of bytes) this.byte(byte);
  }

  view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }
}

/** A function's body: instructions, and locals as they are needed. */
export class Code extends Bytes {
  private readonly localTypes: Type[] = [];
  private depth = 0;

  constructor(private readonly parameters: number) {
    super();
  }

  /** A new local; its index. */
  local(type: Type = Type.I32): number {
    this.localTypes.push(type);
    return this.parameters + this.localTypes.length - 1;
  }

  op(...ops: Op[]): this {
    for (const op of ops) this.byte(op);
    return this;
  }

  const(value: number): this {
    this.byte(Op.i32_const);
    this.signed(value);
    return this;
  }

  const64(value: number): this {
    this.byte(Op.i64_const);
    this.signed(value);
    return this;
  }

  get(local: number): this {
    this.byte(Op.local_get);
    this.unsigned(local);
    return this;
  }

  set(local: number): this {
    this.byte(Op.local_set);
    this.unsigned(local);
    return this;
  }

  tee(local: number): this {
    this.byte(Op.local_tee);
    this.unsigned(local);
    return this;
  }

  /** A load or store; `offset` is added to the address on the stack. Alignment is never promised. */
  memory(op: Op, offset = 0): this {
    this.byte(op);
    this.unsigned(0);
    this.unsigned(offset);
    return this;
  }

  /** i32 at a fixed address. */
  load(address: number): this {
    return this.const(0).memory(Op.i32_load, address);
  }

  /** block, loop or if; gives the label by which the branches name it. */
  open(op: Op.block | Op.loop | Op.if, type: Type = Type.None): number {
    this.byte(op);
    this.byte(type);
    return ++this.depth;
  }

  end(): this {
    this.depth--;
    this.byte(Op.end);
    return this;
  }

  br(label: number): this {
    this.byte(Op.br);
    this.unsigned(this.depth - label);
    return this;
  }

  brIf(label: number): this {
    this.byte(Op.br_if);
    this.unsigned(this.depth - label);
    return this;
  }

  /** Jump by the number on the stack. */
  brTable(labels: readonly number[], otherwise: number): this {
    this.byte(Op.br_table);
    this.unsigned(labels.length);
    for (const label of labels) this.unsigned(this.depth - label);
    this.unsigned(this.depth - otherwise);
    return this;
  }

  call(index: number): this {
    this.byte(Op.call);
    this.unsigned(index);
    return this;
  }

  /** Call through table 0 by the number on the stack. */
  callIndirect(type: number): this {
    this.byte(Op.call_indirect);
    this.unsigned(type);
    this.unsigned(0);
    return this;
  }

  /** memory.copy: destination, source, length on the stack. */
  memoryCopy(): this {
    for (const byte of [0xfc, 0x0a, 0, 0]) this.byte(byte);
    return this;
  }

  /** memory.fill: destination, byte, length on the stack. */
  memoryFill(): this {
    for (const byte of [0xfc, 0x0b, 0]) this.byte(byte);
    return this;
  }

  /** The whole function as the code section holds it. */
  function(): Uint8Array {
    const body = new Bytes();
    const groups: { type: Type; count: number }[] = [];
    for (const type of this.localTypes) {
      const last = groups.at(-1);
      if (last?.type === type) last.count++;
      else groups.push({ type, count: 1 });
    }
    body.unsigned(groups.length);
    for (const { type, count } of groups) {
      body.unsigned(count);
      body.byte(type);
    }
    body.append(this.view());
    body.byte(Op.end);
    const whole = new Bytes();
    whole.unsigned(body.length);
    whole.append(body.view());
    return whole.view();
  }
}

/** Name of the module from which everything is imported. */
export const IMPORTS = 'env';

/** A module under construction. All imports come before the first function. */
export class ModuleBuilder {
  private readonly types = new Map<string, number>();
  private readonly typeBytes = new Bytes();
  private readonly importBytes = new Bytes();
  private imports = 0;
  private importedFunctions = 0;
  private readonly functions: { type: number; code: Code | undefined }[] = [];
  private readonly exports = new Bytes();
  private exported = 0;

  /** Index of a function type with i32 parameters and at most one i32 result. */
  type(parameters: number, results: 0 | 1): number {
    const key = `${parameters} ${results}`;
    const known = this.types.get(key);
    if (known !== undefined) return known;
    const index = this.types.size;
    this.types.set(key, index);
    this.typeBytes.byte(0x60);
    this.typeBytes.unsigned(parameters);
    for (let n = 0; n < parameters; n++) this.typeBytes.byte(Type.I32);
    this.typeBytes.unsigned(results);
    if (results === 1) this.typeBytes.byte(Type.I32);
    return index;
  }

  importMemory(name: string): void {
    this.importEntry(name, 2);
    this.importBytes.byte(0);
    this.importBytes.unsigned(1);
  }

  /** A table of functions. */
  importTable(name: string): void {
    this.importEntry(name, 1);
    this.importBytes.byte(0x70);
    this.importBytes.byte(0);
    this.importBytes.unsigned(0);
  }

  importFunction(name: string, parameters: number, results: 0 | 1): number {
    const type = this.type(parameters, results);
    this.importEntry(name, 0);
    this.importBytes.unsigned(type);
    return this.importedFunctions++;
  }

  private importEntry(name: string, kind: number): void {
    this.imports++;
    this.importBytes.name(IMPORTS);
    this.importBytes.name(name);
    this.importBytes.byte(kind);
  }

  /** Announce a function, exported under `name`; `define` gives its body. */
  declare(name: string, parameters: number, results: 0 | 1): number {
    const index = this.importedFunctions + this.functions.length;
    this.functions.push({ type: this.type(parameters, results), code: undefined });
    this.exported++;
    this.exports.name(name);
    this.exports.byte(0);
    this.exports.unsigned(index);
    return index;
  }

  define(index: number, code: Code): void {
    this.functions[index - this.importedFunctions].code = code;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const module = new Bytes();
    for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) module.byte(byte);
    const section = (id: number, count: number, content: Bytes): void => {
      const counted = new Bytes();
      counted.unsigned(count);
      module.byte(id);
      module.unsigned(counted.length + content.length);
      module.append(counted.view());
      module.append(content.view());
    };
    section(1, this.types.size, this.typeBytes);
    section(2, this.imports, this.importBytes);
    const declarations = new Bytes();
    for (const { type } of this.functions) declarations.unsigned(type);
    section(3, this.functions.length, declarations);
    section(7, this.exported, this.exports);
    const bodies = new Bytes();
    for (const { code } of this.functions) {
      if (code === undefined) throw new Error('A declared function has no body.');
      bodies.append(code.function());
    }
    section(10, this.functions.length, bodies);
    return module.view();
  }
}
