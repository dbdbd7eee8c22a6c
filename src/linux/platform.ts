import type { EntryCrossing, Platform, PlatformBreakpoint, ThreadContext, ThreadId } from '../debugger/platform';
import { moduleHasCode, type Module, type ModuleList } from '../debugger/modules';
import { MemoryError, presentSpace, type Registers, type Target } from '../debugger/target';
import { CallCatch } from './call-catch';
import { CallPlaces } from './call-places';
import { parseCatch } from './catch-request';
import { PathNames } from './dispatch-path-names';
import { PathWitness } from './dispatch-path-witness';
import { EntryCode } from './entry';
import { wholeSpaces } from './isolation';
import { Kernel, LinuxError } from './kernel';
import { KERNEL_FAULT, KernelFaults } from './kernel-faults';
import { callOfCase } from './socket-calls';
import { caseNameOf, findSocketcallCases, SOCKETCALL_FILE, type SocketcallCase } from './socketcall';
import { readSystemCalls, systemCallAliases, type SystemCall } from './system-calls';
import { IDLE_THREAD, Tasks, type Task } from './tasks';
import { Placements } from './placements';
import { Vdso, type VdsoDebugFile } from './vdso';
import { WaitChannels } from './wait-channel';

/** Source text of a file that the debug information names, or undefined where it is not to be had. */
export type SourceReader = (path: string) => string | undefined;

/** What makes the debugger a debugger of Linux: tasks as threads, programs by what a task runs, the way into the kernel, names. */
export class LinuxPlatform implements Platform {
  readonly kernel: Kernel;
  readonly tasks: Tasks;
  private readonly entry: EntryCode;
  readonly placements: Placements;
  /** Remembers how far the calls have come whose dispatch path was asked for. */
  readonly pathWitness: PathWitness;
  private readonly waitChannels: WaitChannels;
  private calls: Map<number, SystemCall> | undefined;
  private cases: SocketcallCase[] | undefined;
  private switchFile: string | undefined;
  private unpaged: Module | undefined;
  private places: CallPlaces | undefined;
  private names: PathNames | undefined;

  /**
   * @param modules the session's modules; one of them is the kernel
   * @param vdso the vDSO's debug information, where there is any
   */
  constructor(
    readonly target: Target,
    readonly modules: ModuleList,
    kernelModule: Module,
    private readonly readSource: SourceReader,
    vdso?: VdsoDebugFile,
  ) {
    this.kernel = new Kernel(kernelModule, target);
    target.wholeSpace = wholeSpaces(this.kernel);
    this.tasks = new Tasks(this.kernel);
    this.entry = new EntryCode(this.kernel, this.tasks, () => this.systemCalls());
    this.placements = new Placements(target, modules, this.kernel, this.tasks, new Vdso(this.kernel, vdso), (read) =>
      this.attempt(read),
    );
    this.pathWitness = new PathWitness(this.kernel, this.tasks);
    this.waitChannels = new WaitChannels(this.kernel, this);
  }

  /** The system-call table, by number. */
  systemCalls(): ReadonlyMap<number, SystemCall> {
    return (this.calls ??= readSystemCalls(this.kernel));
  }

  /** Path of net/socket.c as the debug information has it: a whole one for a kernel that was built elsewhere than in its own tree. */
  get socketcallFile(): string {
    return (this.switchFile ??= this.kernel.module.symbols.findFiles(SOCKETCALL_FILE)[0]?.path ?? SOCKETCALL_FILE);
  }

  /** The cases of the socketcall switch; empty where the source of net/socket.c is not to be had. */
  socketcallCases(): readonly SocketcallCase[] {
    if (!this.cases) {
      const text = this.readSource(this.socketcallFile);
      this.cases = text === undefined ? [] : findSocketcallCases(text);
    }
    return this.cases;
  }

  /** The task that runs now; undefined while the kernel has not come far enough to have one. */
  currentTask(): Task | undefined {
    return this.attempt(() => {
      const address = this.tasks.currentAddress();
      return address === 0 ? undefined : this.tasks.read(address);
    });
  }

