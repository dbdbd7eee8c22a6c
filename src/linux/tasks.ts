/**
 * Tasks: `struct task_struct` (include/linux/sched.h), `struct mm_struct`, the per-processor variable `current_task` (through 6.1) or
 * `pcpu_hot.current_task` (from 6.2), and the switch frame `struct inactive_task_frame` (arch/x86/include/asm/switch_to.h, from 4.9).
 */

import type { Module, ModuleList } from '../debugger/modules';
import type { ThreadContext, ThreadId } from '../debugger/platform';
import { MemoryError, type Registers } from '../debugger/target';
import { integerOf } from '../debugger/values';
import { fieldIfAny } from './fields';
import { kernelThreadName } from './kernel-thread-names';
import { LinuxError, type Kernel } from './kernel';

/** Thread id of the idle task (pid 0), because clients take 0 for "no thread". No pid reaches it (PID_MAX_LIMIT is 2^22). */
export const IDLE_THREAD: ThreadId = 0x400000;

/** A task of the guest. */
export interface Task {
  /** Address of its task_struct. */
  readonly address: number;
  readonly pid: number;
  /** Process id as user space knows it (the thread group's). */
  readonly tgid: number;
  /** At most 15 characters; see `Tasks.nameOf`. */
  readonly comm: string;
  /** Its mm_struct; 0 for a kernel thread, and for a process that has ended so far that its memory is given back. */
  readonly mm: number;
  readonly isKernelThread: boolean;
  /** Scheduler state and exit state (TASK_* and EXIT_*); 0 is running or ready. */
  readonly state: number;
}

/** Bits of task_struct.flags (include/linux/sched.h). */
const PF_FORKNOEXEC = 0x40;
const PF_KTHREAD = 0x200000;
/** Bytes of task_struct.comm (include/linux/sched.h). */
export const TASK_COMM_LEN = 16;
/** Size of a task's kernel stack on i386, and what its beginning is aligned to. */
export const THREAD_SIZE = 8192;

/** States by value (include/linux/sched.h), as `ps` words them. */
function stateName(state: number): string {
  if (state === 0) return 'ready';
  // TASK_PARKED 0x40, TASK_DEAD 0x80, TASK_NOLOAD 0x400, TASK_NEW 0x800
  if (state & 0x04) return 'stopped';
  if (state & 0x08) return 'traced';
  // EXIT_ZOMBIE, EXIT_DEAD: what has ended is TASK_DEAD besides.
  if (state & 0x20) return 'zombie';
  if (state & 0x10 || state & 0x80) return 'dead';
  if (state & 0x40) return 'parked';
  if ((state & 0x402) === 0x402) return 'idle';
  if (state & 0x02) return 'waiting';
  if (state & 0x01) return 'sleeping';
  return `state 0x${state.toString(16)}`;
}

/** The guest's tasks. All methods throw MemoryError or LinuxError where the kernel is not far enough to have them. */
export class Tasks {
  private perCpuOffset: number | undefined;

  constructor(private readonly kernel: Kernel) {}

  /** Address of the current task's task_struct: of the one whose stack is in use. */
  currentAddress(): number {
    const address = this.recordedAddress();
    const { cs, esp } = this.kernel.target.registers();
    if (address === 0 || (cs & 3) === 3 || this.hasStackAt(address, esp)) return address;
    // __switch_to_asm changes the stack first, __switch_to current_task some instructions later. A stack that is no task's is an interrupt's.
    return this.addresses().find((each) => this.hasStackAt(each, esp)) ?? address;
  }

  /** Whether an address lies in a task's kernel stack. */
  private hasStackAt(address: number, pointer: number): boolean {
    const stack = this.kernel.word('task_struct', 'stack', address);
    return pointer >= stack && pointer - stack <= THREAD_SIZE;
  }

  /** The same as the kernel has it in current_task: for where it cannot be switching, because it is quicker. */
  recordedAddress(): number {
    const { kernel } = this;
    const single = kernel.symbol('current_task');
    if (single !== undefined) return kernel.u32((single + this.perCpu()) >>> 0);
    const hot = kernel.symbol('pcpu_hot');
    if (hot === undefined) throw new LinuxError('This kernel has neither current_task nor pcpu_hot.');
    return kernel.word('pcpu_hot', 'current_task', (hot + this.perCpu()) >>> 0);
  }

