import {
  DebuggerError,
  type Breakpoint,
  type BreakpointCondition,
  type BreakpointLocation,
  type DataBreakpointRequest,
  type ExpressionHooks,
  type Frame,
  type FunctionBreakpointRequest,
  type InstructionBreakpointRequest,
  type OutputEvent,
  type SourceBreakpointRequest,
} from './api';
import { placeAt, type BreakpointResolver, type Resolution } from './breakpoint-resolver';
import { type HitTest, parseHitCondition } from './hit-counts';
import { type LogPart, parseLogMessage } from './log-message';
import type { ModuleList } from './modules';
import type { Platform, PlatformBreakpoint } from './platform';
import { presentSpace, type Target } from './target';

/** What breakpoints need of the debugger. */
export interface BreakpointHost {
  readonly target: Target;
  readonly modules: ModuleList;
  readonly platform: () => Platform;
  readonly expressions: () => ExpressionHooks;
  /** The innermost frame at a hit, as this location shows it. */
  frameAtHit(location: BreakpointLocation | undefined): Frame;
  output(event: OutputEvent): void;
  changed(breakpoint: Breakpoint, change: 'changed' | 'new' | 'removed'): void;
}

/** A breakpoint that stopped the guest. */
export interface Hit {
  readonly breakpoint: Breakpoint;
  readonly location: BreakpointLocation | undefined;
  /** The condition could not be evaluated. */
  readonly error: string | undefined;
  /** What was hit, where the platform knows more than the place. */
  readonly text?: string;
}

/** A breakpoint with its places in the target. */
class Entry implements Breakpoint {
  locations: readonly BreakpointLocation[] = [];
  message: string | undefined;
  pending = false;
  hits = 0;
  readonly targetIds: number[] = [];
  /** The last hit's error in the condition, for the stop's text. */
  conditionError: string | undefined;
  errorTold = false;
  /** Decides at each hit, where the platform does. */
  platform: PlatformBreakpoint | undefined;

  constructor(
    readonly id: number,
    readonly kind: Breakpoint['kind'],
    readonly requested: string,
    /** Says that two requests are the same. */
    readonly key: string,
    readonly request: BreakpointCondition,
    readonly resolve: () => Resolution,
    readonly hitTest: HitTest | undefined,
    readonly log: readonly LogPart[] | undefined,
    /** Why its condition, hit count or message cannot be used. */
    readonly error: string | undefined,
    readonly data: DataBreakpointRequest | undefined,
  ) {}

  get verified(): boolean {
    return this.targetIds.length > 0;
  }

  /** True where the start of a program may give it a place, or other places. */
  get followsPlacements(): boolean {
    return (
      this.pending || this.locations.some(({ module }) => module?.kind === 'program' && module.loadBias !== undefined)
    );
  }
}

/** All breakpoints of a session: kept as requested, placed where they resolve to, resolved again when modules come and go. */
export class BreakpointTable {
  private entries: Entry[] = [];
  private readonly byTargetId = new Map<number, { entry: Entry; location: BreakpointLocation }>();
  private readonly byWatchId = new Map<number, Entry>();
  private nextId = 1;
  private watching = false;

  constructor(
    private readonly host: BreakpointHost,
    private readonly resolver: BreakpointResolver,
  ) {
    host.modules.onChange(() => this.resolveAgain());
  }

  all(): readonly Breakpoint[] {
    return this.entries;
  }

  get(id: number): Breakpoint | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  setSource(path: string, requests: readonly SourceBreakpointRequest[]): Breakpoint[] {
    const prefix = `source\n${path}\n`;
    return this.replace(
      (entry) => entry.key.startsWith(prefix),
      requests.map((request) => ({
        kind: 'source',
        requested: `${path}:${request.line}`,
        key: `${prefix}${keyOf(request)}`,
        request,
        resolve: () => this.resolver.line(path, request.line, request.column),
      })),
    );
  }

  setFunctions(requests: readonly FunctionBreakpointRequest[]): Breakpoint[] {
    return this.replace(
      (entry) => entry.kind === 'function',
      requests.map((request) => ({
        kind: 'function',
        requested: request.name,
        key: `function\n${keyOf(request)}`,
        request,
        resolve: () => this.resolver.named(request.name),
      })),
    );
  }

  /** System calls, by the platform's names for such breakpoints. */
  setSystemCalls(requests: readonly FunctionBreakpointRequest[]): Breakpoint[] {
    return this.replace(
      (entry) => entry.kind === 'systemCall',
      requests.map((request) => ({
        kind: 'systemCall',
        requested: request.name,
        key: `systemCall\n${keyOf(request)}`,
        request,
        resolve: () => this.resolver.named(request.name),
      })),
    );
  }

