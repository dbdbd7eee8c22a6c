import path from 'node:path';
import { DebugSession, InitializedEvent, OutputEvent, StoppedEvent, TerminatedEvent, ContinuedEvent, BreakpointEvent, ModuleEvent, Event, ProgressStartEvent, ProgressUpdateEvent, ProgressEndEvent, InvalidatedEvent, MemoryEvent } from '@vscode/debugadapter'; // prettier-ignore
import type { DebugProtocol } from '@vscode/debugprotocol';
import {
  DebuggerError,
  type Frame,
  type StepKind,
  type StepTarget,
  type StoppedEvent as Stopped,
} from '../debugger/api';
import { socketCallAt } from '../linux';
import { KERNEL_FAULT } from '../linux/kernel-faults';
import { breakpointRequests, toBreakpoint } from './breakpoint-requests';
import { CAPABILITIES } from './capabilities';
import { commandCompletions, consoleCommand } from './console-commands';
import { dispatchRequests } from './dispatch-requests';
import { describeError, errorMessage, LaunchError, unknownRequest } from './errors';
import { loadGuestFiles } from './guest-files';
import { guestRequests } from './guest-requests';
import { GuestSession } from './guest-session';
import { Inspection } from './inspection';
import { linuxRequests } from './linux-requests';
import { memoryRequests } from './memory-requests';
import { checkLaunchConfiguration } from './launch-configuration';
import type { OwnEvents, OwnHandlers, OwnRequest } from './protocol';
import { hex32 } from './registers';
import type { RequestGroup, RequestHost } from './request-host';
import { SOURCE_SCHEME, Sources } from './sources';
import { exceptionFilters } from './system-call-filters';
import { traceEvent, traceOutput } from './system-call-trace';
import { filled, l10n, Texts } from './texts';
import { viewRequests } from './view-requests';

/** What the adapter is started with. */
export interface AdapterOptions {
  /** Folder of the built-in guest. */
  readonly guest: string;
  /** The client shows the system calls in a view of its own, and needs no filter for each. */
  readonly briefFilters: boolean;
  /** Folder of the translations of the extension's texts. */
  readonly translations: string;
}

/** Reasons of the debugger in the protocol's words. */
const REASONS: Record<Stopped['reason'], string> = {
  entry: 'entry',
  breakpoint: 'breakpoint',
  functionBreakpoint: 'function breakpoint',
  instructionBreakpoint: 'instruction breakpoint',
  dataBreakpoint: 'data breakpoint',
  systemCall: 'exception',
  step: 'step',
  pause: 'pause',
  goto: 'goto',
  limit: 'pause',
  exception: 'exception',
};

const PROGRESS_ID = 'boot';
/** Instructions of a boot to the prompt, roughly: for the progress bar only. */
const BOOT_INSTRUCTIONS = 90e6;

/**
 * One debug session over the protocol. It only translates: what is asked goes to the debugger, what it answers is put into the
 * protocol's words. Every error becomes a failed response with one sentence.
 */
export class SockScopeSession extends DebugSession {
  private guest: GuestSession | undefined;
  private inspection: Inspection | undefined;
  private sources: Sources | undefined;
  private clientReportsProgress = false;
  /** The client is SockScope's extension, which shows the guest's console and the machine's log in places of their own. */
  private clientHasTerminal = false;
  private clientTakesMemoryEvents = false;
  private clientTakesInvalidatedEvents = false;
  private booting = false;
  private configured: () => void = () => {};
  private readonly configurationDone = new Promise<void>((resolve) => (this.configured = resolve));
  private stopOnEntry = false;
  private ended = false;
  private lastStop: Stopped | undefined;
  private stepTargets = new Map<number, StepTarget>();
  private gotoTargets = new Map<number, number>();
  private nextTarget = 1;
  private readonly decoder = new TextDecoder();

  private texts: Texts;

  constructor(private readonly options: AdapterOptions) {
    super();
    this.texts = new Texts(options.translations, undefined);
  }