  /** What is added to a per-processor variable's address: 0 on a kernel for one processor (include/asm-generic/percpu.h). */
  perCpu(): number {
    if (this.perCpuOffset !== undefined) return this.perCpuOffset;
    const table = this.kernel.symbol('__per_cpu_offset');
    if (table === undefined) return (this.perCpuOffset = 0);
    // The table is filled while booting, so it is not kept before it says something.
    const offset = this.kernel.u32(table);
    if (offset !== 0) this.perCpuOffset = offset;
    return offset;
  }

  /** Pid of a task: quick, for predicates that run at every hit. */
  pidOf(address: number): number {
    return this.kernel.word('task_struct', 'pid', address);
  }

  /** A task's name as the kernel keeps it in the task_struct: quick, for what runs at every call. */
  commOf(address: number): string {
    const { kernel } = this;
    return kernel.text((address + kernel.offset('task_struct', 'comm')) >>> 0, TASK_COMM_LEN);
  }

  /** Process id of a task as user space knows it. */
  tgidOf(address: number): number {
    return this.kernel.word('task_struct', 'tgid', address);
  }

  /** `sleeping`: a task's state in a word, as `ps` has letters for. */
  stateOf(task: Task, running: boolean): string {
    return running ? 'running' : stateName(task.state);
  }

  read(address: number): Task {
    const { kernel } = this;
    const stateOffset = kernel.offsetIfAny('task_struct', '__state') ?? kernel.offset('task_struct', 'state');
    return {
      address,
      pid: this.pidOf(address),
      tgid: this.tgidOf(address),
      comm: this.commOf(address),
      mm: kernel.word('task_struct', 'mm', address),
      isKernelThread: this.hasFlag(address, PF_KTHREAD),
      state: (kernel.u32(address + stateOffset) | kernel.word('task_struct', 'exit_state', address)) >>> 0,
    };
  }

  /** The name that `ps` shows: of a kernel thread the whole one, where the kernel keeps it. */
  nameOf({ address, comm, isKernelThread }: Pick<Task, 'address' | 'comm' | 'isKernelThread'>): string {
    return isKernelThread ? kernelThreadName(this.kernel, address, comm) : comm;
  }

  /** All threads of all processes, the idle task first. */
  list(): Task[] {
    return this.addresses().map((address) => this.read(address));
  }

  /** Addresses of their task_structs. */
  private addresses(): number[] {
    const { kernel } = this;
    const init = kernel.symbol('init_task');
    if (init === undefined) throw new LinuxError('This kernel has no init_task.');
    const link = kernel.offset('task_struct', 'tasks');
    const tasks: number[] = [];
    const seen = new Set<number>();
    for (let leader = init; !seen.has(leader) && seen.size < 65536; leader = (kernel.u32(leader + link) - link) >>> 0) {
      seen.add(leader);
      tasks.push(leader, ...this.otherThreads(leader));
    }
    return tasks;
  }

  /** The threads of a process besides its leader (signal_struct.thread_head and task_struct.thread_node). */
  private otherThreads(leader: number): number[] {
    const { kernel } = this;
    const head = (kernel.word('task_struct', 'signal', leader) + kernel.offset('signal_struct', 'thread_head')) >>> 0;
    const link = kernel.offset('task_struct', 'thread_node');
    const threads: number[] = [];
    for (let node = kernel.u32(head); node !== head && node !== 0 && threads.length < 65536; node = kernel.u32(node)) {
      const address = (node - link) >>> 0;
      if (address !== leader) threads.push(address);
    }
    return threads;
  }

  /**
   * `replyhi (pid 47)`, and what it does.
   * @param where the function it sleeps in
   */
  describe(task: Task, running: boolean, where?: string): string {
    const kind = task.isKernelThread && task.pid !== 0 ? ', kernel thread' : '';
    return `${this.nameOf(task)} (pid ${task.pid}${kind}) ${this.stateOf(task, running)}${where ? ` in ${where}` : ''}`;
  }

  private hasFlag(address: number, flag: number): boolean {
    return (this.kernel.word('task_struct', 'flags', address) & flag) !== 0;
  }