  /** What the platform itself wants to see; replaces the earlier ones. */
  setObservers(observers: readonly PlatformBreakpoint[]): void {
    this.replace(
      (entry) => entry.kind === 'observer',
      observers.map((observer, i) => ({
        kind: 'observer',
        requested: observer.message ?? '',
        key: `observer\n${this.nextId + i}`,
        request: {},
        resolve: () => this.resolver.ofPlatform(observer),
      })),
    );
  }

  setInstructions(requests: readonly InstructionBreakpointRequest[]): Breakpoint[] {
    return this.replace(
      (entry) => entry.kind === 'instruction',
      requests.map((request) => ({
        kind: 'instruction',
        requested: `0x${(request.address >>> 0).toString(16)}`,
        key: `instruction\n${keyOf(request)}`,
        request,
        resolve: () => this.resolver.at(request.address >>> 0),
      })),
    );
  }

  setData(requests: readonly DataBreakpointRequest[]): Breakpoint[] {
    return this.replace(
      (entry) => entry.kind === 'data',
      requests.map((request) => ({
        kind: 'data',
        requested: request.name ?? `0x${(request.address >>> 0).toString(16)}`,
        key: `data\n${keyOf(request)}`,
        request,
        resolve: () => ({ locations: [], message: undefined }),
        data: request,
      })),
    );
  }

  /** Takes all breakpoints out of the target. */
  clear(): void {
    for (const entry of this.entries) this.takeOut(entry);
    this.entries = [];
  }

  /** Breakpoints behind the target's ids; ids of others (temporary ones) are left out. */
  hitBy(targetIds: readonly number[]): Hit[] {
    const hits: Hit[] = [];
    for (const id of targetIds) {
      const found = this.byTargetId.get(id);
      if (!found || hits.some((hit) => hit.breakpoint === found.entry)) continue;
      const { entry, location } = found;
      hits.push({ breakpoint: entry, location, error: entry.conditionError, text: entry.platform?.describe() });
    }
    return hits;
  }

  /** The data breakpoint behind a watchpoint of the target. */
  watchedBy(watchId: number): Hit | undefined {
    const entry = this.byWatchId.get(watchId);
    return entry && { breakpoint: entry, location: undefined, error: entry.conditionError };
  }

  /** Asks the breakpoints at an address that was reached without the target's help (by a single step). @returns target ids of those that stop */
  ask(address: number): number[] {
    const ids: number[] = [];
    for (const [id, { entry, location }] of this.byTargetId)
      if (location.address === address && this.isHit(entry, location)) ids.push(id);
    return ids;
  }

  private replace(
    belongs: (entry: Entry) => boolean,
    wanted: {
      kind: Breakpoint['kind'];
      requested: string;
      key: string;
      request: BreakpointCondition;
      resolve: () => Resolution;
      data?: DataBreakpointRequest;
    }[],
  ): Breakpoint[] {
    const old = this.entries.filter(belongs);
    const result = wanted.map((one) => {
      const kept = old.findIndex((entry) => entry.key === one.key);
      if (kept >= 0) return old.splice(kept, 1)[0];
      const entry = this.make(one);
      this.entries.push(entry);
      this.place(entry);
      return entry;
    });
    for (const entry of old) {
      this.takeOut(entry);
      this.entries.splice(this.entries.indexOf(entry), 1);
    }
    this.watchPlacements();
    return result;
  }

  private make(one: {
    kind: Breakpoint['kind'];
    requested: string;
    key: string;
    request: BreakpointCondition;
    resolve: () => Resolution;
    data?: DataBreakpointRequest;
  }): Entry {
    const { hitCondition, logMessage } = one.request;
    let hitTest: HitTest | undefined;
    let log: LogPart[] | undefined;
    let error: string | undefined;
    try {
      if (hitCondition?.trim()) hitTest = parseHitCondition(hitCondition);
      if (logMessage?.trim()) log = parseLogMessage(logMessage);
    } catch (thrown) {
      error = messageOf(thrown);
    }
    return new Entry(
      this.nextId++,
      one.kind,
      one.requested,
      one.key,
      one.request,
      one.resolve,
      hitTest,
      log,
      error,
      one.data,
    );
  }