  // ------------------------------------------------------------------------------------------------ dispatching

  /** Runs a request's handler; whatever it throws becomes a failed response, never a dead adapter. */
  protected override dispatchRequest(request: DebugProtocol.Request): void {
    const response: DebugProtocol.Response = {
      seq: 0,
      type: 'response',
      request_seq: request.seq,
      command: request.command,
      success: true,
    };
    const grouped = this.requestGroups[request.command];
    const handler = grouped ? (args: never) => this.reply(response, grouped(args)) : this.handlers[request.command];
    if (!handler) {
      this.failWith(response, unknownRequest(request.command));
      return;
    }
    Promise.resolve()
      .then(() => handler.call(this, (request.arguments ?? {}) as never, response))
      .catch((error: unknown) =>
        this.failWith(response, {
          ...errorMessage(error, this.texts),
          ...mendingOf(error, request.arguments, this.texts),
        }),
      );
  }

  private readonly requestGroups: RequestGroup & OwnHandlers<OwnRequest> = {
    ...breakpointRequests(this.requestHost()),
    ...memoryRequests(this.requestHost(), (...range) => this.onMemoryWritten(...range)),
    ...guestRequests(this.requestHost()),
    ...linuxRequests(this.requestHost()),
    ...dispatchRequests(this.requestHost()),
    ...viewRequests(this.requestHost(), (threadId) => this.focusOn(threadId)),
  };

  /** Reads through getters, so that nothing is needed before a request comes. */
  private requestHost(): RequestHost {
    const of = (): this => this;
    return {
      get session() {
        return of().session;
      },
      get inspect() {
        return of().inspect;
      },
      get sourceTable() {
        return of().sourceTable;
      },
    };
  }

  private failWith(response: DebugProtocol.Response, error: DebugProtocol.Message): void {
    response.success = false;
    response.message = filled(error.format, error.variables ?? {});
    response.body = { error };
    this.sendResponse(response);
  }

  private readonly handlers: Record<string, (args: never, response: DebugProtocol.Response) => void | Promise<void>> = {
    initialize: this.onInitialize,
    launch: this.onLaunch,
    attach: () => {
      throw new DebuggerError('SockScope starts its own machine; use "launch".');
    },
    configurationDone: (_args: object, response) => {
      this.sendResponse(response);
      this.configured();
    },
    threads: (_args: object, response) => this.reply(response, { threads: this.session.debugger.threads() }),
    stackTrace: (args: DebugProtocol.StackTraceArguments, response) =>
      this.reply(response, this.inspect.stackTrace(args)),
    scopes: (args: DebugProtocol.ScopesArguments, response) =>
      this.reply(response, { scopes: this.inspect.scopes(args.frameId) }),
    variables: (args: DebugProtocol.VariablesArguments, response) =>
      this.reply(response, { variables: this.inspect.childVariables(args) }),
    setVariable: (args: DebugProtocol.SetVariableArguments, response) => {
      this.reply(response, this.inspect.setVariable(args));
      this.onGuestChanged();
    },
    setExpression: (args: DebugProtocol.SetExpressionArguments, response) => {
      this.reply(response, this.inspect.setExpression(args));
      this.onGuestChanged();
    },
    evaluate: (args: DebugProtocol.EvaluateArguments, response) =>
      this.reply(response, consoleCommand(args, this.session, this.inspect) ?? this.inspect.evaluate(args)),
    completions: (args: DebugProtocol.CompletionsArguments, response) =>
      this.reply(response, { targets: [...commandCompletions(args), ...this.inspect.completions(args)] }),
    continue: (_args: object, response) => {
      this.session.debugger.mustStandStill();
      this.reply(response, { allThreadsContinued: true });
      this.run(this.session.debugger.continue());
    },
    next: (args: DebugProtocol.NextArguments, response) => this.step('over', args, response),
    stepIn: (args: DebugProtocol.StepInArguments, response) => this.step('into', args, response),
    stepOut: (args: DebugProtocol.StepOutArguments, response) => this.step('out', args, response),
    stepInTargets: this.onStepInTargets,
    gotoTargets: this.onGotoTargets,
    goto: this.onGoto,
    pause: (_args: object, response) => {
      this.session.debugger.pause();
      this.sendResponse(response);
    },
    exceptionInfo: (_args: object, response) =>
      this.reply(response, {
        exceptionId: this.exceptionId(),
        description: this.lastStop?.text ?? 'The machine stopped.',
        breakMode: 'always',
      }),
    source: this.onSource,
    loadedSources: (_args: object, response) => this.reply(response, { sources: this.allSources() }),
    modules: this.onModules,
    terminate: (_args: object, response) => {
      this.sendResponse(response);
      this.end();
    },
    disconnect: (_args: object, response) => {
      this.release();
      this.sendResponse(response);
      this.shutdown();
    },
    cancel: (_args: object, response) => this.sendResponse(response),
  };

