/** A guest in this process, for tests that look at it at many moments. */

import fs from 'node:fs';
import path from 'node:path';
import { GuestSession } from '../../src/adapter/guest-session';
import { loadGuestFiles } from '../../src/adapter/guest-files';
import type { LaunchConfiguration } from '../../src/adapter/launch-configuration';
import { Sources } from '../../src/adapter/sources';
import type { Frame } from '../../src/debugger/api';
import { CallStack } from '../../src/debugger/frames';
import type { ThreadId } from '../../src/debugger/platform';
import { prepared, ROOT } from '../adapter/fixture';

export const SOURCES = path.join(ROOT, 'dist/guest/sources');

export class Guest extends GuestSession {
  /** What the guest has written to its console. */
  console = '';
  private nextFrame = 1;

  /** Boots when it is resumed. */
  static async made(configuration: LaunchConfiguration = {}): Promise<Guest> {
    const { dir } = await prepared();
    const files = loadGuestFiles(configuration, dir);
    const guest = new Guest(files, configuration, new Sources(files.sourceFolders, files.sourceMap, false), () => {});
    const decoder = new TextDecoder();
    guest.target.onConsoleOutput((bytes) => (guest.console += decoder.decode(bytes, { stream: true })));
    return guest;
  }

  /** A thread's whole stack as it is now, and why it ends. */
  stackOf(thread: ThreadId): { frames: readonly Frame[]; endReason: string | undefined } {
    const stack = new CallStack(this.target, this.platform, this.platform.context(thread), 0, () => this.nextFrame++);
    return stack.list();
  }

  /** Runs until the console has said something more. */
  async until(text: string): Promise<void> {
    const from = this.console.length;
    while (!this.console.includes(text, from)) {
      const stop = await this.target.resume(1_000_000);
      if (stop.kind !== 'limit') throw new Error(`The guest stopped before it said "${text}": ${stop.kind}`);
    }
  }

  /** Types a line at the guest's prompt. */
  type(line: string): void {
    this.target.consoleInput(new TextEncoder().encode(`${line}\r`));
  }
}

/** Text of a kernel or program source by the path that the debug information has. */
export function sourceText(file: string): string {
  return fs.readFileSync(path.join(SOURCES, file), 'utf8');
}

/** Numbers from 0 up to 1 that look random and are the same in every run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
