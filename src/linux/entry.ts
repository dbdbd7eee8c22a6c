/**
 * The kernel's entry code for 32-bit x86 (arch/x86/entry/entry_32.S, 5.x and 6.x), which has no call-frame information: where the
 * interrupted context's registers (`struct pt_regs`) are at any instruction of it.
 *
 * Facts relied on:
 *  - Everything between `__entry_text_start` and `__entry_text_end`, and `ret_from_fork`, is entry code.
 *  - While it calls C, ESP points to a complete pt_regs.
 *  - pt_regs is filled by pushes from its end to its start, so a field at or above ESP is saved and one below is still in its register.
 *  - From user mode, the processor starts on the entry stack of the task-state segment (from 4.19); the task's own stack has its
 *    pt_regs directly below `thread.sp0`.
 *  - Entered from kernel mode, the upper half of the saved CS has CS_FROM_KERNEL (bit 31) and kin, and SP is valid only once
 *    FIXUP_FRAME has stored it (bit 29 set).
 */

import { callBefore } from '../debugger/instructions';
import type { EntryCrossing, ThreadContext } from '../debugger/platform';
import { MemoryError, type RegisterName, type Registers } from '../debugger/target';
import { LinuxError, type Kernel } from './kernel';
import type { SystemCall } from './system-calls';
import { THREAD_SIZE, type Tasks } from './tasks';

/** __KERNEL_CS and __USER_CS (arch/x86/include/asm/segment.h). */
const KERNEL_CS = 0x60;
const USER_CS = 0x73;
const USER_DS = 0x7b;
/** FIXUP_FRAME stored SP and SS (entry_32.S, CS_FROM_ENTRY_STACK… are bits 31 and 30, this one is 29). */
const CS_FIXED_UP = 1 << 29;

/** Registers by their pt_regs member. */
const MEMBERS: readonly [RegisterName, string][] = [
  ['ebx', 'bx'],
  ['ecx', 'cx'],
  ['edx', 'dx'],
  ['esi', 'si'],
  ['edi', 'di'],
  ['ebp', 'bp'],
  ['eax', 'ax'],
  ['ds', 'ds'],
  ['es', 'es'],
  ['fs', 'fs'],
];

/** Names of exceptions by their C handler (arch/x86/kernel/traps.c, arch/x86/mm/fault.c). */
const EXCEPTIONS: Record<string, string> = {
  exc_divide_error: '#DE, divide error',
  exc_debug: '#DB, debug exception',
  exc_int3: '#BP, breakpoint',
  exc_overflow: '#OF, overflow',
  exc_bounds: '#BR, bound range exceeded',
  exc_invalid_op: '#UD, invalid opcode',
  exc_device_not_available: '#NM, no FPU',
  exc_double_fault: '#DF, double fault',
  exc_coproc_segment_overrun: 'coprocessor segment overrun',
  exc_invalid_tss: '#TS, invalid TSS',
  exc_segment_not_present: '#NP, segment not present',
  exc_stack_segment: '#SS, stack fault',
  exc_general_protection: '#GP, general protection',
  exc_page_fault: '#PF, page fault',
  exc_spurious_interrupt_bug: 'spurious interrupt',
  exc_coprocessor_error: '#MF, x87 error',
  exc_alignment_check: '#AC, alignment check',
  exc_simd_coprocessor_error: '#XM, SIMD error',
  iret_error: 'fault in IRET',
};

/** Code that nothing called, by its symbols: entry_32.S, and head_32.S up to the call of i386_start_kernel or start_secondary. */
const STACKS_BEGIN = /^(?:ret_from_fork(?:_asm)?|ret_from_kernel_thread|startup_32(?:_smp)?|default_entry|is486)$/;

/** The most that is left free at the top of a task's stack (arch/x86/include/asm/thread_info.h). */
const TOP_OF_KERNEL_STACK_PADDING = 16;