  private place(entry: Entry): void {
    if (entry.error !== undefined) {
      entry.message = entry.error;
      return;
    }
    try {
      if (entry.data) {
        this.watch(entry, entry.data);
        return;
      }
      const { locations, message, platform } = entry.resolve();
      entry.platform = platform;
      entry.locations = locations;
      entry.message = message;
      entry.pending = locations.length === 0;
      for (const location of locations) this.put(entry, location);
    } catch (thrown) {
      entry.message = messageOf(thrown);
    }
  }

  private put(entry: Entry, location: BreakpointLocation): void {
    const id = this.host.target.addBreakpoint(location.address, () => this.isHit(entry, location));
    entry.targetIds.push(id);
    this.byTargetId.set(id, { entry, location });
  }

  /** The guest is about to execute a place. A platform's breakpoint is asked first: it may only be interested in what happens. */
  private isHit(entry: Entry, location: BreakpointLocation): boolean {
    const host = { place: (address: number) => this.put(entry, placeAt(address)) };
    if (entry.platform && !entry.platform.hit(location.address, host)) return false;
    return this.counts(entry, location);
  }

  private watch(entry: Entry, { address, size, access, thread }: DataBreakpointRequest): void {
    const { target } = this.host;
    const platform = this.host.platform();
    // A user address means one address space only.
    const space = platform.isKernelAddress(address)
      ? undefined
      : ((thread === undefined ? undefined : platform.context(thread).pageDirectory) ?? presentSpace(target));
    const id = target.addWatchpoint(address >>> 0, size, access, () => {
      if (space !== undefined && presentSpace(target) !== space) return false;
      return this.counts(entry, undefined);
    });
    entry.targetIds.push(id);
    this.byWatchId.set(id, entry);
  }

  private takeOut(entry: Entry): void {
    for (const id of entry.targetIds.splice(0)) {
      if (entry.data) {
        this.byWatchId.delete(id);
        this.host.target.removeWatchpoint(id);
      } else {
        this.byTargetId.delete(id);
        this.host.target.removeBreakpoint(id);
      }
    }
    entry.platform?.removed();
    entry.platform = undefined;
  }

  /** Breakpoints that wait for a program, or lie where each process puts a module, follow the programs that are started. */
  private watchPlacements(): void {
    const wanted = this.entries.some((entry) => entry.followsPlacements);
    if (wanted === this.watching) return;
    this.watching = wanted;
    this.host
      .platform()
      .placements?.watch(wanted ? () => this.resolveAgain((entry) => entry.followsPlacements) : undefined);
  }

  /** A module came or went: what has no place may have one now, and the other way round. */
  private resolveAgain(concerned: (entry: Entry) => boolean = () => true): void {
    for (const entry of this.entries) {
      if (entry.data || entry.error !== undefined || !concerned(entry)) continue;
      const before = describe(entry);
      this.takeOut(entry);
      this.place(entry);
      if (describe(entry) !== before) this.host.changed(entry, 'changed');
    }
  }

  /** A hit: whether it stops. Counts it, prints log messages. */
  private counts(entry: Entry, location: BreakpointLocation | undefined): boolean {
    const module = location?.module;
    if (module?.kind === 'program' && !this.host.platform().isModuleCurrent(module)) return false;
    entry.conditionError = undefined;
    const { condition } = entry.request;
    if (condition?.trim()) {
      try {
        if (!this.host.expressions().isTrue(condition, this.host.frameAtHit(location))) return false;
      } catch (thrown) {
        entry.hits++;
        if (!entry.errorTold)
          entry.conditionError = `The condition "${condition}" cannot be evaluated: ${messageOf(thrown)}`;
        entry.errorTold = true;
        return true;
      }
    }
    entry.hits++;
    if (entry.hitTest && !entry.hitTest(entry.hits)) return false;
    if (!entry.log) return true;
    this.host.output({ kind: 'log', text: this.logText(entry.log, location), breakpoint: entry, location });
    return false;
  }

  private logText(parts: readonly LogPart[], location: BreakpointLocation | undefined): string {
    const frame = this.host.frameAtHit(location);
    return parts
      .map((part) => {
        if (part.kind === 'text') return part.text;
        try {
          return this.host.expressions().text(part.text, frame);
        } catch (thrown) {
          return `<${messageOf(thrown)}>`;
        }
      })
      .join('');
  }
}

function keyOf(request: object): string {
  return JSON.stringify(
    Object.entries(request)
      .filter(([, value]) => value !== undefined)
      .sort(),
  );
}

function describe(entry: Entry): string {
  return `${entry.verified} ${entry.message} ${entry.locations.map((l) => `${l.module?.id}:${l.address}`).join()}`;
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof DebuggerError || thrown instanceof Error) return thrown.message;
  return String(thrown);
}
