import * as vscode from 'vscode';
import { isCallBreakpoint, isOn, nameFor, type CallTarget } from './call-breakpoints';

/** A breakpoint to set. */
export interface WantedBreakpoint {
  readonly functionName: string;
  readonly condition?: string;
}

/**
 * The system-call breakpoints among VS Code's own, which keeps them over sessions and shows them in its Breakpoints view. Nothing is
 * held here, so what the user does there and what the views show cannot differ.
 */
export class CallBreakpointList implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly registration: vscode.Disposable;
  /** A system-call breakpoint was set, changed or removed, wherever. */
  readonly onDidChange = this.changed.event;

  constructor() {
    this.registration = vscode.debug.onDidChangeBreakpoints(({ added, changed, removed }) => {
      const all = [...added, ...changed, ...removed];
      if (all.some((each) => each instanceof vscode.FunctionBreakpoint)) this.changed.fire();
    });
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }

  /** All of them. */
  all(): vscode.FunctionBreakpoint[] {
    return vscode.debug.breakpoints.filter(
      (each): each is vscode.FunctionBreakpoint => each instanceof vscode.FunctionBreakpoint && isCallBreakpoint(each),
    );
  }

  /** Those of a row, in whatever state. */
  on(target: CallTarget): vscode.FunctionBreakpoint[] {
    return this.all().filter((each) => isOn(each, target));
  }

  /** Whether a row has one that is in force. */
  isSet(target: CallTarget): boolean {
    return this.on(target).some(({ enabled }) => enabled);
  }

  /** What a check box does: puts breakpoints of rows in force, or removes them whatever their moment. */
  set(targets: readonly CallTarget[], wanted: boolean): void {
    const missing = targets.filter((target) => !this.isSet(target));
    // Those that are switched off are taken out, and put in again where they are wanted: VS Code cannot change one.
    const off = (wanted ? missing : targets).flatMap((target) => this.on(target));
    vscode.debug.removeBreakpoints(off);
    if (!wanted) return;
    const again = off.map((each) => copyOf(each, { enabled: true }));
    const fresh = missing
      .filter((target) => !off.some((each) => isOn(each, target)))
      .map((target) => new vscode.FunctionBreakpoint(nameFor(target)));
    vscode.debug.addBreakpoints([...again, ...fresh]);
  }

  /** Sets breakpoints; one that is there already is not set twice. */
  add(wanted: readonly WantedBreakpoint[]): void {
    const there = this.all();
    const same = (want: WantedBreakpoint): vscode.FunctionBreakpoint | undefined =>
      there.find((each) => each.functionName === want.functionName && each.condition === want.condition);
    const off = wanted.flatMap((want) => same(want) ?? []).filter(({ enabled }) => !enabled);
    vscode.debug.removeBreakpoints(off);
    vscode.debug.addBreakpoints(
      wanted
        .filter((want) => !same(want)?.enabled)
        .map(({ functionName, condition }) => new vscode.FunctionBreakpoint(functionName, true, condition)),
    );
  }

  /** Gives breakpoints another condition each. */
  changeConditions(
    breakpoints: readonly vscode.FunctionBreakpoint[],
    condition: (now: string | undefined) => string | undefined,
  ): void {
    vscode.debug.removeBreakpoints(breakpoints);
    vscode.debug.addBreakpoints(breakpoints.map((each) => copyOf(each, { condition: condition(each.condition) })));
  }

  remove(breakpoints: readonly vscode.FunctionBreakpoint[]): void {
    vscode.debug.removeBreakpoints(breakpoints);
  }
}

function copyOf(
  { functionName, enabled, condition, hitCondition, logMessage }: vscode.FunctionBreakpoint,
  change: { enabled?: boolean; condition?: string | undefined },
): vscode.FunctionBreakpoint {
  const now = { enabled, condition, ...change };
  return new vscode.FunctionBreakpoint(functionName, now.enabled, now.condition, hitCondition, logMessage);
}