/** What start_thread (arch/x86/kernel/process_32.c) gives a new program: X86_EFLAGS_IF, without the bit that is always set. */
const NEW_PROGRAM_FLAGS = 0x200;
/** `shr $2, %ecx; cld; rep movsl`, and where its instructions begin. */
const COPYING: readonly number[] = [0xc1, 0xe9, 0x02, 0xfc, 0xf3, 0xa5];
const COPYING_STARTS: readonly number[] = [0, 3, 4];

export class EntryCode {
  private readonly start: number;
  private readonly end: number;
  private readonly returnFromFork: number;

  constructor(
    private readonly kernel: Kernel,
    private readonly tasks: Tasks,
    private readonly systemCalls: () => ReadonlyMap<number, SystemCall>,
  ) {
    this.start = kernel.symbol('__entry_text_start') ?? 0;
    this.end = kernel.symbol('__entry_text_end') ?? 0;
    this.returnFromFork = kernel.symbol('ret_from_fork') ?? 0;
  }

  /** True for addresses in the entry code. */
  covers(address: number): boolean {
    if (address >= this.start && address < this.end) return true;
    if (this.returnFromFork === 0 || address < this.returnFromFork) return false;
    const name = this.kernel.symbolName(address);
    return name === 'ret_from_fork' || name === 'ret_from_fork_asm' || name === 'ret_from_kernel_thread';
  }

  /**
   * Where stacks of the kernel begin: a kernel thread's in ret_from_fork, which calls its function, and the idle task's in the code that
   * the boot loader jumps to (arch/x86/kernel/head_32.S).
   */
  beginsStack(address: number): boolean {
    return STACKS_BEGIN.test(this.kernel.symbolName(address) ?? '');
  }

  /** See Platform.entryCrossing. */
  crossing(context: ThreadContext, registers: Registers): EntryCrossing | undefined {
    if (!this.covers(registers.eip)) return undefined;
    try {
      return this.find(context, registers);
    } catch (error) {
      if (error instanceof MemoryError || error instanceof LinuxError) return undefined;
      throw error;
    }
  }

  private find(context: ThreadContext, registers: Registers): EntryCrossing | undefined {
    const symbol = this.kernel.symbolName(registers.eip) ?? '';
    if (context.live && symbol.startsWith('entry_SYSENTER')) {
      const leaving = this.beforeSysexit(registers);
      if (leaving) return leaving;
    }
    const source = context.live ? this.copiedFrom(registers) : undefined;
    if (source !== undefined && this.plausible(source))
      return this.fromSaved(source, { ...registers, esp: source }, symbol);
    // Complete: the usual case, a caller of C code.
    if (
      this.plausible(registers.esp) &&
      (!context.live || (this.isPlaceOfFrame(registers.esp) && !this.isBelowItsCopy(registers.esp)))
    ) {
      return this.fromSaved(registers.esp, registers, symbol);
    }
    if (!context.live) return undefined;
    if (symbol.startsWith('entry_SYSENTER')) {
      const early = this.sysenterWithoutFrame(registers);
      if (early) return early;
    }
    // Entered from user mode, partly saved: on the entry stack, or on the task's stack below sp0.
    for (const top of [this.entryStackTop(), this.taskStackTop()]) {
      if (top === undefined || registers.esp > top || top - registers.esp > 4096) continue;
      const base = top - this.kernel.sizeOf('pt_regs');
      // Below `base` is the stack of kernel code, which an interrupt may have entered from.
      if (registers.esp < base) continue;
      if (registers.esp <= base + this.kernel.offset('pt_regs', 'ip') && this.plausible(base)) {
        return this.fromSaved(base, registers, symbol);
      }
    }
    // Entered from kernel mode: the processor's three words are a few words up this stack.
    const ip = this.kernel.offset('pt_regs', 'ip');
    for (let at = registers.esp; at < registers.esp + 40 * 4; at += 4) {
      if (this.plausible(at - ip, KERNEL_CS)) return this.fromSaved(at - ip, registers, symbol, true);
    }
    return undefined;
  }

