import type { EmulatorTarget } from './emulator-target';

/** What a shell's prompt looks like at the end of the output: `sockscope# `, `/ # `, `$ `. */
const PROMPT = /(?:^|[\r\n])[^\r\n]*[#$%>] $/;
/** So much of the output's end is kept for comparison. */
const TAIL = 4096;
const CONTROL_SEQUENCE = /\x1b\[[0-9;?]*[A-Za-z]/g;

/** What the script needs of a machine. */
export type ScriptedConsole = Pick<EmulatorTarget, 'onConsoleOutput' | 'consoleInput' | 'onSlice'>;

/** Types lines at the guest's prompt, one at a time, each when the guest waits for input again. */
export class ConsoleScript {
  /** End of what the guest has said since the last line was typed. */
  private tail = '';
  /** The prompt, once it has been seen at the end of the output. */
  private prompt: string | undefined;
  private readonly decoder = new TextDecoder();
  private readonly waiting: string[] = [];
  /** Called when the guest waits at its first prompt. */
  onPrompt: (() => void) | undefined;

  constructor(
    private readonly target: ScriptedConsole,
    lines: readonly string[],
  ) {
    this.waiting.push(...lines);
    target.onConsoleOutput((bytes) => {
      this.tail = (this.tail + this.decoder.decode(bytes, { stream: true })).slice(-TAIL);
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

  /**
   * At a prompt: the last it said looks like one, or was the known prompt with whole lines behind it, which the kernel or a
   * background job has printed since.
   */
  get atPrompt(): boolean {
    const text = this.tail.replace(CONTROL_SEQUENCE, '');
    if (PROMPT.test(text)) return true;
    if (this.prompt === undefined) return false;
    const at = text.startsWith(this.prompt) ? 0 : text.lastIndexOf(`\n${this.prompt}`);
    return at >= 0 && text.endsWith('\n') && text.indexOf('\n', at + 1) > 0;
  }

  private afterSlice(idle: boolean): void {
    if (!idle || !this.atPrompt) return;
    if (this.prompt === undefined) {
      this.prompt = this.tail.replace(CONTROL_SEQUENCE, '').replace(/^[^]*[\r\n]/, '');
      this.onPrompt?.();
    }
    const line = this.waiting.shift();
    if (line === undefined) return;
    this.tail = '';
    this.target.consoleInput(new TextEncoder().encode(`${line}\r`));
  }
}
