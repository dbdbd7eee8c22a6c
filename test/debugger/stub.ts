/** What the debugger's tests share: the real kernel under QEMU, reached over its gdb stub, or in our own emulator. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Guest } from '../../guest/build/guest.mjs';
import { environmentOf, expressionHooks } from '../../src/debugger/expressions';
import type { Frame, StepKind, StepOptions, StoppedEvent } from '../../src/debugger/api';
import { Debugger } from '../../src/debugger/debugger';
import { ModuleList } from '../../src/debugger/modules';
import { LinuxPlatform } from '../../src/linux';
import type { Target } from '../../src/debugger/target';
import { EmulatorTarget } from '../../src/adapter/emulator-target';
import { Machine } from '../../src/machine/machine';
import { RemoteTarget } from '../../src/remote/remote-target';
import { openElf, SymbolFile } from '../../src/symbols';

/** The shell's prompt. */
export const PROMPT = 'sockscope# ';

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface StubOptions {
  readonly sysenter?: boolean;
  /** Let interrupts in while single-stepping, as the processor does; QEMU holds them back. */
  readonly interrupts?: boolean;
}

/** A QEMU that stands at its reset, and what it prints. */
export class StubMachine {
  output = '';

  private constructor(
    readonly process: ChildProcessWithoutNullStreams,
    readonly port: number,
  ) {
    const collect = (text: Buffer): void => {
      this.output += text.toString('latin1');
    };
    process.stdout.on('data', collect);
    process.stderr.on('data', collect);
  }

  static async start(guest: Guest, { sysenter = false, interrupts = false }: StubOptions = {}): Promise<StubMachine> {
    const port = await freePort();
    const cpu = `pentium,family=6,+cmov,-mmx,-pse,-mce,-vme,-de${sysenter ? ',+sep' : ''}`;
    const machine = ['-M', 'isapc', '-cpu', cpu, '-m', '64', '-nic', 'none', '-no-reboot'];
    // Time by the count of instructions, so that a busy host changes nothing; real time if interrupts shall come between steps.
    if (!interrupts) machine.push('-icount', 'shift=2,sleep=off');
    const console = ['-display', 'none', '-serial', 'stdio', '-monitor', 'none'];
    const system = ['-kernel', guest.bzImage, '-initrd', guest.initrd, '-append', 'console=ttyS0'];
    const stub = ['-gdb', `tcp:127.0.0.1:${port}`, '-S'];
    const started = new StubMachine(
      spawn('qemu-system-i386', [...machine, ...console, ...system, ...stub]) as ChildProcessWithoutNullStreams,
      port,
    );
    await started.listening();
    return started;
  }

