import type { FrameRegister, FrameRegisters } from './api';
import type { ThreadContext } from './platform';
import { DWARF_REGISTERS, type RegisterName, type Registers } from './target';

export const REGISTER_NAMES: readonly RegisterName[] = [...DWARF_REGISTERS, 'cs', 'ss', 'ds', 'es', 'fs', 'gs'];

/** The registers of one physical frame. */
export class RegisterSet implements FrameRegisters {
  private readonly known = new Map<RegisterName, FrameRegister>();

  /** The registers of a thread's innermost frame. */
  static ofThread(context: ThreadContext): RegisterSet {
    return RegisterSet.of(context.registers, context.known ?? REGISTER_NAMES, context.savedAt, context.live);
  }

  /** @param savedAt where they are saved; @param live true where the others are what the processor holds */
  static of(
    values: Registers,
    names: readonly RegisterName[],
    savedAt: Partial<Record<RegisterName, number>> | undefined,
    live: boolean,
  ): RegisterSet {
    const set = new RegisterSet();
    for (const name of names) {
      const address = savedAt?.[name];
      if (address !== undefined) set.put(name, { value: values[name] >>> 0, place: { kind: 'memory', address } });
      else if (live) set.put(name, { value: values[name] >>> 0, place: { kind: 'register', name } });
      else set.put(name, { value: values[name] >>> 0, place: { kind: 'computed' } });
    }
    return set;
  }

  put(name: RegisterName, register: FrameRegister | undefined): void {
    if (register) this.known.set(name, register);
    else this.known.delete(name);
  }

  get(name: RegisterName): FrameRegister | undefined {
    return this.known.get(name);
  }

  byNumber(number: number): FrameRegister | undefined {
    const name = DWARF_REGISTERS[number];
    return name && this.known.get(name);
  }

  complete(): Registers {
    const registers = {} as Registers;
    for (const name of REGISTER_NAMES) registers[name] = this.known.get(name)?.value ?? 0;
    return registers;
  }
}
