/**
 * What a socket call's caller has in memory, copied when the call is seen and read when it is told: a guest that is traced waits for the
 * copy only. What is copied follows from the kinds of the call's parameters (socket-calls.ts); calls with message headers, which point
 * on, are not among them.
 */

import { MemoryError, type Target } from '../debugger/target';
import { MAX_SOCKADDR } from './sockaddr';
import { SOCKET_CALLS, type Parameter } from './socket-calls';

type Kind = Parameter['kind'];

/** Bytes of the sets of select (__FD_SETSIZE), and of a time or offset of either width. */
const FD_SET = 128;
const TIME = 16;
const OFFSET = 8;
/** Copies are made into blocks of this size: an array of its own for each would cost more than the copy. */
const BLOCK = 0x10000;

/** Arguments by their places, and how many bytes behind each: place, bytes, place, bytes… */
type Plan = readonly number[];

/** What is copied of a call: what it is given, and what it leaves. */
export interface CallPlan {
  readonly entry: Plan;
  readonly exit: Plan;
}

/** What has been copied. */
export class CallMemory {
  /** Address, bytes wanted, bytes there, place in the block; and so on. */
  private readonly pieces: number[] = [];

  constructor(private readonly block: Uint8Array) {}

  add(address: number, wanted: number, present: number, at: number): void {
    this.pieces.push(address, wanted, present, at);
  }

  /** Whether all of it was there. */
  get isWhole(): boolean {
    for (let i = 0; i < this.pieces.length; i += 4) if (this.pieces[i + 1] !== this.pieces[i + 2]) return false;
    return true;
  }

  /** @throws MemoryError where the memory was not there when it was copied */
  read(address: number, length: number): Uint8Array {
    const { pieces } = this;
    for (let i = 0; i < pieces.length; i += 4) {
      const offset = (address >>> 0) - pieces[i];
      if (offset < 0 || offset + length > pieces[i + 1]) continue;
      if (offset + length > pieces[i + 2]) throw new MemoryError(pieces[i] + pieces[i + 2]);
      return this.block.subarray(pieces[i + 3] + offset, pieces[i + 3] + offset + length);
    }
    // NULL is not copied, because nothing is there.
    if (address === 0) throw new MemoryError(0);
    throw new Error(`0x${(address >>> 0).toString(16)} (${length} bytes) was not copied.`);
  }
}

/** Copies. */
export class CallMemoryReader {
  private block = new Uint8Array(BLOCK);
  private used = 0;
  private readonly plans = new Map<string, CallPlan | 'none'>();

  /** @param limit bytes of data copied of each buffer */
  constructor(
    private readonly target: Target,
    private readonly limit: number,
  ) {}

  /** What is copied of a call; undefined for one that has to be read at once. */
  planOf(name: string): CallPlan | undefined {
    let plan = this.plans.get(name);
    if (!plan) this.plans.set(name, (plan = makePlan(name, this.limit) ?? 'none'));
    return plan === 'none' ? undefined : plan;
  }

  /**
   * @param words the call's arguments
   * @param more further memory, by its address: as many bytes
   */
  copy(words: readonly number[], plan: Plan, more?: number, bytes = 0): CallMemory {
    if (this.used + this.roomFor(plan) + bytes > this.block.length) this.renew(this.roomFor(plan) + bytes);
    const memory = new CallMemory(this.block);
    if (more !== undefined) this.piece(memory, more, bytes);
    for (let i = 0; i < plan.length; i += 2) {
      const address = words[plan[i]];
      if (address) this.piece(memory, address, plan[i + 1]);
    }
    return memory;
  }

  private piece(memory: CallMemory, address: number, bytes: number): void {
    const { target, block, used } = this;
    const from = address >>> 0;
    let present: number;
    if (target.copyMemory) present = target.copyMemory(from, block, used, bytes);
    else {
      const read = target.readAvailable(from, bytes);
      block.set(read, used);
      present = read.length;
    }
    memory.add(from, bytes, present, used);
    this.used += present;
  }

  private roomFor(plan: Plan): number {
    let room = 0;
    for (let i = 1; i < plan.length; i += 2) room += plan[i];
    return room;
  }

  /** Calls that have not been told yet keep the old block. */
  private renew(room: number): void {
    this.block = new Uint8Array(Math.max(BLOCK, room));
    this.used = 0;
  }
}

function makePlan(name: string, limit: number): CallPlan | undefined {
  if (!Object.hasOwn(SOCKET_CALLS, name)) return undefined;
  const parameters = SOCKET_CALLS[name];
  if (parameters.some(({ kind }) => kind === 'messageHeader' || kind === 'messageVector')) return undefined;
  const given: Partial<Record<Kind, number>> = {
    sockaddrIn: MAX_SOCKADDR,
    dataIn: limit,
    optionValueIn: limit,
    lengthPointer: 4,
    offsetPointer: OFFSET,
    timeout: TIME,
    fdSet: FD_SET,
  };
  const left: Partial<Record<Kind, number>> = {
    sockaddrOut: MAX_SOCKADDR,
    dataOut: limit,
    optionValueOut: limit,
    lengthPointer: 4,
    offsetPointer: OFFSET,
    pair: OFFSET,
    // select's, for what strace shows behind the result.
    timeout: TIME,
    fdSet: FD_SET,
  };
  const plan = (bytes: Partial<Record<Kind, number>>): Plan =>
    parameters.flatMap(({ kind }, i) => {
      const count = bytes[kind];
      return count === undefined ? [] : [i, count];
    });
  return { entry: plan(given), exit: plan(left) };
}