  /**
   * SWITCH_TO_KERNEL_STACK moves ESP to the task's stack first and then copies pt_regs there from the entry stack, by `shr $2, %ecx; cld;
   * rep movsl`: so long what lies there is left over from an earlier entry.
   * @returns where the pt_regs that is being copied begins
   */
  private copiedFrom({ eip, esp, esi, edi }: Registers): number | undefined {
    const copied = (edi - esp) >>> 0;
    if (copied > this.kernel.sizeOf('pt_regs')) return undefined;
    const code = this.kernel.target.readAvailable(eip, COPYING.length);
    const begins = (from: number): boolean => COPYING.slice(from).every((byte, i) => code[i] === byte);
    return COPYING_STARTS.some(begins) ? (esi - copied) >>> 0 : undefined;
  }

  /**
   * FIXUP_FRAME pushes SS, SP and a copy of what the processor and SAVE_ALL had pushed: flags, CS, IP, orig_ax, GS, FS. The pt_regs to be
   * is made of the copies; when it is half filled, the originals look like the end of one that begins at the stack pointer.
   */
  private isBelowItsCopy(base: number): boolean {
    const { kernel } = this;
    const end = (member: string): number => base + kernel.offset('pt_regs', member);
    if ((kernel.u16(end('cs')) & 3) === 3) return false;
    const copied = end('flags') + 4 - end('fs');
    const [copyOfIp, copyOfSp] = [end('ip') - copied - 8, end('sp') - copied - 8];
    return kernel.u32(copyOfIp) === kernel.u32(end('ip')) && kernel.u32(copyOfSp) === end('sp');
  }

  /**
   * Whether a complete pt_regs may begin here: one from user mode lies at the top of its stack and nowhere else. Just below it, words of
   * the system call's own frame can look like one.
   */
  private isPlaceOfFrame(base: number): boolean {
    const { kernel } = this;
    if ((kernel.u16(base + kernel.offset('pt_regs', 'cs')) & 3) !== 3) return true;
    const end = base + kernel.sizeOf('pt_regs');
    // Where the task's structure is not known: stacks are aligned, and up to 16 bytes at their top are left free.
    if (!kernel.struct('task_struct')) return (-end & (THREAD_SIZE - 1)) <= TOP_OF_KERNEL_STACK_PADDING;
    return end === this.taskStackTop() || end === this.entryStackTop();
  }

  /** Whether a pt_regs at `base` has an instruction pointer, code segment and flags that fit together. */
  private plausible(base: number, onlyCs?: number): boolean {
    try {
      return this.fits(base, onlyCs);
    } catch (error) {
      // Nothing is mapped above the entry stack.
      if (error instanceof MemoryError) return false;
      throw error;
    }
  }

  private fits(base: number, onlyCs: number | undefined): boolean {
    const { kernel } = this;
    const cs = kernel.u16(base + kernel.offset('pt_regs', 'cs'));
    if (onlyCs !== undefined ? cs !== onlyCs : cs !== KERNEL_CS && (cs & 3) !== 3) return false;
    const flags = kernel.word('pt_regs', 'flags', base);
    if (((flags & 2) === 0 && flags !== NEW_PROGRAM_FLAGS) || flags >>> 22 !== 0) return false;
    const ip = kernel.word('pt_regs', 'ip', base);
    // sysenter's frame has 0 until do_SYSENTER_32 fills it in.
    return cs === KERNEL_CS ? kernel.module.elf.sectionAt(ip) !== undefined : ip < kernel.pageOffset;
  }

