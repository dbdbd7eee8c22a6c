/**
 * Errors as the protocol has them: each with a number that stays the same in every version and language, a text, and its values apart
 * from it where the text has places for them.
 */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebuggerError, OutdatedError } from '../debugger/api';
import { ExpressionError } from '../debugger/expressions';
import { MemoryError } from '../debugger/target';
import { ValueError } from '../debugger/values';
import { LinuxError } from '../linux';
import { BootError } from '../machine/machine';
import { filled, type Texts } from './texts';

/** Why a launch is refused. A number is never given anew, so new reasons go to the end. */
export enum LaunchProblem {
  NotAnObject = 1000,
  UnknownAttribute = 1001,
  WrongValue = 1002,
  NoBuiltInKernel = 1003,
  DamagedBuiltInKernel = 1004,
  KernelIsBzImage = 1005,
  NoDebugInformation = 1006,
  NotABzImage = 1007,
  OtherBuild = 1008,
  FileMissing = 1009,
  FileIsFolder = 1010,
  FileUnreadable = 1011,
  FileUnusable = 1012,
  ProgramMissing = 1013,
}

/** Numbers of what goes wrong later: by who says so. Their texts are as they were thrown. */
const BY_KIND: readonly (readonly [id: number, kind: abstract new (...args: never[]) => Error])[] = [
  [2001, DebuggerError],
  [2002, ExpressionError],
  [2003, ValueError],
  [2004, MemoryError],
  [2005, LinuxError],
  [2006, BootError],
];
const SYMBOLS = 2007;
const RANGE = 2008;
const UNKNOWN_REQUEST = 2100;
/** A defect of our own. */
const UNEXPECTED = 2999;

/** A launch that cannot be done; the message is one sentence that says what is wrong and what to do. */
export class LaunchError extends Error {
  /**
   * @param format marked for translation (`l10n.t`), with places for the values: `The program {file} does not exist.`
   * @param mending what would help, where something other than a correction would
   */
  constructor(
    readonly id: LaunchProblem,
    readonly format: string,
    readonly values: Readonly<Record<string, string>> = {},
    readonly mending?: 'builtInKernel',
  ) {
    super(filled(format, values));
    this.name = 'LaunchError';
  }
}

/**
 * An error for the client. Its text is one sentence for the user; for a defect of our own, that it is one, and where. What came too late
 * is not told to the user: it comes about where one steps faster than the client asks.
 */
export function errorMessage(error: unknown, texts: Texts): DebugProtocol.Message {
  if (error instanceof LaunchError)
    return { id: error.id, format: texts.of(error.format), variables: { ...error.values }, showUser: true };
  return { id: numberOf(error), format: describeError(error), showUser: !(error instanceof OutdatedError) };
}

/** A request that there is none of. */
export function unknownRequest(command: string): DebugProtocol.Message {
  return { id: UNKNOWN_REQUEST, format: `SockScope does not know the request "${command}".`, showUser: true };
}

/** The same as one sentence, in English. */
export function describeError(error: unknown): string {
  if (numberOf(error) !== UNEXPECTED) return (error as Error).message;
  return `SockScope failed unexpectedly: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function numberOf(error: unknown): number {
  if (error instanceof LaunchError) return error.id;
  const known = BY_KIND.find(([, kind]) => error instanceof kind);
  if (known) return known[0];
  if (error instanceof Error && error.name === 'SymbolError') return SYMBOLS;
  return error instanceof RangeError ? RANGE : UNEXPECTED;
}