  private reply(response: DebugProtocol.Response, body: object | undefined): void {
    response.body = body;
    this.sendResponse(response);
  }

  private sendOwn<E extends keyof OwnEvents>(event: E, body: OwnEvents[E]): void {
    this.sendEvent(new Event(event, body));
  }

  private get session(): GuestSession {
    if (!this.guest) throw new DebuggerError('Nothing has been launched yet.');
    return this.guest;
  }

  private get inspect(): Inspection {
    if (!this.inspection) throw new DebuggerError('Nothing has been launched yet.');
    return this.inspection;
  }

  private get sourceTable(): Sources {
    if (!this.sources) throw new DebuggerError('Nothing has been launched yet.');
    return this.sources;
  }

  // -------------------------------------------------------------------------------------------------- lifecycle

  private onInitialize(args: DebugProtocol.InitializeRequestArguments, response: DebugProtocol.Response): void {
    this.texts = new Texts(this.options.translations, args.locale);
    this.clientReportsProgress = args.supportsProgressReporting ?? false;
    this.clientTakesMemoryEvents = args.supportsMemoryEvent ?? false;
    this.clientTakesInvalidatedEvents = args.supportsInvalidatedEvent ?? false;
    if (args.pathFormat && args.pathFormat !== 'path')
      throw new DebuggerError(`The path format "${args.pathFormat}" is not supported.`);
    this.setDebuggerLinesStartAt1(true);
    this.reply(response, {
      ...CAPABILITIES,
      exceptionBreakpointFilters: exceptionFilters(this.options.briefFilters, this.texts),
    });
  }

  private async onLaunch(args: Record<string, unknown>, response: DebugProtocol.Response): Promise<void> {
    if (this.guest) throw new DebuggerError('This session has been launched already.');
    const configuration = checkLaunchConfiguration(args);
    const files = loadGuestFiles(configuration, this.options.guest);
    const byScheme = args.__sourceScheme === SOURCE_SCHEME;
    this.sources = new Sources(files.sourceFolders, { ...files.sourceMap, ...configuration.sourceMap }, byScheme);
    this.clientHasTerminal = args.__guestTerminal === true;
    const guest = new GuestSession(files, configuration, this.sources, (line) => this.machineLog(line));
    this.guest = guest;
    this.inspection = new Inspection(guest, this.sources);
    this.stopOnEntry = configuration.stopOnEntry ?? false;
    guest.trace.listener = (calls) => {
      this.sendEvent(traceOutput(calls));
      if (guest.trace.paths) this.sendEvent(traceEvent(calls));
    };
    guest.trace.set(configuration.trace);
    this.listen(guest);
    this.sendEvent(new InitializedEvent());
    this.sendResponse(response);
    await this.configurationDone;
    this.sendEvent(
      new Event('process', {
        name: path.basename(files.kernel.path),
        isLocalProcess: false,
        startMethod: 'launch',
        pointerSize: 32,
      }),
    );
    if (this.stopOnEntry) {
      this.onStopped({ reason: 'entry', thread: guest.debugger.currentThread(), breakpointIds: [], text: undefined });
      return;
    }
    this.beginProgress(guest);
    this.run(guest.debugger.continue());
  }