  /** @param partial the fields are still being pushed */
  private fromSaved(base: number, live: Registers, symbol: string, partial = false): EntryCrossing {
    const { kernel } = this;
    const savedAt: Partial<Record<RegisterName, number>> = {};
    const registers: Registers = { ...live };
    const field = (member: string): number => base + kernel.offset('pt_regs', member);
    const csWord = kernel.u32(field('cs'));
    const toUser = (csWord & 3) === 3;
    const behindOriginals = field('flags') + 4 + kernel.sizeOf('pt_regs') - kernel.offset('pt_regs', 'fs');
    const isFixedUp = !toUser && (csWord & CS_FIXED_UP) !== 0;
    const isStored = isFixedUp && (!partial || kernel.u32(field('sp')) === behindOriginals);
    // While FIXUP_FRAME copies, the copies lie where the originals' other fields would be.
    const lowest = isFixedUp && !isStored ? field('fs') : live.esp;
    for (const [name, member] of MEMBERS) {
      const address = field(member);
      // A field below the stack pointer has not been pushed yet, or has been popped: the register has the value.
      if (address < live.esp || address < lowest) continue;
      const segment = name === 'ds' || name === 'es' || name === 'fs';
      registers[name] = segment ? kernel.u16(address) : kernel.u32(address);
      if (!segment) savedAt[name] = address;
    }
    registers.eip = kernel.u32(field('ip'));
    registers.cs = csWord & 0xffff;
    registers.eflags = kernel.u32(field('flags'));
    savedAt.eip = field('ip');
    savedAt.eflags = field('flags');
    if (toUser) {
      registers.esp = kernel.u32(field('sp'));
      registers.ss = kernel.u16(field('ss'));
      savedAt.esp = field('sp');
      if (registers.eip === 0) this.completeSysenter(registers, savedAt);
    } else {
      // In kernel mode the processor saves no stack pointer: it is where its words end, unless FIXUP_FRAME has stored it behind its copies.
      registers.esp = isStored ? kernel.u32(field('sp')) : field('sp');
      registers.ss = 0x68;
    }
    return { ...this.describe(base, symbol, live), registers, toUser, savedAt };
  }

  private describe(base: number, symbol: string, live: Registers): { label: string; kind: EntryCrossing['kind'] } {
    const { kernel } = this;
    const gate = symbol.startsWith('entry_INT80')
      ? 'int $0x80'
      : symbol.startsWith('entry_SYSENTER')
        ? 'sysenter'
        : undefined;
    const number = kernel.word('pt_regs', 'orig_ax', base);
    const numberSaved = base + kernel.offset('pt_regs', 'orig_ax') >= live.esp;
    if (gate) {
      const called = numberSaved ? number : isLeaving(this.kernel, live.eip) ? this.numberOnTaskStack() : live.eax;
      return { label: this.systemCallLabel(gate, called), kind: 'systemCall' };
    }
    if (
      symbol.startsWith('asm_common_interrupt') ||
      symbol.startsWith('irq_entries') ||
      symbol.startsWith('asm_sysvec')
    ) {
      return { label: 'hardware interrupt', kind: 'interrupt' };
    }
    const exact = /^asm_(exc_\w+)$/.exec(symbol);
    if (exact) return { label: `exception ${EXCEPTIONS[exact[1]] ?? exact[1]}`, kind: 'exception' };
    if (symbol.startsWith('handle_exception')) {
      // The handler's address was pushed in the place of %gs.
      const handler = kernel.symbolName(kernel.word('pt_regs', 'gs', base)) ?? '';
      return { label: `exception ${EXCEPTIONS[handler] ?? (handler || 'of unknown kind')}`, kind: 'exception' };
    }
    // Shared ways back: orig_ax tells, because interrupts and exceptions store −1 there.
    if (number !== 0xffffffff && numberSaved)
      return { label: this.systemCallLabel('return', number), kind: 'systemCall' };
    return { label: `return through ${symbol}`, kind: 'interrupt' };
  }

  /** The number of the system call as the task's own stack has it, also when the way back has left that stack. */
  private numberOnTaskStack(): number {
    return this.kernel.word('pt_regs', 'orig_ax', this.taskStackTop() - this.kernel.sizeOf('pt_regs'));
  }

  private systemCallLabel(gate: string, number: number): string {
    const call = this.systemCalls().get(number);
    return `${gate} — system call ${number | 0}${call ? ` (${call.name})` : ''}`;
  }

