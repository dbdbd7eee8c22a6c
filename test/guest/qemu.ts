import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Guest } from '../../guest/build/guest.mjs';

/** The prompt of the guest's shell. */
export const PROMPT = 'sockscope# ';

/** The reference machine nearest to ours: 686 with CMOV and TSC, an ISA PC. `sysenter` adds CPUID's SEP. */
export interface MachineOptions {
  sysenter?: boolean;
  /** Time by the count of instructions: on a busy host the guest cannot calibrate its clocks otherwise. */
  steadyClock?: boolean;
  commandLine?: string;
}

/**
 * The guest running under QEMU, its serial console on pipes. What the guest prints is kept in `output`; `take…` methods
 * consume it from where the last one stopped.
 */
export class QemuGuest {
  /** Everything printed so far. */
  output = '';
  private position = 0;
  private ended = false;
  private wake: (() => void)[] = [];

  private constructor(private readonly process: ChildProcessWithoutNullStreams) {
    const changed = (): void => {
      for (const wake of this.wake.splice(0)) wake();
    };
    process.stdout.setEncoding('latin1').on('data', (text: string) => {
      this.output += text;
      changed();
    });
    process.stderr.setEncoding('latin1').on('data', (text: string) => {
      this.output += text;
      changed();
    });
    process.on('close', () => {
      this.ended = true;
      changed();
    });
    process.on('error', (error) => {
      this.output += `qemu-system-i386 could not be started: ${error.message}`;
      this.ended = true;
      changed();
    });
  }

  /** Starts QEMU and waits for the first prompt. */
  static async boot(
    guest: Guest,
    { sysenter, steadyClock, commandLine = '' }: MachineOptions = {},
  ): Promise<QemuGuest> {
    const cpu = `pentium,family=6,+cmov,-mmx,-pse,-mce,-vme,-de${sysenter ? ',+sep' : ''}`;
    const machine = ['-M', 'isapc', '-cpu', cpu, '-m', '64', '-nic', 'none', '-no-reboot'];
    if (steadyClock) machine.push('-icount', 'shift=2,sleep=off');
    const console = ['-display', 'none', '-serial', 'stdio', '-monitor', 'none'];
    const system = ['-kernel', guest.bzImage, '-initrd', guest.initrd, '-append', `console=ttyS0 ${commandLine}`];
    const running = new QemuGuest(spawn('qemu-system-i386', [...machine, ...console, ...system]));
    await running.takeUntil(PROMPT);
    return running;
  }

  /** Sends bytes as if typed. */
  send(keys: string): void {
    this.process.stdin.write(keys, 'latin1');
  }

  /** Waits until a text is printed and gives what came before it. Fails after `seconds`, or if the guest ends. */
  async takeUntil(text: string, seconds = 20): Promise<string> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const at = this.output.indexOf(text, this.position);
      if (at >= 0) {
        const taken = this.output.slice(this.position, at);
        this.position = at + text.length;
        return taken;
      }
      const left = deadline - Date.now();
      if (this.ended || left <= 0) {
        const why = this.ended ? 'the machine ended' : `${seconds} s passed`;
        throw new Error(`${why} without ${JSON.stringify(text)} after:\n${this.output.slice(this.position)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Types a line and gives what is printed up to the next prompt, with lines ended by \n and without the echo. */
  async command(line: string): Promise<string> {
    this.send(`${line}\r`);
    await this.takeUntil('\n');
    return (await this.takeUntil(PROMPT)).replaceAll('\r\n', '\n');
  }

  /** Presses Enter until a text appears; the shell tells of its background jobs before a prompt. */
  async enterUntil(text: string, seconds = 20): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!(await this.command('')).includes(text)) {
      if (Date.now() > deadline) throw new Error(`${seconds} s passed without ${JSON.stringify(text)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Ends the machine. */
  async kill(): Promise<void> {
    if (this.ended) return;
    const closed = new Promise((resolve) => this.process.once('close', resolve));
    this.process.kill('SIGKILL');
    await closed;
  }
}