  private listen(guest: GuestSession): void {
    const { debugger: session } = guest;
    session.on('stopped', (event) => this.onStopped(event));
    session.on('continued', ({ thread }) => {
      this.forgetStop();
      this.sendEvent(new ContinuedEvent(thread, true));
    });
    session.on('output', (event) => {
      const output: DebugProtocol.OutputEvent = new OutputEvent(`${event.text}\n`, 'console');
      const { location } = event;
      if (location?.file)
        Object.assign(output.body, { source: this.sourceTable.toSource(location.file), line: location.line });
      this.sendEvent(output);
    });
    session.on('breakpointChanged', ({ breakpoint, change }) =>
      this.sendEvent(new BreakpointEvent(change, toBreakpoint(breakpoint, this.sourceTable))),
    );
    session.on('moduleChanged', ({ module, change }) =>
      this.sendEvent(new ModuleEvent(change, { id: module.id, name: module.name, path: module.path })),
    );
    session.on('ended', ({ message }) => {
      this.console(`${message}\n`, 'important');
      this.end();
    });
    guest.target.onConsoleOutput((bytes) => {
      const text = this.decoder.decode(bytes, { stream: true });
      if (text === '') return;
      // In a terminal of the client's; anywhere else the debug console is the only place for it.
      if (this.clientHasTerminal) this.sendOwn('sockscope/console', { text });
      else {
        // Between the lines of the trace, which are shown in the same place.
        guest.trace.flush();
        this.sendEvent(new OutputEvent(text, 'stdout'));
      }
    });
  }

  /** What the machine has to say of the guest's doings, such as its use of a port where no device is. */
  private machineLog(line: string): void {
    if (this.clientHasTerminal) this.sendOwn('sockscope/log', { line });
    else this.console(`${line}\n`, 'console');
  }

  /** Progress of the boot, up to the first prompt or stop. */
  private beginProgress(guest: GuestSession): void {
    if (!this.clientReportsProgress) return;
    this.booting = true;
    const start: DebugProtocol.ProgressStartEvent = new ProgressStartEvent(
      PROGRESS_ID,
      this.texts.of(l10n.t('Booting Linux')),
    );
    start.body.percentage = 0;
    this.sendEvent(start);
    let told = 0;
    guest.target.onConsoleOutput(() => {
      const percentage = Math.min(99, Math.floor((100 * guest.target.instructionCount()) / BOOT_INSTRUCTIONS));
      if (!this.booting || percentage < told + 5) return;
      told = percentage;
      const update: DebugProtocol.ProgressUpdateEvent = new ProgressUpdateEvent(PROGRESS_ID);
      update.body.percentage = percentage;
      this.sendEvent(update);
    });
    guest.script.onPrompt = () => this.endProgress();
  }

  private endProgress(): void {
    if (!this.booting) return;
    this.booting = false;
    this.sendEvent(new ProgressEndEvent(PROGRESS_ID));
  }

  /** A run's failure is told and ends the session: it would mean that the debugger itself is broken. */
  private run(running: Promise<void>): void {
    running.catch((error: unknown) => {
      this.console(`${describeError(error)}\n`, 'stderr');
      if (error instanceof DebuggerError) return;
      this.end();
    });
  }

  private onStopped(event: Stopped): void {
    this.endProgress();
    this.forgetStop();
    this.lastStop = event;
    this.tellStop(event);
  }

  /** A client looks at the thread that it was told of last: the protocol has no other word for choosing one. */
  private focusOn(thread: number): void {
    const last = this.lastStop;
    if (last?.thread === thread) this.tellStop(last);
    else this.tellStop({ reason: 'pause', thread, breakpointIds: [], text: undefined }, 'Paused');
  }

