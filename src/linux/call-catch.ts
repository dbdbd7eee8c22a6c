import { SOCKET_CALL_NAMES, type CallPlaces, type EnteredCall } from './call-places';
import { CallWatch } from './call-watch';
import type { CatchRequest } from './catch-request';
import { errnoName, isFailure } from './errno';
import { LinuxError } from './kernel';
import type { LinuxPlatform } from './platform';
import type { CallView } from './call-view';
import { ArgumentDecoder, straceResult } from './strace';

/** A system-call breakpoint. */
export class CallCatch extends CallWatch<CallView> {
  private readonly decoder: ArgumentDecoder;
  private last: string | undefined;

  /** @throws LinuxError where the kernel has no such call */
  constructor(
    platform: LinuxPlatform,
    places: CallPlaces,
    private readonly request: CatchRequest,
  ) {
    const { call } = request;
    const addresses = [...new Set(addressesFor(call, places))];
    if (addresses.length === 0) throw new LinuxError(`This kernel has no system call "${call}".`);
    super(platform, places, addresses, messageOf(request));
    this.decoder = new ArgumentDecoder(platform);
  }

  /** The call that was caught last, as a sentence. */
  describe(): string | undefined {
    return this.last;
  }

  protected entered(call: EnteredCall): 'stop' | 'ignore' | { keep: CallView } {
    const { call: wanted, moment } = this.request;
    if (!isWanted(call, wanted)) return 'ignore';
    const view = this.decoder.atEntry(call);
    if (moment.kind !== 'entry') return { keep: view };
    this.last = `${view.text}, entered ${wayOf(call)}`;
    return 'stop';
  }

  protected returned(call: EnteredCall, view: CallView, result: number): boolean {
    const { moment } = this.request;
    if (moment.kind !== 'return' && !isFailure(result)) return false;
    if (moment.kind === 'error' && -result !== moment.number) return false;
    const { text } = this.decoder.atReturn(view, result);
    const raw = isFailure(result) ? `${result} ${errnoName(result) ?? ''}`.trimEnd() : straceResult(call.name, result);
    this.last = `${text} returns ${raw}, entered ${wayOf(call)}`;
    return true;
  }
}

/** Entry functions that a call, every call, or every call of the socket interface can come through. */
function addressesFor(call: string, places: CallPlaces): readonly number[] {
  if (call === 'all') return places.allAddresses();
  return call === 'sockets' ? SOCKET_CALL_NAMES.flatMap((name) => places.addressesOf(name)) : places.addressesOf(call);
}

function isWanted({ name, entry }: EnteredCall, wanted: string): boolean {
  if (wanted === 'sockets') return SOCKET_CALL_NAMES.includes(name);
  return wanted === 'all' || name === wanted || entry === wanted;
}

/** `by int $0x80, system call 102 (socketcall, SYS_BIND)`. */
export function wayOf(call: EnteredCall): string {
  const detail = call.case ? `${call.entry}, ${call.case}` : call.entry;
  return `by ${call.gate}, system call ${call.number | 0} (${detail})`;
}

function messageOf({ call, moment }: CatchRequest): string {
  const several = { all: 'every system call', sockets: 'every socket call' }[call];
  const what = several ?? `the system call ${call}`;
  switch (moment.kind) {
    case 'entry':
      return `${what}, on entry`;
    case 'return':
      return `${what}, on return`;
    case 'fail':
      return `${what}, when it fails`;
    case 'error':
      return `${what}, when it fails with ${errnoName(moment.number)}`;
  }
}
