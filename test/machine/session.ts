import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type Guest } from '../../guest/build/guest.mjs';
import { Machine, type MachineOptions, type MachineStop } from '../../src/machine/machine';

export const PROMPT = 'sockscope# ';
/** More than any command here needs; a guest that hangs fails the test instead of hanging it. */
const PATIENCE = 2_000_000_000;
const SLICE = 1_000_000;

/** Linux in the machine, driven by its console. */
export class Session {
  readonly machine: Machine;
  /** Everything the guest has printed. */
  text = '';
  private seen = 0;

  constructor(
    guest: Guest,
    options: MachineOptions & { image?: 'vmlinux' | 'bzImage'; header?: boolean; commandLine?: string } = {},
  ) {
    this.machine = new Machine(options);
    this.machine.serial.onOutput((bytes) => (this.text += new TextDecoder('latin1').decode(bytes)));
    const files = {
      initrd: readFileSync(guest.initrd),
      commandLine: options.commandLine ?? 'console=ttyS0',
      ...(options.header ? { bzImage: readFileSync(guest.bzImage) } : {}),
    };
    if (options.image === 'bzImage') {
      this.machine.loadBzImage(readFileSync(guest.bzImage), files);
    } else {
      this.machine.loadVmlinux(readFileSync(guest.vmlinux), files);
    }
  }

  /** Run until the guest prints `awaited`; gives what it printed up to there. */
  until(awaited: string): string {
    const limit = this.machine.count + PATIENCE;
    for (;;) {
      const at = this.text.indexOf(awaited, this.seen);
      if (at >= 0) {
        const printed = this.text.slice(this.seen, at + awaited.length);
        this.seen = at + awaited.length;
        return printed;
      }
      const stop = this.machine.run({ instructions: SLICE });
      const goesOn = stop.reason === 'limit' && this.machine.count < limit;
      assert.ok(goesOn, `waiting for '${awaited}': ${JSON.stringify(stop)}; the guest printed:\n${this.text}`);
    }
  }

  /** Type a line and give what is printed from its echo to the next prompt. */
  command(line: string): string {
    this.type(`${line}\n`);
    this.until(line);
    return this.until(PROMPT);
  }

  /** Run until the guest has printed `awaited`, be it before or after what was waited for last. */
  untilPrinted(awaited: string): void {
    if (!this.text.includes(awaited)) {
      this.until(awaited);
    }
  }

  type(text: string): void {
    this.machine.serial.input(new TextEncoder().encode(text));
  }

  /** Run until the machine stops by itself. */
  untilStop(): MachineStop {
    const limit = this.machine.count + PATIENCE;
    for (;;) {
      const stop = this.machine.run({ instructions: SLICE });
      if (stop.reason !== 'limit') {
        return stop;
      }
      assert.ok(this.machine.count < limit, `the guest goes on and on; it printed:\n${this.text}`);
    }
  }
}