  private tellStop(event: Stopped, description?: string): void {
    const stopped: DebugProtocol.StoppedEvent = new StoppedEvent(REASONS[event.reason], event.thread);
    stopped.body.allThreadsStopped = true;
    if (event.breakpointIds.length > 0) stopped.body.hitBreakpointIds = [...event.breakpointIds];
    const call = event.thread === this.session.debugger.currentThread() ? this.callAtStop() : undefined;
    // The description stands beside the thread's name and must be short; the text has room for the arguments.
    if (call) stopped.body.description = filled(this.texts.of(l10n.t('Paused in {call}')), { call: call.name });
    else if (description) stopped.body.description = description;
    const text = event.text ?? call?.text;
    if (text !== undefined) stopped.body.text = text;
    this.sendEvent(stopped);
  }

  /** At a stop in a socket call: its name, and `bind(fd=3, …)`. */
  private callAtStop(): { name: string; text: string } | undefined {
    try {
      const call = socketCallAt(this.session.debugger.topFrame(), this.session.platform);
      if (!call) return undefined;
      const list = Object.entries(call.arguments).map(([name, value]) => `${name}=${value}`);
      return { name: call.call, text: `${call.call}(${list.join(', ')})` };
    } catch (error) {
      // A description is a courtesy; a stop without one is still a stop.
      this.console(`${describeError(error)}\n`, 'important');
      return undefined;
    }
  }

  /** The client has written memory: its other views of that memory, and whatever was computed from it, are out of date. */
  private onMemoryWritten(memoryReference: string, offset: number, count: number): void {
    if (this.clientTakesMemoryEvents) this.sendEvent(new MemoryEvent(memoryReference, offset, count));
    this.onGuestChanged();
  }

  /** A register or memory was changed at a stop: stacks and values must be asked for again. */
  private onGuestChanged(): void {
    if (this.clientTakesInvalidatedEvents) this.sendEvent(new InvalidatedEvent(['stacks', 'variables']));
  }

  /** What kind of exception the last stop was. */
  private exceptionId(): string {
    if (this.lastStop?.reason !== 'systemCall') return 'unsupported instruction';
    const ids = this.lastStop.breakpointIds;
    const hit = this.session.debugger.breakpoints().filter(({ id }) => ids.includes(id));
    return hit.some(({ requested }) => requested === KERNEL_FAULT) ? 'kernel panic or oops' : 'system call';
  }

  private forgetStop(): void {
    this.inspection?.handles.clear();
    this.stepTargets.clear();
    this.gotoTargets.clear();
  }

  /** Tells the client what nobody expected: it goes where the client keeps standard error. */
  complain(text: string): void {
    this.console(`${text}\n`, 'stderr');
  }

  private console(text: string, category: 'important' | 'stderr' | 'console'): void {
    this.sendEvent(new OutputEvent(text, category));
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.endProgress();
    this.release();
    this.sendEvent(new TerminatedEvent());
  }

  private release(): void {
    this.guest?.dispose();
  }

  /** The client is gone, or has said goodbye. */
  override shutdown(): void {
    this.release();
    super.shutdown();
  }

  // ---------------------------------------------------------------------------------------------------- running

  private step(
    kind: StepKind,
    args: DebugProtocol.NextArguments & { targetId?: number },
    response: DebugProtocol.Response,
  ): void {
    const target = args.targetId === undefined ? undefined : this.stepTargets.get(args.targetId);
    if (args.targetId !== undefined && !target) throw new DebuggerError('That call is gone: the guest has run since.');
    this.session.debugger.mustStandStill();
    this.sendResponse(response);
    this.run(this.session.debugger.step(kind, args.threadId, { granularity: args.granularity, target }));
  }