  /** Behind the pops at the end of entry_SYSENTER_32: EDX and ECX are the user's EIP and ESP, as sysexit wants them. */
  private beforeSysexit(live: Registers): EntryCrossing | undefined {
    const base = this.taskStackTop() - this.kernel.sizeOf('pt_regs');
    const popped = base + this.kernel.offset('pt_regs', 'ax') < live.esp;
    const landing = this.landingPad();
    if (!popped || landing === undefined || live.edx !== landing) return undefined;
    const registers: Registers = { ...live, cs: USER_CS, ss: USER_DS, eip: live.edx, esp: live.ecx };
    return {
      label: this.systemCallLabel('sysenter', this.numberOnTaskStack()),
      kind: 'systemCall',
      registers,
      toUser: true,
    };
  }

  /** On the entry stack in the sysenter path nothing of the user's is saved: the processor pushes nothing. */
  private sysenterWithoutFrame(live: Registers): EntryCrossing | undefined {
    const top = this.entryStackTop();
    if (top === undefined || live.esp > top || top - live.esp > 4096) return undefined;
    const registers: Registers = { ...live, cs: USER_CS, ss: USER_DS };
    this.completeSysenter(registers, {});
    return { label: this.systemCallLabel('sysenter', live.eax), kind: 'systemCall', registers, toUser: true };
  }

  /** What do_SYSENTER_32 (arch/x86/entry/common.c) fills in: the vDSO's landing pad, and EBP as the stack pointer. */
  private completeSysenter(registers: Registers, savedAt: Partial<Record<RegisterName, number>>): void {
    const landing = this.landingPad();
    if (landing === undefined) return;
    registers.eip = landing;
    registers.esp = registers.ebp;
    delete savedAt.eip;
    delete savedAt.esp;
  }

  /** Where the vDSO of the current task goes on after its sysenter. */
  private landingPad(): number | undefined {
    const { kernel } = this;
    const image = kernel.symbol('vdso_image_32');
    const mm = kernel.word('task_struct', 'mm', this.tasks.currentAddress());
    if (image === undefined || mm === 0) return undefined;
    const landing = kernel.word('vdso_image', 'sym_int80_landing_pad', image);
    return (kernel.word('mm_struct', 'context.vdso', mm) + landing) >>> 0;
  }

  /** Initial stack pointer of the task-state segment: the top of the entry stack. */
  private entryStackTop(): number | undefined {
    const tss = this.kernel.symbol('cpu_tss_rw');
    // A variable of each processor's own.
    if (tss === undefined || this.kernel.offsetIfAny('tss_struct', 'x86_tss.sp0') === undefined) return undefined;
    return this.kernel.word('tss_struct', 'x86_tss.sp0', (tss + this.tasks.perCpu()) >>> 0);
  }

  private taskStackTop(): number {
    return this.kernel.word('task_struct', 'thread.sp0', this.tasks.currentAddress());
  }
}

/**
 * Where entry code goes on after its call of do_int80_syscall_32 or do_SYSENTER_32 (arch/x86/entry/entry_32.S).
 * @param address of the label that the gate leads to
 */
export function returnOfEntry(kernel: Kernel, address: number): number | undefined {
  const found = kernel.module.elf.symbolAt(address);
  if (!found) return undefined;
  const code = kernel.target.readAvailable(address, found.symbol.size);
  for (let at = 5; at <= code.length; at++) {
    const target = callBefore(code.subarray(at - 5, at), (address + at) >>> 0);
    if (typeof target !== 'number' || kernel.module.elf.symbolAt(target)?.offset !== 0) continue;
    if (/^do_\w*(?:syscall|sysenter)/i.test(kernel.symbolName(target) ?? '')) return (address + at) >>> 0;
  }
  return undefined;
}

/** Whether an address lies in entry code behind its call of what serves system calls: EAX has, or will have, the result. */
export function isLeaving(kernel: Kernel, address: number): boolean {
  const found = kernel.module.elf.symbolAt(address);
  const back =
    found && /^entry_(?:INT80|SYSENTER)/.test(found.symbol.name)
      ? returnOfEntry(kernel, found.symbol.address)
      : undefined;
  return back !== undefined && address >= back;
}
