/**
 * Stops where the kernel finds that something is badly wrong with itself: at the entry of `panic` (kernel/panic.c) and of `__die`
 * (arch/x86/kernel/dumpstack.c), which every oops goes through (page faults, BUG, die). Both are there in all 5.x and 6.x kernels. Relies on the
 * kernel's i386 calling convention: regparm(3), EAX, EDX, ECX; everything on the stack for functions with variable arguments.
 */

import type { PlatformBreakpoint } from '../debugger/platform';
import { MemoryError } from '../debugger/target';
import { LinuxError, type Kernel } from './kernel';
import { placeOf } from './places';

/** Name under which `Platform.specialBreakpoint` gives it. */
export const KERNEL_FAULT = 'kernel:fault';
/** Longest message that panic makes of its arguments (its own buffer). */
const MESSAGE_LIMIT = 1024;
const REGISTERS = ['ax', 'bx', 'cx', 'dx', 'si', 'di', 'bp', 'sp'];

export class KernelFaults implements PlatformBreakpoint {
  readonly addresses: readonly number[];
  readonly message = 'panic and oops of the kernel';
  private last: string | undefined;

  /** @throws LinuxError where the kernel has neither function */
  constructor(private readonly kernel: Kernel) {
    this.addresses = ['panic', '__die'].flatMap((name) => kernel.symbol(name) ?? []);
    if (this.addresses.length === 0) throw new LinuxError('This kernel has neither panic nor __die.');
  }

  hit(address: number): boolean {
    try {
      this.last = address === this.kernel.symbol('panic') ? this.panic() : this.oops();
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      this.last = `Kernel ${this.kernel.symbolName(address)}: ${error.message}`;
    }
    return true;
  }

  describe(): string | undefined {
    return this.last;
  }

  removed(): void {
    this.last = undefined;
  }

  private panic(): string {
    const { esp } = this.kernel.target.registers();
    const text = formatMessage(this.kernel, this.kernel.u32(esp + 4), esp + 8);
    const caller = (this.kernel.u32(esp) - 1) >>> 0;
    return `Kernel panic - not syncing: ${text.trimEnd()} — called in ${this.where(caller)}`;
  }

  private oops(): string {
    const { eax, edx, ecx } = this.kernel.target.registers();
    const word = (member: string): number => this.kernel.word('pt_regs', member, edx);
    const code = (ecx & 0xffff).toString(16).padStart(4, '0');
    const registers = REGISTERS.map((name) => `e${name}=${word(name).toString(16).padStart(8, '0')}`).join(' ');
    return `${this.kernel.text(eax, 64)}: ${code} — at ${this.where(word('ip'))}; ${registers}`;
  }

  private where(address: number): string {
    const { symbol } = placeOf(this.kernel, address);
    const info = this.kernel.module.symbols.lineAt(address);
    const at = symbol ?? `0x${address.toString(16)}`;
    return info && info.line > 0 ? `${at} (${info.file.path}:${info.line})` : at;
  }
}

/** The text of a printf format with its arguments in memory (lib/vsprintf.c): %s %d %i %u %x %X %p %c with flags and width. */
function formatMessage(kernel: Kernel, format: number, first: number): string {
  let at = first;
  const next = (): number => {
    const value = kernel.u32(at);
    at += 4;
    return value;
  };
  return kernel
    .text(format, MESSAGE_LIMIT)
    .replace(/%(%|([-+ #0]*)(\d*)(?:\.\d+)?(hh|h|ll|l|z|t)?([sdiuxXc]|p[A-Za-z]*))/g, (_, all: string, flags: string, width: string, size: string | undefined, kind: string) => {
      if (all === '%') return '%';
      const value = next();
      if (size === 'll') {
        const wide = (BigInt(next()) << 32n) | BigInt(value);
        return padded(kind === 'd' || kind === 'i' ? String(BigInt.asIntN(64, wide)) : wide.toString(kind === 'u' ? 10 : 16), flags, width);
      }
      // %pS and kin print symbols.
      if (kind.startsWith('p')) return /^p[sSB]/.test(kind) ? (placeOf(kernel, value).symbol ?? hex(value)) : hex(value);
      switch (kind) {
        case 's':
          return padded(value === 0 ? '(null)' : kernel.text(value, MESSAGE_LIMIT), flags, width);
        case 'c':
          return String.fromCharCode(value & 0xff);
        case 'd':
        case 'i':
          return padded(String(value | 0), flags, width);
        case 'u':
          return padded(String(value), flags, width);
        default:
          return padded(`${flags.includes('#') ? '0x' : ''}${value.toString(16)}`, flags, width);
      }
    }); // prettier-ignore
}

function padded(text: string, flags: string, width: string): string {
  if (flags.includes('-')) return text.padEnd(Number(width));
  return text.padStart(Number(width), flags.includes('0') ? '0' : ' ');
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
