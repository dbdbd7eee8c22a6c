import { Debugger } from '../debugger/debugger';
import type { Frame } from '../debugger/api';
import { environmentOf, evaluateExpression, expressionHooks, describeAddress, ExpressionError, type ConvenienceVariables, type ExpressionEnvironment } from '../debugger/expressions'; // prettier-ignore
import { INT } from '../debugger/expressions/ctypes';
import { ModuleList, type Module } from '../debugger/modules';
import { arrayOf, bytesOf, integerOf, Value, type ValueAccess } from '../debugger/values';
import { LinuxPlatform } from '../linux';
import { LinuxIdioms } from '../linux/idioms';
import { PacketCapture } from '../linux/packets';
import { Machine } from '../machine/machine';
import { commandLineFor } from './command-line';
import { ConsoleScript } from './console-script';
import { EmulatorTarget } from './emulator-target';
import type { GuestFiles } from './guest-files';
import type { LaunchConfiguration } from './launch-configuration';
import type { Sources } from './sources';
import { SystemCallTrace } from './system-call-trace';

const DEFAULT_MEMORY = 64;

/** The machine, its kernel and the debugger over both: everything of a session but the protocol. */
export class GuestSession {
  readonly target: EmulatorTarget;
  readonly modules = new ModuleList();
  readonly debugger: Debugger;
  readonly platform: LinuxPlatform;
  readonly script: ConsoleScript;
  readonly packets: PacketCapture;
  readonly trace: SystemCallTrace;
  private readonly convenience: ConvenienceVariables;
  private readonly modulesAtStop = new Map<number, readonly Module[]>();
  private readonly idioms: LinuxIdioms;

  /** @throws BootError where the kernel cannot be booted */
  constructor(files: GuestFiles, configuration: LaunchConfiguration, sources: Sources, log: (line: string) => void) {
    const machine = new Machine({
      memoryMiB: configuration.memory ?? DEFAULT_MEMORY,
      sysenter: configuration.cpu?.sysenter ?? true,
      log,
    });
    const options = { initrd: files.initrd, commandLine: commandLineFor(files.boot, configuration.commandLine, log) };
    if (files.boot.kind === 'bzImage') machine.loadBzImage(files.boot.bytes, options);
    else machine.loadVmlinux(files.boot.bytes, options);
    this.target = new EmulatorTarget(machine);
    const kernel = this.modules.add({ ...files.kernel, kind: 'kernel' });
    for (const program of files.programs) this.modules.add({ ...program, kind: 'program' });
    this.platform = new LinuxPlatform(this.target, this.modules, kernel, (path) => sources.text(path), files.vdso);
    const { lacksTasks } = this.platform.kernel;
    if (lacksTasks !== undefined) log(lacksTasks);
    this.convenience = taskVariables(this.platform);
    this.idioms = new LinuxIdioms(this.platform, (path) => sources.text(path));
    this.debugger = new Debugger(this.target, this.modules, {
      platform: this.platform,
      expressions: expressionHooks((frame) => this.environment(frame, false)),
    });
    this.debugger.on('continued', () => this.modulesAtStop.clear());
    this.trace = new SystemCallTrace(this.platform, this.debugger);
    this.packets = new PacketCapture(this.platform);
    if (this.platform.kernel.symbol('loopback_xmit') !== undefined) this.packets.start();
    this.script = new ConsoleScript(this.target, configuration.run ?? []);
  }

  /** What names mean in a frame; without one, in the innermost frame of the present thread. */
  environment(frame: Frame | undefined, allowAssignment: boolean): ExpressionEnvironment {
    const at = frame ?? this.debugger.topFrame();
    const { convenience, idioms } = this;
    return environmentOf(at, { convenience, idioms, allowAssignment, modules: this.modulesOf(at) });
  }

  /** Modules whose names have a meaning in a frame: another program's variables are not in this task's memory. */
  modulesOf(frame: Frame): readonly Module[] {
    // While the guest runs (a condition is evaluated), the task may have become another program since it was last asked.
    if (this.debugger.running) return this.platform.modulesOf(frame.thread);
    let modules = this.modulesAtStop.get(frame.thread);
    if (!modules) this.modulesAtStop.set(frame.thread, (modules = this.platform.modulesOf(frame.thread)));
    return modules;
  }

  /** Value of an expression. @throws ExpressionError, ValueError, MemoryError */
  evaluate(text: string, frame: Frame | undefined, allowAssignment = false): Value {
    return evaluateExpression(text, this.environment(frame, allowAssignment));
  }

  /** Integer value of an expression. */
  evaluateNumber(text: string, frame: Frame | undefined): number {
    return Number(BigInt.asUintN(32, integerOf(this.evaluate(text, frame))));
  }

  /** Symbol at an address, in the frame's own module first. */
  describe(address: number, frame: Frame | undefined): string | undefined {
    const modules = this.modulesOf(frame ?? this.debugger.topFrame());
    return describeAddress(address, [...(frame?.module ? [frame.module] : []), ...modules]);
  }

  dispose(): void {
    this.trace.flush();
    this.debugger.dispose();
    this.target.dispose();
  }
}

/** `$task`, `$pid`, `$comm`: the current task, for conditions such as `$comm == "hello"`. */
function taskVariables(platform: LinuxPlatform): ConvenienceVariables {
  const current = () => {
    const task = platform.currentTask();
    if (!task) throw new ExpressionError('There is no current task yet.');
    return task;
  };
  const char = {
    kind: 'base',
    id: -1,
    name: 'char',
    encoding: 'signed_char',
    byteSize: 1,
    bitSize: undefined,
  } as const;
  return new Map<string, (access: ValueAccess) => Value | undefined>([
    ['task', () => platform.kernel.value('task_struct', current().address, '$task')],
    [
      'pid',
      (access) => new Value(INT, { kind: 'bytes', bytes: bytesOf(BigInt(current().pid), 4) }, access, '$pid', '$pid'),
    ],
    [
      'comm',
      (access) => {
        const bytes = new Uint8Array(16);
        new TextEncoder().encodeInto(current().comm, bytes);
        return new Value(arrayOf(char, 16), { kind: 'bytes', bytes }, access, '$comm', '$comm');
      },
    ],
  ]);
}
