/**
 * Arguments of system calls that have no description of their own, by the types of their entry function's parameters: SYSCALL_DEFINEx
 * makes `__ia32_sys_write`, with `__se_sys_write` and `__do_sys_write` mostly inlined into it (arch/x86/include/asm/syscall_wrapper.h, from 5.7;
 * before, `__se_sys_write` and `__do_sys_write` are functions by themselves).
 */

import { MemoryError } from '../debugger/target';
import type { ArgumentValue } from './argument-values';
import { stripTypedefs } from '../symbols';
import type { Variable } from '../symbols/api';
import type { EnteredCall } from './call-places';
import { isFailure } from './errno';
import type { LinuxPlatform } from './platform';

/** A string's longest part that is shown. */
const PATH_LIMIT = 4096;

type Form =
  | { readonly kind: 'signed' | 'unsigned' | 'pointer' | 'string' }
  /** A buffer whose size is another parameter. */
  | { readonly kind: 'dataIn' | 'dataOut'; readonly size: number };

interface Typed {
  readonly name: string;
  readonly form: Form;
}

export class TypedParameters {
  private readonly known = new Map<string, readonly Typed[]>();

  constructor(
    private readonly platform: LinuxPlatform,
    private readonly limit: number,
  ) {}

  /** Names of a call's parameters. */
  names(call: EnteredCall): string[] {
    return this.of(call).map(({ name }) => name);
  }

  atEntry(call: EnteredCall): ArgumentValue[] {
    return this.of(call).map(({ form }, i) => this.entering(call, form, i));
  }

  atReturn(call: EnteredCall, before: readonly ArgumentValue[], result: number): ArgumentValue[] {
    if (isFailure(result)) return [...before];
    return this.of(call).map(({ form }, i) => {
      if (form.kind !== 'dataOut' || call.words[i] === 0) return before[i];
      return this.data(call.words[i], Math.min(result, call.words[form.size] >>> 0));
    });
  }

  private entering(call: EnteredCall, form: Form, index: number): ArgumentValue {
    const value = call.words[index] ?? 0;
    switch (form.kind) {
      case 'signed':
        return { kind: 'signed', value };
      case 'unsigned':
        return { kind: 'word', value };
      case 'string':
        return value === 0 ? { kind: 'pointer', value } : this.string(value);
      case 'dataIn':
        return value === 0 ? { kind: 'pointer', value } : this.data(value, call.words[form.size] >>> 0);
      case 'dataOut':
      case 'pointer':
        return { kind: 'pointer', value };
    }
  }

  private data(address: number, size: number): ArgumentValue {
    try {
      return { kind: 'data', bytes: this.platform.target.readMemory(address, Math.min(size, this.limit)), size };
    } catch (error) {
      if (error instanceof MemoryError) return { kind: 'pointer', value: address };
      throw error;
    }
  }

  private string(address: number): ArgumentValue {
    const bytes = this.platform.target.readAvailable(address, PATH_LIMIT);
    const end = bytes.indexOf(0);
    if (end < 0 && bytes.length < PATH_LIMIT) return { kind: 'pointer', value: address };
    const size = end < 0 ? PATH_LIMIT : end;
    return { kind: 'data', bytes: bytes.subarray(0, Math.min(size, this.limit)), size };
  }

  private of(call: EnteredCall): readonly Typed[] {
    let typed = this.known.get(call.entry);
    if (!typed) {
      typed = this.find(call.entry);
      this.known.set(call.entry, typed);
    }
    return typed;
  }

  private find(entry: string): Typed[] {
    const parameters = this.parameters(entry);
    return parameters.map((parameter, i) => ({ name: parameter.name, form: formOf(parameters, i) }));
  }

  /** Parameters of the innermost of the entry functions that has them; none where there is no debug information. */
  private parameters(entry: string): readonly Variable[] {
    const { kernel } = this.platform;
    const { symbols } = kernel.module;
    const own = kernel.symbol(`__do_sys_${entry}`);
    const separate = own === undefined ? undefined : symbols.functionAt(own);
    if (separate) return separate.parameters;
    const call = [...this.platform.systemCalls().values()].find((each) => each.name === entry);
    const outer = call && symbols.functionAt(call.address);
    for (const { start, end } of outer?.ranges ?? []) {
      for (let address = start; address < end; address++) {
        const inlined = symbols.inlinesAt(address).find((each) => each.name === `__do_sys_${entry}`);
        if (inlined) return inlined.parameters;
      }
    }
    // Without a wrapper, the table's function itself has them.
    return outer && !outer.name.startsWith('__ia32_') ? outer.parameters : [];
  }
}

function formOf(parameters: readonly Variable[], index: number): Form {
  const type = stripTypedefs(parameters[index].type);
  switch (type.kind) {
    case 'base':
      return { kind: /^signed/.test(type.encoding) ? 'signed' : 'unsigned' };
    case 'enum':
      return { kind: 'signed' };
    case 'pointer': {
      const isConst = type.target.kind === 'qualified' && type.target.qualifier === 'const';
      const pointee = stripTypedefs(type.target);
      if (pointee.kind !== 'base' || pointee.byteSize !== 1) return { kind: 'pointer' };
      const size = index + 1;
      const next = parameters[size];
      const sized = next !== undefined && /^(count|len|size|buflen|bufsiz|nbytes)$/.test(next.name);
      if (sized) return { kind: isConst ? 'dataIn' : 'dataOut', size };
      return { kind: isConst ? 'string' : 'pointer' };
    }
    default:
      return { kind: 'pointer' };
  }
}