  private onStepInTargets(args: DebugProtocol.StepInTargetsArguments, response: DebugProtocol.Response): void {
    const { debugger: session } = this.session;
    const targets = session.stepTargets(session.frame(args.frameId)).map((target) => {
      const id = this.nextTarget++;
      this.stepTargets.set(id, target);
      return { id, label: target.label };
    });
    this.reply(response, { targets });
  }

  private onGotoTargets(args: DebugProtocol.GotoTargetsArguments, response: DebugProtocol.Response): void {
    const { debugger: session } = this.session;
    const frame: Frame = session.topFrame();
    const file = this.sourceTable.fromSource(args.source);
    const symbols = frame.module?.symbols;
    const bias = frame.module?.loadBias ?? 0;
    const targets = (file && symbols ? symbols.findFiles(file) : [])
      .flatMap((found) => symbols?.addressesForLine(found, args.line, { everyRun: true }) ?? [])
      // Elsewhere than in the function at hand, the stack would not fit.
      .filter((location) => frame.function?.ranges.some((r) => location.address >= r.start && location.address < r.end))
      .map((location) => {
        const id = this.nextTarget++;
        const address = (location.address + bias) >>> 0;
        this.gotoTargets.set(id, address);
        return {
          id,
          label: `${location.functionName ?? ''} ${hex32(address)}`.trim(),
          line: location.actualLine,
          instructionPointerReference: hex32(address),
        };
      });
    this.reply(response, { targets });
  }

  private onGoto(args: DebugProtocol.GotoArguments, response: DebugProtocol.Response): void {
    const address = this.gotoTargets.get(args.targetId);
    if (address === undefined) throw new DebuggerError('That place is gone: the guest has run since.');
    this.session.debugger.mustStandStill();
    this.sendResponse(response);
    // Tells the stop at the new place itself.
    this.session.debugger.jump(address, args.threadId);
  }

  // ----------------------------------------------------------------------------------------------------- sources

  private onSource(args: DebugProtocol.SourceArguments, response: DebugProtocol.Response): void {
    const source = args.source ?? { sourceReference: args.sourceReference };
    const file = this.sourceTable.fromSource(source);
    if (file === undefined) throw new DebuggerError('That source is not known.');
    const content = this.sourceTable.text(file);
    if (content === undefined)
      throw new DebuggerError(`The source ${file} is not on this machine; name its folder in "sourceMap".`);
    this.reply(response, { content, mimeType: file.endsWith('.S') ? 'text/x-asm' : 'text/x-c' });
  }

  private allSources(): DebugProtocol.Source[] {
    const modules = [...this.session.modules];
    const files = new Map(
      modules.flatMap((module) => module.symbols.sourceFiles().map((file) => [file.path, file] as const)),
    );
    return [...files.values()].map((file) => this.sourceTable.toSource(file));
  }

  private onModules(args: DebugProtocol.ModulesArguments, response: DebugProtocol.Response): void {
    const all = [...this.session.modules].map((module) => ({
      id: module.id,
      name: module.name,
      path: module.path,
      isOptimized: module.kind === 'kernel',
      symbolStatus: module.symbols.hasDebugInfo ? 'Debug information loaded.' : 'No debug information.',
      symbolFilePath: module.path,
    }));
    const start = args.startModule ?? 0;
    this.reply(response, {
      modules: all.slice(start, args.moduleCount ? start + args.moduleCount : undefined),
      totalModules: all.length,
    });
  }
}

/** What SockScope's extension offers beside an error: where an own kernel cannot be used, the same session with the built-in one. */
function mendingOf(
  error: unknown,
  launch: { __sourceScheme?: unknown; name?: unknown } | undefined,
  texts: Texts,
): Partial<DebugProtocol.Message> {
  if (!(error instanceof LaunchError) || error.mending === undefined || launch?.__sourceScheme !== SOURCE_SCHEME)
    return {};
  const url = `command:sockscope.startWithBuiltInKernel?${encodeURIComponent(JSON.stringify([launch]))}`;
  return { url, urlLabel: texts.of(l10n.t('Use Built-in Kernel')) };
}
