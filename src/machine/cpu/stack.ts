import { CPL, GPR, Register, SEG_ACCESS, SEG_BASE, SEG_LIMIT, SegmentRegister as Segment } from './layout';
import { type Cpu } from './cpu';
import { ACCESS_BIG, ACCESS_CODE, ACCESS_EXPAND_DOWN } from './mode';

const STACK_FAULT = 12;

/**
 * A stack being pushed to or popped from by an instruction that commits ESP only at its end, so that a fault leaves it as it was.
 * May be the current one or that of a level about to be entered. Values of 16 bits come zero-extended.
 */
export class Stack {
  base = 0;
  limit = 0;
  access = 0;
  /** Stack pointer, within `mask`. */
  pointer = 0;
  /** 0xffff for a 16-bit stack segment, else −1. */
  mask = -1;
  private user = false;
  /** Error code of a #SS for lack of room: 0 for the current stack, the selector of another. */
  private errorCode = 0;

  constructor(private readonly cpu: Cpu) {}

  /** The current stack: SS:ESP at the current privilege level. */
  current(): this {
    const { i32 } = this.cpu;
    return this.use(
      i32[(SEG_BASE >> 2) + Segment.SS],
      i32[(SEG_LIMIT >> 2) + Segment.SS],
      i32[(SEG_ACCESS >> 2) + Segment.SS],
      i32[(GPR >> 2) + Register.ESP],
      i32[CPL >> 2] === 3,
      0,
    );
  }

  /** Any stack; `user` tells whose page rights apply, `errorCode` the selector for #SS. */
  use(base: number, limit: number, access: number, pointer: number, user: boolean, errorCode: number): this {
    this.base = base;
    this.limit = limit;
    this.access = access;
    this.mask = access & ACCESS_BIG ? -1 : 0xffff;
    this.pointer = pointer & this.mask;
    this.user = user;
    this.errorCode = errorCode;
    return this;
  }

  push(value: number, size: number): void {
    const bytes = size === 16 ? 2 : 4;
    const pointer = (this.pointer - bytes) & this.mask;
    this.cpu.writeAs(this.check(pointer, bytes), bytes, value, this.user);
    this.pointer = pointer;
  }

  pop(size: number): number {
    const value = this.peek(size);
    this.skip(size >> 3);
    return value;
  }

  /** Read at the pointer without moving it. */
  peek(size: number): number {
    const bytes = size === 16 ? 2 : 4;
    return this.cpu.readAs(this.check(this.pointer, bytes), bytes, this.user);
  }

  /** Release bytes unread. */
  skip(bytes: number): void {
    this.pointer = (this.pointer + bytes) & this.mask;
  }

  /** Make ESP (or SP) this stack's pointer. */
  commit(): void {
    const { i32 } = this.cpu;
    const esp = (GPR >> 2) + Register.ESP;
    i32[esp] = (i32[esp] & ~this.mask) | this.pointer;
  }

  private check(pointer: number, bytes: number): number {
    const first = pointer >>> 0;
    const last = first + bytes - 1;
    const limit = this.limit >>> 0;
    const inside =
      (this.access & (ACCESS_CODE | ACCESS_EXPAND_DOWN)) === ACCESS_EXPAND_DOWN
        ? first > limit && last <= (this.mask === -1 ? 0xffffffff : 0xffff)
        : last <= limit || limit === 0xffffffff;
    if (!inside || this.access === 0) this.cpu.raise(STACK_FAULT, this.errorCode | this.cpu.delivering);
    return (this.base + pointer) | 0;
  }
}
