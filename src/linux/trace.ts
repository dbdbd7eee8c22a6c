import type { CallPlaces, EnteredCall, Gate } from './call-places';
import { CallMemoryReader, type CallMemory } from './call-memory';
import { SOCKET_CALL_NAMES } from './call-places';
import type { CallView, ShownArgument } from './call-view';
import { CallWatch } from './call-watch';
import type { PathNames } from './dispatch-path-names';
import { errnoName, isFailure } from './errno';
import { textOf } from './kernel';
import type { LinuxPlatform } from './platform';
import { SocketCallViews } from './socket-call-views';
import { ArgumentDecoder, DATA_LIMIT, straceResult } from './strace';
import { TASK_COMM_LEN } from './tasks';

/** Which calls a trace shows. */
export type TraceScope = 'sockets' | 'all';

export interface TraceOptions {
  /** Bytes of data shown for each buffer. */
  readonly limit?: number;
  /** Whether each call's dispatch path is found, which costs about as much as all the rest. */
  readonly paths?: boolean;
}

/** A call that a trace has seen, when it has returned (or will not any more). */
export interface TracedCall {
  readonly pid: number;
  readonly comm: string;
  /** Name that users know: `bind`, also where it came through socketcall. */
  readonly call: string;
  /** Name of the table's entry, and its number as the program passed it. */
  readonly entry: string;
  readonly number: number;
  readonly gate: Gate;
  /** `SYS_BIND`, where it came through socketcall. */
  readonly case: string | undefined;
  readonly arguments: readonly ShownArgument[];
  /** Absent for a call that has not returned. */
  readonly result: number | undefined;
  /** `EADDRINUSE`, where it failed. */
  readonly error: string | undefined;
  /** Instructions executed since power-on, at the entry and at the return. */
  readonly enteredAt: number;
  readonly returnedAt: number | undefined;
  /** `bind(3, {…}, 16) = 0`. */
  readonly text: string;
  /** The dispatch path by the names of its hops: `bind`, `vector 0x80`, …, `inet_bind`, `inet_csk_get_port`; empty where it is not wanted. */
  readonly path: readonly string[];
}

/** What is noted of a call at its entry. */
interface Kept {
  /** The caller's memory where it is read later, or the call as it was read. */
  readonly memory: CallMemory;
  readonly view: CallView | undefined;
  readonly path: readonly string[];
  readonly pid: number;
  /** Where the task's name is in `memory`. */
  readonly comm: number;
  readonly enteredAt: number;
}

/** What is noted of a call at its return, or where it is given up. */
interface Left {
  readonly memory: CallMemory | undefined;
  readonly view: CallView | undefined;
  readonly result: number | undefined;
  readonly returnedAt: number | undefined;
  /** What strace shows instead of the plain result. */
  readonly outcome: string | undefined;
}

/** A call whose texts are made when they are wanted: the guest waits while what they need is copied, but not for them. */
class SeenCall implements TracedCall {
  private made: { readonly view: CallView; readonly outcome: string | undefined } | undefined;

  constructor(
    private readonly seen: EnteredCall,
    private readonly kept: Kept,
    private readonly left: Left,
    private readonly reader: CopiedCalls,
  ) {}

  get pid(): number {
    return this.kept.pid;
  }

  get comm(): string {
    return textOf(this.kept.memory.read(this.kept.comm, TASK_COMM_LEN));
  }

  get call(): string {
    return this.seen.name;
  }

  get entry(): string {
    return this.seen.entry;
  }

  get number(): number {
    return this.seen.number | 0;
  }

  get gate(): Gate {
    return this.seen.gate;
  }

  get case(): string | undefined {
    return this.seen.case;
  }

  get arguments(): readonly ShownArgument[] {
    return this.read.view.arguments;
  }

  get result(): number | undefined {
    return this.left.result;
  }

  get error(): string | undefined {
    const { result } = this.left;
    return result !== undefined && isFailure(result) ? errnoName(result) : undefined;
  }

  get enteredAt(): number {
    return this.kept.enteredAt;
  }

  get returnedAt(): number | undefined {
    return this.left.returnedAt;
  }

  get path(): readonly string[] {
    return this.kept.path;
  }

  get text(): string {
    const { view, outcome } = this.read;
    const { result } = this.left;
    if (result === undefined) return `${view.line} ${outcome ?? ''}`;
    return `${view.line} = ${outcome ?? straceResult(this.call, result)}`;
  }

  private get read(): { readonly view: CallView; readonly outcome: string | undefined } {
    return (this.made ??= this.reader.read(this.seen, this.kept, this.left));
  }
}