  /** A task by thread id. */
  task(thread: ThreadId): Task | undefined {
    const current = this.currentTask();
    if (current && threadOf(current.pid) === thread) return current;
    return this.attempt(() => this.tasks.list().find((task) => threadOf(task.pid) === thread));
  }

  currentThread(): ThreadId {
    const pid = this.attempt(() => this.tasks.pidOf(this.tasks.currentAddress()));
    return threadOf(pid ?? 0);
  }

  threads(): { id: ThreadId; name: string }[] {
    const current = this.currentTask();
    if (!current) {
      const name = this.kernel.lacksTasks ? 'the kernel, in whichever task' : 'booting (no tasks yet)';
      return [{ id: IDLE_THREAD, name }];
    }
    const others = this.attempt(() => this.tasks.list().filter((task) => task.address !== current.address)) ?? [];
    return [
      { id: threadOf(current.pid), name: this.tasks.describe(current, true) },
      ...others.map((task) => ({
        id: threadOf(task.pid),
        name: this.tasks.describe(task, false, this.waitChannel(task)),
      })),
    ];
  }

  /** `inet_csk_accept`: the function a task sleeps in; undefined for one that is ready to run, or where it cannot be told. */
  waitChannel(task: Task): string | undefined {
    if (task.state === 0) return undefined;
    return this.attempt(() => this.waitChannels.of(task.address, this.tasks.sleepingContext(task, threadOf(task.pid))));
  }

  context(thread: ThreadId): ThreadContext {
    if (thread === this.currentThread()) {
      return { id: thread, registers: this.target.registers(), pageDirectory: this.ownSpace(), live: true };
    }
    const task = this.task(thread);
    if (!task) throw new LinuxError('That task has ended.');
    return this.tasks.sleepingContext(task, thread);
  }

  /** The running task's page directory where the processor has another: schedule changes address spaces before it changes stacks. */
  private ownSpace(): number | undefined {
    return this.attempt(() => {
      const task = this.currentTask();
      const own = task && this.tasks.pageDirectory(task);
      const present = presentSpace(this.target);
      return own === undefined || present === undefined || own === (present & TABLES) >>> 0 ? undefined : own;
    });
  }

  moduleAt(address: number, thread: ThreadId): Module | undefined {
    if (this.isKernelAddress(address))
      return moduleHasCode(this.kernel.module, address) ? this.kernel.module : undefined;
    if (this.beforePaging()) return this.unpagedKernel(address);
    return this.attempt(() => {
      const task = thread === this.currentThread() ? this.currentTask() : this.task(thread);
      if (!task || task.mm === 0) return undefined;
      return this.placements.modulesIn(task.mm).find((module) => moduleHasCode(module, address));
    });
  }

  /** The modules whose symbols have a meaning for a thread, as they are in its memory: the kernel, its program, the vDSO. */
  modulesOf(thread: ThreadId): Module[] {
    const { module } = this.kernel;
    if (this.beforePaging()) return [module];
    const task = thread === this.currentThread() ? this.currentTask() : this.task(thread);
    const user = task && task.mm !== 0 ? this.attempt(() => this.placements.modulesIn(task.mm)) : undefined;
    return [module, ...(user ?? [])];
  }

  /** Paging is off until startup_32 has built its page tables; the kernel then runs at its physical addresses. */
  private beforePaging(): boolean {
    const { cr0 } = this.target.systemRegisters();
    return cr0 !== undefined && (cr0 & 0x80000000) === 0;
  }

  private unpagedKernel(address: number): Module | undefined {
    const linked = (address + this.kernel.pageOffset) >>> 0;
    if (!moduleHasCode(this.kernel.module, linked)) return undefined;
    this.unpaged ??= { ...this.kernel.module, id: -1, loadBias: -this.kernel.pageOffset };
    return this.unpaged;
  }

