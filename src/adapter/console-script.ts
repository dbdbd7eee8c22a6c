import type { EmulatorTarget } from './emulator-target';

/** What a shell's prompt looks like at the end of the output: `sockscope# `, `/ # `, `$ `. */
const PROMPT = /(?:^|[\r\n])[^\r\n]*[#$%>] $/;
/** So much of the output's end is kept for comparison. */
const TAIL = 200;
const CONTROL_SEQUENCE = /\x1b\[[0-9;?]*[A-Za-z]/g;

/** Types lines at the guest's prompt, one at a time, each when the guest waits for input again. */
export class ConsoleScript {
  private tail = '';
  private readonly decoder = new TextDecoder();
  private readonly waiting: string[] = [];
  /** Called when the guest waits at its first prompt. */
  onPrompt: (() => void) | undefined;
  private prompted = false;
  /** The prompt at the end of the output has been answered. */
  private answered = false;

  constructor(
    private readonly target: EmulatorTarget,
    lines: readonly string[],
  ) {
    this.waiting.push(...lines);
    target.onConsoleOutput((bytes) => {
      this.tail = (this.tail + this.decoder.decode(bytes, { stream: true })).slice(-TAIL);
      this.answered = false;
    });
    target.onSlice = (idle) => this.afterSlice(idle);
  }

  /** Lines not typed yet. */
  get pending(): number {
    return this.waiting.length;
  }

  /** Adds a line to be typed. */
  add(line: string): void {
    this.waiting.push(line);
  }

  /** At a prompt: the guest is idle and the last it said looks like one. */
  get atPrompt(): boolean {
    return !this.answered && PROMPT.test(this.tail.replace(CONTROL_SEQUENCE, ''));
  }

  private afterSlice(idle: boolean): void {
    if (!idle || !this.atPrompt) return;
    if (!this.prompted) {
      this.prompted = true;
      this.onPrompt?.();
    }
    const line = this.waiting.shift();
    if (line === undefined) return;
    this.answered = true;
    this.target.consoleInput(new TextEncoder().encode(`${line}\r`));
  }
}