/** Reads calls out of what was copied of their callers' memory. */
class CopiedCalls {
  private memory: CallMemory | undefined;
  private readonly views: SocketCallViews;

  constructor(limit: number) {
    this.views = new SocketCallViews((address, length) => this.memory!.read(address, length), limit);
  }

  read(
    call: EnteredCall,
    kept: Kept,
    { memory, view, result, outcome }: Left,
  ): Pick<Left, 'outcome'> & { view: CallView } {
    const known = view ?? kept.view;
    if (known) return { view: known, outcome };
    this.memory = kept.memory;
    const entered = this.views.atEntry(call);
    if (result === undefined || !memory) return { view: entered, outcome };
    this.memory = memory;
    return { view: this.views.atReturn(entered, result), outcome: this.views.outcome(call, result) };
  }
}

/** Calls that never return to their caller. */
const NO_RETURN = new Set(['exit', 'exit_group']);

/** Shows system calls as strace does, without stopping the guest: one line a call, in the order of their returns. */
export class CallTrace extends CallWatch<Kept> {
  private readonly decoder: ArgumentDecoder;
  private readonly memory: CallMemoryReader;
  private readonly copied: CopiedCalls;
  private readonly paths: PathNames | undefined;
  private readonly members: { readonly pid: number; readonly comm: number };

  constructor(
    platform: LinuxPlatform,
    places: CallPlaces,
    scope: TraceScope,
    private readonly listener: (call: TracedCall) => void,
    { limit = DATA_LIMIT, paths = true }: TraceOptions = {},
  ) {
    const sockets = (): number[] => [...new Set(SOCKET_CALL_NAMES.flatMap((name) => places.addressesOf(name)))];
    super(platform, places, scope === 'all' ? places.allAddresses() : sockets(), `trace of ${scope}`);
    this.decoder = new ArgumentDecoder(platform, limit);
    this.memory = new CallMemoryReader(platform.target, limit);
    this.copied = new CopiedCalls(limit);
    this.paths = paths ? platform.pathNames() : undefined;
    const { kernel } = platform;
    this.members = { pid: kernel.offset('task_struct', 'pid'), comm: kernel.offset('task_struct', 'comm') };
  }

  describe(): undefined {
    return undefined;
  }

  protected entered(call: EnteredCall): 'ignore' | { keep: Kept } {
    const { kernel, target } = this.platform;
    const { task, words } = call;
    const plan = this.memory.planOf(call.name);
    const comm = (task + this.members.comm) >>> 0;
    if (plan) this.decoder.made(call);
    const keep: Kept = {
      memory: this.memory.copy(words, plan?.entry ?? [], comm, TASK_COMM_LEN),
      view: plan ? undefined : this.decoder.atEntry(call),
      path: this.paths?.of(call) ?? [],
      pid: kernel.u32((task + this.members.pid) >>> 0),
      comm,
      enteredAt: target.instructionCount(),
    };
    if (plan || !NO_RETURN.has(call.name)) return { keep };
    this.tell(call, keep, { ...GIVEN_UP, outcome: '= ?' });
    return 'ignore';
  }

  protected returned(call: EnteredCall, kept: Kept, result: number): boolean {
    const returnedAt = this.platform.target.instructionCount();
    const { view } = kept;
    const plan = this.memory.planOf(call.name);
    if (view || !plan) {
      const shown = view && this.decoder.atReturn(view, result);
      const outcome = shown && this.decoder.outcome(shown, result);
      this.tell(call, kept, { memory: undefined, view: shown, result, returnedAt, outcome });
      return false;
    }
    // A page that was not in memory yet at the entry is there once the kernel has copied from it.
    const wanted = kept.memory.isWhole ? plan.exit : [...plan.entry, ...plan.exit];
    const memory = this.memory.copy(call.words, wanted);
    this.tell(call, kept, { memory, view: undefined, result, returnedAt, outcome: undefined });
    return false;
  }

  /** The guest has ended: shows the calls that were still under way. */
  finish(): void {
    for (const { call, kept } of this.unfinished()) this.tell(call, kept, { ...GIVEN_UP, outcome: '<unfinished ...>' });
    this.removed();
  }

  private tell(call: EnteredCall, kept: Kept, left: Left): void {
    this.listener(new SeenCall(call, kept, left, this.copied));
  }
}

/** A call that has not returned. */
const GIVEN_UP = { memory: undefined, view: undefined, result: undefined, returnedAt: undefined };
