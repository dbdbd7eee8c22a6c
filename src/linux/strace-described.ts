/** Reads the arguments of calls that strace-calls.ts describes: what goes in at the entry, what comes out at the return. */

import { MemoryError } from '../debugger/target';
import { wordIn, type ArgumentValue, type ReadMemory } from './argument-values';
import { isFailure } from './errno';
import { descriptionOf } from './strace-calls';
import { DEVICES } from './strace-device-control';
import { DEVICE_NAMES } from './strace-names-devices';
import { EVENT_NAMES } from './strace-names-events';
import { FILE_NAMES } from './strace-names-files';
import { PROCESS_NAMES } from './strace-names-processes';
import type { NameTable } from './strace-names';
import { POINTERS, SCALARS, SIZED, WIDE } from './strace-shapes-basic';
import { EVENTS } from './strace-shapes-events';
import { SPECIAL_POINTERS, SPECIAL_SCALARS } from './strace-shapes-special';
import { STRUCTURES } from './strace-shapes-structures';
import type { Reading, Shape } from './strace-shape';
import { pointer } from './strace-text';

/** Kernel's own errors that mean that a signal interrupted the call (include/linux/errno.h): ERESTARTSYS to ERESTART_RESTARTBLOCK. */
const FIRST_RESTART = 512;
const LAST_RESTART = 516;
const EINTR = 4;
const EFAULT = 14;

type Moment = 'entry' | 'return' | 'both' | 'interruption';

/** A parameter as its description says. */
interface Parameter {
  readonly name: string;
  /** Whether the name is shown with it. */
  readonly labelled: boolean;
  /** Index of its word. */
  readonly word: number;
  readonly moment: Moment;
  readonly shape: Shape;
  /** Of a pointer, NULL is no more than that. */
  readonly isPointer: boolean;
  /** Whether it says more than its address also where the call fails. */
  readonly shownOnFailure: boolean;
}

const NAMES: Readonly<Record<string, NameTable>> = { ...FILE_NAMES, ...PROCESS_NAMES, ...EVENT_NAMES, ...DEVICE_NAMES };
const NUMBERS: Readonly<Record<string, Shape>> = { ...SCALARS, ...SPECIAL_SCALARS, request: DEVICES.request };
const ADDRESSES: Readonly<Record<string, Shape>> = {
  ...POINTERS, ...SPECIAL_POINTERS, ...STRUCTURES, ...EVENTS, ...DEVICES,
}; // prettier-ignore
const MOMENTS: Readonly<Record<string, Moment>> = { '>': 'return', '~': 'both', '!': 'interruption' };

/** What is needed of a call. */
export interface DescribedCall {
  readonly words: readonly number[];
}

/** Parameters by the text that describes them. */
const parsed = new Map<string, readonly Parameter[]>();

function parametersOf(description: string): readonly Parameter[] {
  let parameters = parsed.get(description);
  if (!parameters) parsed.set(description, (parameters = parse(description)));
  return parameters;
}

function parse(description: string): Parameter[] {
  let next = 0;
  return description
    .split(/\s+/)
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^(\w+)(=?):([>~!]?)([=|]?)(\w+)(?:\/(\d))?(?:@(\d))?$/.exec(part);
      if (!match) throw new Error(`"${part}" describes no parameter.`);
      const [, name, label, moment, kind, shape, size, at] = match;
      const word = at === undefined ? next : Number(at);
      next = word + (Object.hasOwn(WIDE, shape) && kind === '' ? 2 : 1);
      return {
        name,
        labelled: label !== '',
        word,
        moment: MOMENTS[moment] ?? 'entry',
        ...shapeOf(kind, shape, size, word),
        shownOnFailure: shape === 'vector',
      };
    });
}

