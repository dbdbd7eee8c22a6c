/**
 * System-call breakpoints as VS Code holds them: function breakpoints named `catch:bind:fail`, for the cases of the socketcall switch
 * `socketcall:SYS_BIND`. Pure text, so that it is tested without VS Code.
 */

import { formatCatch, parseCatch, type CatchMoment, type CatchRequest } from '../linux/catch-request';
import { errnoName } from '../linux/errno';
import { LinuxError } from '../linux/kernel';
import { caseNameOf } from '../linux/socketcall';

/** What a row of the tables stands for: a system call (`all` for every one), or a case of the socketcall switch. */
export type CallTarget = { readonly call: string } | { readonly case: string };

/** A function breakpoint, as much of it as matters here. */
export interface NamedBreakpoint {
  readonly functionName: string;
  readonly condition?: string;
}

/** Longest name that the kernel keeps of a program: TASK_COMM_LEN (include/linux/sched.h) without its zero. */
const COMM_LENGTH = 15;

/** What a function breakpoint's name asks for; undefined where it is no system-call breakpoint's, or a wrong one's. */
export function requestOf(functionName: string): CatchRequest | undefined {
  try {
    return parseCatch(functionName);
  } catch (error) {
    if (error instanceof LinuxError) return undefined;
    throw error;
  }
}

/** Whether a function breakpoint belongs to a row, whatever its moment. */
export function isOn({ functionName }: NamedBreakpoint, target: CallTarget): boolean {
  if ('case' in target) return caseNameOf(functionName) === target.case;
  return requestOf(functionName)?.call === target.call;
}

/** Whether a function breakpoint is on any row at all. */
export function isCallBreakpoint({ functionName }: NamedBreakpoint): boolean {
  return requestOf(functionName) !== undefined || caseNameOf(functionName) !== undefined;
}

/** The name of a row's own breakpoint: on entry, or at the case. */
export function nameFor(target: CallTarget, moment: CatchMoment = { kind: 'entry' }): string {
  return 'case' in target ? `socketcall:${target.case}` : formatCatch({ call: target.call, moment });
}

/** `return`, `EADDRINUSE`: when a breakpoint stops, in the words of its name; empty for the usual, entry. */
export function momentWord({ functionName }: NamedBreakpoint): string {
  const moment = requestOf(functionName)?.moment;
  if (!moment || moment.kind === 'entry') return '';
  return moment.kind === 'error' ? (errnoName(moment.number) ?? String(moment.number)) : moment.kind;
}

const PROGRAM = /\$comm == "((?:[^"\\]|\\.)*)"/;

/** Program that a condition is limited to. */
export function programOf(condition: string | undefined): string | undefined {
  return condition === undefined ? undefined : PROGRAM.exec(condition)?.[1].replaceAll(/\\(.)/g, '$1');
}

/**
 * A condition that holds in one program only; the rest of the condition stays.
 * @param program its name as the kernel knows it, or a path to it; undefined takes the limit away
 * @returns undefined where nothing is left to ask
 */
export function withProgram(condition: string | undefined, program: string | undefined): string | undefined {
  const rest = withoutProgram(condition ?? '');
  if (program === undefined) return rest === '' ? undefined : rest;
  const limit = `$comm == "${commOf(program).replaceAll(/["\\]/g, '\\$&')}"`;
  return rest === '' ? limit : `${limit} && ${hasLooseOperator(rest) ? `(${rest})` : rest}`;
}

/** The name that the kernel keeps of a program. */
export function commOf(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1).slice(0, COMM_LENGTH);
}

/** What a condition asks beside the program. Where the limit is no part of its own, the condition stays as it is. */
function withoutProgram(condition: string): string {
  const text = condition.trim();
  const limit = `(?:${PROGRAM.source})`;
  const left = new RegExp(`^${limit}(?:\\s*&&(.*))?$`, 's').exec(text);
  const right = new RegExp(`^(.*)&&\\s*${limit}$`, 's').exec(text);
  const rest = (left ? (left[2] ?? '') : right?.[1])?.trim();
  return rest === undefined || hasLooseOperator(rest) ? text : unwrapped(rest);
}

/** Whether a text binds less tightly than `&&`, outside of brackets. */
function hasLooseOperator(text: string): boolean {
  let bare = text;
  for (let before = ''; bare !== before;) {
    before = bare;
    bare = bare.replaceAll(/\([^()]*\)/g, '0');
  }
  return /\|\||\?|,/.test(bare);
}

/** Takes away brackets around the whole. */
function unwrapped(text: string): string {
  if (!text.startsWith('(') || !text.endsWith(')')) return text;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    if (depth === 0) return text;
  }
  return text.slice(1, -1);
}