  /** Types a line at the console. */
  type(line: string): void {
    this.process.stdin.write(`${line}\r`, 'latin1');
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  /** QEMU opens the port a moment after it was started. */
  private async listening(): Promise<void> {
    const { connect } = await import('node:net');
    const deadline = Date.now() + 60_000;
    for (;;) {
      if (this.process.exitCode !== null) throw new Error(`qemu-system-i386 ended: ${this.output}`);
      // A connection that is opened and closed again would count as a debugger: the kernel's list of sockets tells as well.
      const hex = this.port.toString(16).toUpperCase().padStart(4, '0');
      const isOpen = /linux/.test(process.platform)
        ? readFileSync('/proc/net/tcp', 'latin1').includes(`0100007F:${hex} 00000000:0000 0A`)
        : await new Promise<boolean>((resolve) => {
            const probe = connect(this.port, '127.0.0.1', () => (probe.destroy(), resolve(true)));
            probe.on('error', () => resolve(false));
          });
      if (isOpen) return;
      if (Date.now() > deadline) throw new Error(`qemu-system-i386 does not listen: ${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** A machine as the tests use it: its console. */
interface ConsoleMachine {
  readonly output: string;
  /** Types a line at the console. */
  type(line: string): void;
  kill(): void;
}

/** Our own emulator, standing before the kernel's first instruction. */
class EmulatedMachine implements ConsoleMachine {
  output = '';
  readonly target: EmulatorTarget;

  constructor(guest: Guest) {
    const machine = new Machine({ memoryMiB: 64 });
    machine.loadVmlinux(readFileSync(guest.vmlinux), {
      initrd: readFileSync(guest.initrd),
      commandLine: 'console=ttyS0',
    });
    this.target = new EmulatorTarget(machine);
    this.target.onConsoleOutput((bytes) => (this.output += new TextDecoder('latin1').decode(bytes)));
  }

  type(line: string): void {
    this.target.consoleInput(new TextEncoder().encode(`${line}\r`));
  }

  kill(): void {
    this.target.dispose();
  }
}

/** A debugger over the real kernel and the guest's programs. */
export class StubSession<T extends Target = RemoteTarget> {
  readonly modules = new ModuleList();
  readonly debugger: Debugger;
  readonly platform: LinuxPlatform;
  readonly events: StoppedEvent[] = [];
  readonly log: string[] = [];

  private constructor(
    readonly guest: Guest,
    readonly machine: ConsoleMachine,
    readonly target: T,
  ) {
    const open = (file: string) => {
      const elf = openElf(readFileSync(file), path.basename(file));
      return { name: path.basename(file), path: file, elf, symbols: SymbolFile.load(elf) };
    };
    const kernel = this.modules.add({ ...open(guest.vmlinux), kind: 'kernel' });
    for (const name of readdirSync(guest.programs))
      this.modules.add({ ...open(path.join(guest.programs, name)), kind: 'program' });
    this.platform = new LinuxPlatform(target, this.modules, kernel, (file) => {
      try {
        return readFileSync(path.join(guest.sources, file), 'utf8');
      } catch {
        return undefined;
      }
    });
    this.debugger = new Debugger(target, this.modules, {
      platform: this.platform,
      expressions: expressionHooks((frame) =>
        environmentOf(frame ?? this.debugger.topFrame(), { modules: [...this.modules] }),
      ),
    });
    this.debugger.on('stopped', (event) => this.events.push(event));
    this.debugger.on('output', (event) => this.log.push(event.text));
  }

  /** Over our own emulator. */
  static emulated(guest: Guest): StubSession<EmulatorTarget> {
    const machine = new EmulatedMachine(guest);
    return new StubSession(guest, machine, machine.target);
  }

  /** Over QEMU's gdb stub. */
  static async start(guest: Guest, options: StubOptions = {}): Promise<StubSession> {
    const machine = await StubMachine.start(guest, options);
    const target = new RemoteTarget({ port: machine.port, interruptsWhileStepping: options.interrupts });
    return new StubSession(guest, machine, target);
  }

  /** Runs to the shell's prompt. */
  async boot(): Promise<void> {
    const timer = setInterval(() => {
      if (!this.machine.output.includes(PROMPT)) return;
      clearInterval(timer);
      this.debugger.pause();
    }, 20);
    await this.debugger.continue();
    clearInterval(timer);
  }

  async continue(): Promise<StoppedEvent> {
    const stopped = this.events.length;
    const timer = setTimeout(() => this.debugger.pause(), 90_000);
    await this.debugger.continue();
    clearTimeout(timer);
    return this.events[stopped];
  }

  async step(kind: StepKind, options?: StepOptions): Promise<StoppedEvent> {
    const stopped = this.events.length;
    const timer = setTimeout(() => this.debugger.pause(), 90_000);
    await this.debugger.step(kind, this.debugger.currentThread(), options);
    clearTimeout(timer);
    return this.events[stopped];
  }

  get top(): Frame {
    return this.debugger.topFrame();
  }

  /** The innermost frame as `function file:line`. */
  get here(): string {
    return placeOf(this.top);
  }

  /** The current thread's call stack. */
  stack(): string[] {
    return this.debugger.frames(this.debugger.currentThread()).frames.map(placeOf);
  }

  end(): void {
    this.debugger.dispose();
    if (this.target instanceof RemoteTarget) this.target.kill();
    this.machine.kill();
  }
}

export function placeOf(frame: Frame): string {
  if (frame.kind === 'divider') return `--- ${frame.functionName}`;
  const { location } = frame;
  return location ? `${frame.functionName} ${location.file.path}:${location.line}` : `${frame.functionName} ?`;
}