  isModuleCurrent(module: Module): boolean {
    if (module.kind === 'kernel') return true;
    return (
      this.attempt(() => {
        const mm = this.kernel.word('task_struct', 'mm', this.tasks.currentAddress());
        return mm !== 0 && this.placements.modulesIn(mm).includes(module);
      }) ?? false
    );
  }

  entryCrossing(context: ThreadContext, registers: Registers): EntryCrossing | undefined {
    const crossing = this.entry.crossing(context, registers);
    if (!crossing?.toUser) return crossing;
    const gone = this.attempt(() => {
      const task = context.live ? this.currentTask() : this.task(context.id);
      return task && this.tasks.memoryGone(task, crossing.registers.esp);
    });
    return gone === undefined ? crossing : { ...crossing, gone };
  }

  /** do_task_dead() (kernel/sched/core.c): the end of do_exit(), from which no task returns. */
  threadEnd(): number | undefined {
    return this.kernel.symbol('do_task_dead');
  }

  beginsStack(address: number): boolean {
    return this.entry.beginsStack(this.beforePaging() ? (address + this.kernel.pageOffset) >>> 0 : address);
  }

  isKernelAddress(address: number): boolean {
    return address >= this.kernel.pageOffset;
  }

  functionAliases(name: string): string[] {
    return systemCallAliases(name);
  }

  /** Where system calls can be met. @throws LinuxError where tasks cannot be told */
  callPlaces(): CallPlaces {
    const { lacksTasks } = this.kernel;
    if (lacksTasks !== undefined) throw new LinuxError(lacksTasks);
    return (this.places ??= new CallPlaces(this));
  }

  /** The dispatch paths of traced calls: kept beyond a trace, because to find one for the first time is dear. */
  pathNames(): PathNames {
    return (this.names ??= new PathNames(this));
  }

  specialBreakpoint(name: string): { file: string; line: number; message?: string } | PlatformBreakpoint | undefined {
    if (name === KERNEL_FAULT) return new KernelFaults(this.kernel);
    const caught = parseCatch(name);
    if (caught) return new CallCatch(this, this.callPlaces(), caught);
    const wanted = caseNameOf(name);
    if (!wanted) return this.multiplexedOnly(name);
    const cases = this.socketcallCases();
    if (cases.length === 0) {
      throw new LinuxError(
        `The case ${wanted} cannot be found: the source of ${this.socketcallFile} is not available (see "sourceMap").`,
      );
    }
    const found = cases.find((c) => c.name === wanted);
    if (!found) throw new LinuxError(`The socketcall switch of this kernel has no case ${wanted}.`);
    return { file: this.socketcallFile, line: found.statement, message: `case ${wanted} of the socketcall switch` };
  }

  /**
   * `sys_send`, `sys_recv`, `sys_accept`: i386 never gave these a number, so that the kernel has functions of these names which nobody
   * calls (arch/x86/entry/syscalls/syscall_32.tbl). Programs come to them by a case of socketcall; that is the place.
   */
  private multiplexedOnly(name: string): { file: string; line: number; message: string } | undefined {
    const call = /^sys_(\w+)$/.exec(name)?.[1];
    const found = call && this.socketcallCases().find((each) => callOfCase(each.name) === call);
    if (!found || this.kernel.symbol(`__sys_${call}`) !== undefined) return undefined;
    const calls = [...this.systemCalls().values()];
    if (calls.length === 0 || calls.some((each) => each.name === call)) return undefined;
    const message = `This kernel has no system call of its own for ${call}: the breakpoint is on case ${found.name} of the socketcall switch.`;
    return { file: this.socketcallFile, line: found.statement, message };
  }

  /** Runs what reads kernel structures; undefined where the kernel is not far enough, or its structures are broken. */
  private attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof MemoryError || error instanceof LinuxError) return undefined;
      throw error;
    }
  }
}

/** CR3 without its flags: 32-bit paging's page directories lie at multiples of 4 KiB, PAE paging's pointer tables of 32. */
const TABLES = ~0x1f;

/** Thread id of a pid. */
function threadOf(pid: number): ThreadId {
  return pid === 0 ? IDLE_THREAD : pid;
}