function shapeOf(
  kind: string,
  name: string,
  size: string | undefined,
  word: number,
): Pick<Parameter, 'shape' | 'isPointer'> {
  if (kind !== '') {
    const names = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
    if (!names) throw new Error(`There is no table of names "${name}".`);
    return { shape: ({ value }) => (kind === '=' ? names.one(value) : names.flags(value)), isPointer: false };
  }
  if (size !== undefined && Object.hasOwn(SIZED, name)) return { shape: SIZED[name](Number(size)), isPointer: true };
  if (Object.hasOwn(WIDE, name)) {
    return { shape: ({ words }) => WIDE[name](words[word], words[word + 1]), isPointer: false };
  }
  if (Object.hasOwn(NUMBERS, name)) return { shape: NUMBERS[name], isPointer: false };
  if (Object.hasOwn(ADDRESSES, name)) return { shape: ADDRESSES[name], isPointer: true };
  throw new Error(`There is no shape "${name}".`);
}

/** Whether a signal interrupted a call. */
export function isInterrupted(result: number): boolean {
  return result === -EINTR || (-result >= FIRST_RESTART && -result <= LAST_RESTART);
}

export class DescribedParameters {
  constructor(
    private readonly memory: { readonly read: ReadMemory; readonly readAvailable: ReadMemory },
    private readonly limit: number,
  ) {}

  /** Names of a call's parameters; undefined where it is not described. */
  names(name: string, call: DescribedCall): string[] | undefined {
    return this.of(name, call)?.parameters.map((parameter) => parameter.name);
  }

  atEntry(name: string, call: DescribedCall): ArgumentValue[] | undefined {
    const found = this.of(name, call);
    return found?.parameters.map((parameter) => {
      const { moment, word } = parameter;
      if (moment === 'entry' || moment === 'both') return this.value(parameter, found.words, undefined);
      return shown(parameter, pointer(found.words[word] >>> 0));
    });
  }

  /** What the call leaves; arguments that it did not change are those of the entry. */
  atReturn(
    name: string,
    call: DescribedCall,
    before: readonly ArgumentValue[],
    result: number,
  ): ArgumentValue[] | undefined {
    const found = this.of(name, call);
    return found?.parameters.map((parameter, i) => {
      const isNow = isFailure(result)
        ? (parameter.moment === 'interruption' && isInterrupted(result)) ||
          (parameter.moment === 'return' && parameter.shownOnFailure)
        : parameter.moment === 'return' || parameter.moment === 'both';
      const old = before[i];
      const text = old.kind === 'text' ? old.text : undefined;
      if (isNow) return this.value(parameter, found.words, result, text);
      // A page that was not in memory yet at the entry is there once the kernel has copied from it.
      const isThereNow = old.kind === 'text' && old.isUnread && result !== -EFAULT;
      return isThereNow ? this.value(parameter, found.words, undefined) : old;
    });
  }

  /** How an argument of the call is read by a shape of another place. */
  reading(words: readonly number[], word: number, result: number | undefined): Reading {
    const { limit, memory } = this;
    return { value: words[word] ?? 0, words, result, limit, ...memory };
  }

  private of(
    name: string,
    call: DescribedCall,
  ): { words: readonly number[]; parameters: readonly Parameter[] } | undefined {
    const words = this.wordsOf(name, call.words);
    const description = descriptionOf(name, words);
    return description === undefined ? undefined : { words, parameters: parametersOf(description) };
  }

  /** mmap, the oldest of its kind, has its words in memory. */
  private wordsOf(name: string, words: readonly number[]): readonly number[] {
    if (name !== 'mmap') return words;
    const bytes = this.memory.readAvailable(words[0] >>> 0, 24);
    return bytes.length < 24 ? words : Array.from({ length: 6 }, (_, i) => wordIn(bytes, 4 * i));
  }

  private value(
    parameter: Parameter,
    words: readonly number[],
    result: number | undefined,
    before?: string,
  ): ArgumentValue {
    const { shape, word, isPointer } = parameter;
    const address = words[word] >>> 0;
    if (isPointer && address === 0) return shown(parameter, 'NULL');
    try {
      const text = shape({ ...this.reading(words, word, result), before });
      return text === undefined ? shown(parameter, pointer(address), true) : shown(parameter, text);
    } catch (error) {
      // A bad pointer is the caller's business: what is shown is what was passed.
      if (error instanceof MemoryError) return shown(parameter, pointer(address), true);
      throw error;
    }
  }
}

function shown({ name, labelled }: Parameter, text: string, isUnread = false): ArgumentValue {
  return { kind: 'text', text: labelled ? `${name}=${text}` : text, isUnread };
}
