/** A system call with its arguments in strace's notation. */

import type { ArgumentValue } from './argument-values';
import type { EnteredCall } from './call-places';
import { parametersOf } from './socket-call-decoder';
import { straceName } from './strace-call-names';
import { straceValue } from './strace-values';

export interface ShownArgument {
  readonly name: string;
  readonly text: string;
}

/** A call with its arguments as they were read; their text is made once, when it is wanted. */
export class CallView {
  private shown: readonly ShownArgument[] | undefined;

  constructor(
    readonly call: EnteredCall,
    /** Names of the parameters. */
    private readonly names: readonly string[],
    readonly values: readonly ArgumentValue[],
  ) {}

  get arguments(): readonly ShownArgument[] {
    return (this.shown ??= this.values.map((value, i) => ({ name: this.names[i], text: straceValue(value) })));
  }

  /** `bind(3, {…}, 16)`, by the name that users know. */
  get text(): string {
    return straceCall(parametersOf(this.call.name) ? this.call.name : this.programName, this.arguments);
  }

  /** The same as strace has it: `_newselect(…)` for the select of number 142. */
  get line(): string {
    return straceCall(this.programName, this.arguments);
  }

  /** The call's name as programs and strace have it. */
  get programName(): string {
    return programName(this.call);
  }
}

/** A call's name as programs and strace have it. */
export function programName(call: EnteredCall): string {
  return straceName(call.number, call.name, call.case !== undefined);
}

/** `bind(3, {…}, 16)`. */
export function straceCall(name: string, shown: readonly ShownArgument[]): string {
  return `${name}(${shown.map((argument) => argument.text).join(', ')})`;
}
