import type { HitHost, PlatformBreakpoint } from '../debugger/platform';
import type { CallPlaces, EnteredCall } from './call-places';
import type { LinuxPlatform } from './platform';

/** A call that has been entered and not returned. */
interface Pending<T> {
  readonly call: EnteredCall;
  readonly kept: T;
}

/**
 * Follows system calls from their entry function to its return, each task's on its own: one that sleeps in a call is found again when
 * that very call of it returns, whatever others have done meanwhile. The return is where the entry function's caller goes on, with the
 * result in EAX and the stack as it was.
 */
export abstract class CallWatch<T> implements PlatformBreakpoint {
  private readonly pending = new Map<number, Pending<T>>();
  private readonly returns = new Set<number>();

  constructor(
    protected readonly platform: LinuxPlatform,
    protected readonly places: CallPlaces,
    readonly addresses: readonly number[],
    readonly message: string | undefined,
  ) {}

  abstract describe(): string | undefined;

  /**
   * At the entry.
   * @returns `stop`, or `ignore`, or what to keep until the return
   */
  protected abstract entered(call: EnteredCall): 'stop' | 'ignore' | { readonly keep: T };

  /** At the return. @returns true to stop */
  protected abstract returned(call: EnteredCall, kept: T, result: number): boolean;

  /** Calls that are under way. */
  protected unfinished(): Pending<T>[] {
    return [...this.pending.values()];
  }

  hit(address: number, host: HitHost): boolean {
    const { eax, esp } = this.platform.target.registers();
    return this.places.isEntry(address) ? this.atEntry(address, esp, host) : this.atReturn(address, eax, esp);
  }

  private atEntry(address: number, esp: number, host: HitHost): boolean {
    const call = this.places.read(address, esp);
    if (!call) return false;
    const what = this.entered(call);
    if (what === 'ignore') return false;
    if (what === 'stop') return true;
    this.pending.set(call.task, { call, kept: what.keep });
    // Returns stay in place: there are no more of them than calls in the table, and a wrong one costs a look at a map.
    if (!this.returns.has(call.returnAddress)) {
      this.returns.add(call.returnAddress);
      host.place(call.returnAddress);
    }
    return false;
  }

  private atReturn(address: number, eax: number, esp: number): boolean {
    const task = this.platform.tasks.recordedAddress();
    const found = this.pending.get(task);
    if (!found || found.call.returnAddress !== address || found.call.returnStack !== esp >>> 0) return false;
    this.pending.delete(task);
    return this.returned(found.call, found.kept, eax | 0);
  }

  /** The places have been taken out of the target. */
  removed(): void {
    this.pending.clear();
    this.returns.clear();
  }
}
