/** What became of a question. */
export const STATUS = { ok: 0, failed: 1, alreadyStopped: 2 } as const;

/** Words of the shared array. */
const ANSWERED = 0;
const STATUS_WORD = 1;
const LENGTH = 2;

export interface SharedMailbox {
  readonly control: Int32Array;
  readonly data: Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * Hands the answers of a worker to a thread that sleeps until they are there.
 *
 * Each question has a number, and its answer is told from others by that number alone: a thread may be woken late, by the
 * notification of the answer before, and must then go on sleeping.
 */
export class Mailbox {
  readonly shared: SharedMailbox;
  private last = 0;

  /** @param bytes the longest answer */
  constructor(bytes: number) {
    this.shared = {
      control: new Int32Array(new SharedArrayBuffer(16)),
      data: new Uint8Array(new SharedArrayBuffer(bytes)),
    };
  }

  /** The number of a new question. */
  next(): number {
    this.last = (this.last + 1) | 0;
    return this.last;
  }

  /**
   * Sleeps until a question is answered.
   * @param timeout milliseconds
   * @returns undefined where no answer came in time
   */
  wait(question: number, timeout: number): Answer | undefined {
    const { control, data } = this.shared;
    const deadline = performance.now() + timeout;
    for (;;) {
      const answered = Atomics.load(control, ANSWERED);
      if (answered === question) break;
      const left = deadline - performance.now();
      if (left <= 0) return undefined;
      Atomics.wait(control, ANSWERED, answered, left);
    }
    let text = '';
    const bytes = data.subarray(0, control[LENGTH]);
    for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
    return { status: control[STATUS_WORD], text };
  }
}

/**
 * The worker's side: writes the answer to a question. `text` holds bytes as characters 0 to 255.
 * Self-contained, because the worker gets its source text.
 */
export function answerInto(shared: SharedMailbox, question: number, status: number, text: string): void {
  const length = Math.min(text.length, shared.data.length);
  for (let i = 0; i < length; i++) shared.data[i] = text.charCodeAt(i);
  shared.control[1] = status;
  shared.control[2] = length;
  Atomics.store(shared.control, 0, question);
  Atomics.notify(shared.control, 0);
}