  /**
   * Why the memory that a task was in when it entered the kernel is gone, in a sentence; undefined where it is still there. It is given
   * back by exit_mm (kernel/exit.c), and replaced by begin_new_exec (fs/exec.c), where start_thread then writes the new program's
   * registers over those of the old one.
   * @param stack the stack pointer that it entered the kernel with
   */
  memoryGone({ address, mm, comm }: Task, stack: number): string | undefined {
    const { kernel } = this;
    if (mm === 0) return `The memory of ${comm} has been given back: the task is ending.`;
    const inExecve = fieldIfAny(kernel.value('task_struct', address), 'in_execve');
    if (!inExecve || integerOf(inExecve) === 0n) return undefined;
    // The new program begins where its arguments lie. A task that was made by fork keeps that flag until the old program is gone.
    const hasBegun = stack === kernel.word('mm_struct', 'start_stack', mm);
    const isOld = kernel.word('mm_struct', 'start_code', mm) !== 0 && this.hasFlag(address, PF_FORKNOEXEC);
    return hasBegun || isOld ? undefined : `The program that called execve is gone, and the new one has not begun.`;
  }

  /** Physical address of a task's page directory; undefined for kernel threads, which borrow the present one. */
  pageDirectory(task: Task): number | undefined {
    if (task.mm === 0) return undefined;
    return this.kernel.target.translate(this.kernel.word('mm_struct', 'pgd', task.mm));
  }

  /** Registers of a task that is not running, from its switch frame: those that `__switch_to_asm` saves. */
  sleepingContext(task: Task, id: ThreadId): ThreadContext {
    const { kernel } = this;
    const frame = kernel.word('task_struct', 'thread.sp', task.address);
    const at = (member: string): number => (frame + kernel.offset('inactive_task_frame', member)) >>> 0;
    const registers: Registers = {
      eax: 0, ecx: 0, edx: 0, ebx: kernel.u32(at('bx')), esp: (frame + kernel.sizeOf('inactive_task_frame')) >>> 0,
      ebp: kernel.u32(at('bp')), esi: kernel.u32(at('si')), edi: kernel.u32(at('di')), eip: kernel.u32(at('ret_addr')),
      eflags: kernel.offsetIfAny('inactive_task_frame', 'flags') === undefined ? 2 : kernel.u32(at('flags')),
      cs: 0x60, ss: 0x68, ds: 0x7b, es: 0x7b, fs: 0, gs: 0,
    }; // prettier-ignore
    return {
      id,
      registers,
      pageDirectory: this.pageDirectory(task),
      live: false,
      known: ['ebx', 'esp', 'ebp', 'esi', 'edi', 'eip'],
      savedAt: { ebx: at('bx'), ebp: at('bp'), esi: at('si'), edi: at('di'), eip: at('ret_addr') },
    };
  }

  /** The program among a session's modules that an address space runs. */
  programModule(modules: ModuleList, mm: number): Module | undefined {
    const path = this.program({ mm });
    if (path === undefined) return undefined;
    const name = path.slice(path.lastIndexOf('/') + 1);
    const candidates = modules.programs.filter((module) => module.name === name);
    // Two programs of one name: the one whose path on the host ends like the guest's.
    return candidates.find((module) => module.path.endsWith(path)) ?? candidates[0];
  }

  /** Path of the program that a task runs, from its mm's exe_file; undefined for kernel threads. */
  program(task: { mm: number }): string | undefined {
    const { kernel } = this;
    if (task.mm === 0) return undefined;
    try {
      const file = kernel.word('mm_struct', 'exe_file', task.mm);
      if (file === 0) return undefined;
      const parts: string[] = [];
      let dentry = kernel.word('file', 'f_path.dentry', file);
      for (let depth = 0; dentry !== 0 && depth < 64; depth++) {
        const parent = kernel.word('dentry', 'd_parent', dentry);
        if (parent === dentry) break;
        parts.unshift(kernel.text(kernel.word('dentry', 'd_name.name', dentry), 256));
        dentry = parent;
      }
      return `/${parts.join('/')}`;
    } catch (error) {
      if (error instanceof MemoryError) return undefined;
      throw error;
    }
  }
}
