import type { CallPlaces, EnteredCall, Gate } from './call-places';
import { SOCKET_CALL_NAMES } from './call-places';
import { CallWatch } from './call-watch';
import type { PathNames } from './dispatch-path-names';
import { errnoName, isFailure } from './errno';
import { textOf } from './kernel';
import type { LinuxPlatform } from './platform';
import { ArgumentDecoder, DATA_LIMIT, straceResult, type CallView, type ShownArgument } from './strace';

/** Which calls a trace shows. */
export type TraceScope = 'sockets' | 'all';

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
  /** The dispatch path by the names of its hops: `bind`, `vector 0x80`, …, `inet_bind`, `inet_csk_get_port`. */
  readonly path: readonly string[];
}

/** What is noted of a call at its entry. */
interface Kept {
  readonly view: CallView;
  readonly path: readonly string[];
  readonly pid: number;
  /** Not made text yet. */
  readonly comm: Uint8Array;
  readonly enteredAt: number;
}

/** A call as it was read, whose texts are made when they are wanted: the guest waits while it is read, but not for its text. */
class ReadCall implements TracedCall {
  readonly pid: number;
  readonly call: string;
  readonly entry: string;
  readonly number: number;
  readonly gate: Gate;
  readonly case: string | undefined;
  readonly enteredAt: number;
  readonly path: readonly string[];

  constructor(
    { name, entry, number, gate, case: case_ }: EnteredCall,
    private readonly kept: Kept,
    private readonly view: CallView,
    readonly result: number | undefined,
    readonly returnedAt: number | undefined,
    /** What strace shows instead of the plain result. */
    private readonly outcome: string | undefined,
  ) {
    this.pid = kept.pid;
    this.call = name;
    this.entry = entry;
    this.number = number | 0;
    this.gate = gate;
    this.case = case_;
    this.enteredAt = kept.enteredAt;
    this.path = kept.path;
  }

  get comm(): string {
    return textOf(this.kept.comm);
  }

  get arguments(): readonly ShownArgument[] {
    return this.view.arguments;
  }

  get error(): string | undefined {
    return this.result !== undefined && isFailure(this.result) ? errnoName(this.result) : undefined;
  }

  get text(): string {
    const { line } = this.view;
    if (this.result === undefined) return `${line} ${this.outcome ?? ''}`;
    return `${line} = ${this.outcome ?? straceResult(this.call, this.result)}`;
  }
}

/** Calls that never return to their caller. */
const NO_RETURN = new Set(['exit', 'exit_group']);

/** Shows system calls as strace does, without stopping the guest: one line a call, in the order of their returns. */
export class CallTrace extends CallWatch<Kept> {
  private readonly decoder: ArgumentDecoder;
  private readonly paths: PathNames;

  /** @param limit bytes of data shown for each buffer */
  constructor(
    platform: LinuxPlatform,
    places: CallPlaces,
    scope: TraceScope,
    private readonly listener: (call: TracedCall) => void,
    limit = DATA_LIMIT,
  ) {
    const sockets = (): number[] => [...new Set(SOCKET_CALL_NAMES.flatMap((name) => places.addressesOf(name)))];
    super(platform, places, scope === 'all' ? places.allAddresses() : sockets(), `trace of ${scope}`);
    this.decoder = new ArgumentDecoder(platform, limit);
    this.paths = platform.pathNames();
  }

  describe(): undefined {
    return undefined;
  }

  protected entered(call: EnteredCall): 'ignore' | { keep: Kept } {
    const { tasks, target } = this.platform;
    const keep: Kept = {
      view: this.decoder.atEntry(call),
      path: this.paths.of(call),
      pid: tasks.pidOf(call.task),
      comm: tasks.commBytes(call.task),
      enteredAt: target.instructionCount(),
    };
    if (!NO_RETURN.has(call.name)) return { keep };
    this.listener(new ReadCall(call, keep, keep.view, undefined, undefined, '= ?'));
    return 'ignore';
  }

  protected returned(call: EnteredCall, kept: Kept, result: number): boolean {
    const shown = this.decoder.atReturn(kept.view, result);
    const outcome = this.decoder.outcome(kept.view, result);
    this.listener(new ReadCall(call, kept, shown, result, this.platform.target.instructionCount(), outcome));
    return false;
  }

  /** The guest has ended: shows the calls that were still under way. */
  finish(): void {
    for (const { call, kept } of this.unfinished())
      this.listener(new ReadCall(call, kept, kept.view, undefined, undefined, '<unfinished ...>'));
    this.removed();
  }
}
