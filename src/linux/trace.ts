import type { CallPlaces, EnteredCall, Gate } from './call-places';
import { SOCKET_CALL_NAMES } from './call-places';
import { CallWatch } from './call-watch';
import { PathNames } from './dispatch-path-names';
import { errnoName, isFailure } from './errno';
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

interface Kept {
  readonly view: CallView;
  readonly path: readonly string[];
  readonly pid: number;
  readonly comm: string;
  readonly enteredAt: number;
}

/** Calls that never return to their caller. */
const NO_RETURN = new Set(['exit', 'exit_group']);
/** TASK_COMM_LEN */
const COMM_SIZE = 16;

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
    this.paths = new PathNames(platform);
  }

  describe(): undefined {
    return undefined;
  }

  protected entered(call: EnteredCall): 'ignore' | { keep: Kept } {
    const { kernel, tasks, target } = this.platform;
    const keep: Kept = {
      view: this.decoder.atEntry(call),
      path: this.paths.of(call),
      pid: tasks.pidOf(call.task),
      comm: kernel.text(call.task + kernel.offset('task_struct', 'comm'), COMM_SIZE),
      enteredAt: target.instructionCount(),
    };
    if (!NO_RETURN.has(call.name)) return { keep };
    this.tell(call, keep, keep.view, undefined, '= ?');
    return 'ignore';
  }

  protected returned(call: EnteredCall, kept: Kept, result: number): boolean {
    const shown = this.decoder.atReturn(kept.view, result);
    const note = this.decoder.note(kept.view, result);
    this.tell(call, kept, shown, result, `= ${straceResult(call.name, result)}${note}`);
    return false;
  }

  /** The guest has ended: shows the calls that were still under way. */
  finish(): void {
    for (const { call, kept } of this.unfinished()) this.tell(call, kept, kept.view, undefined, '<unfinished ...>');
    this.removed();
  }

  private tell(call: EnteredCall, kept: Kept, view: CallView, result: number | undefined, outcome: string): void {
    this.listener({
      pid: kept.pid,
      comm: kept.comm,
      call: call.name,
      entry: call.entry,
      number: call.number | 0,
      gate: call.gate,
      case: call.case,
      arguments: view.arguments,
      result,
      error: result !== undefined && isFailure(result) ? errnoName(result) : undefined,
      enteredAt: kept.enteredAt,
      returnedAt: result === undefined ? undefined : this.platform.target.instructionCount(),
      text: `${view.text} ${outcome}`,
      path: kept.path,
    });
  }
}
