/** Golden transcripts: what a session did, as text that stays the same from run to run, compared with a file of the repository. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { TestClient } from './test-client';

/** Set to anything, it makes the golden files anew from what the sessions do now. */
const UPDATE = 'SOCKSCOPE_UPDATE_TRANSCRIPTS';
const FOLDER = path.join(__dirname, 'transcripts');

/** Gives what differs from run to run (or from build to build) names in the order of appearance. */
export class Normaliser {
  private readonly names = new Map<string, string>();
  private readonly counts = new Map<string, number>();

  /** The name of an unstable value: the same value has the same name wherever it appears. */
  name(kind: string, value: string | number): string {
    const key = `${kind} ${value}`;
    let name = this.names.get(key);
    if (name === undefined) {
      const number = (this.counts.get(kind) ?? 0) + 1;
      this.counts.set(kind, number);
      this.names.set(key, (name = `<${kind}${number}>`));
    }
    return name;
  }

  /** A text with addresses and pids replaced, and without the guest's folder on this machine. */
  text(text: string): string {
    return (
      text
        .replace(/\S*\/dist\/guest\/sources\//g, '')
        .replace(/\(pid (\d+)/g, (_, pid: string) => `(pid ${this.name('pid', pid)}`)
        .replace(/127\.0\.0\.1:\d{5}\b/g, '127.0.0.1:<port>')
        // Pointers shown as numbers, and what happens to lie in memory that was never written.
        .replace(/-?\b\d{8,10}\b/g, '<word>')
        .replace(/0x[0-9a-f]{6,8}\b/g, (address) => this.name('address', address))
    );
  }
}

/** A transcript in the making. */
export class Transcript {
  private readonly lines: string[] = [];
  readonly normaliser = new Normaliser();

  constructor(private readonly client: TestClient) {}

  add(line: string): void {
    this.lines.push(this.normaliser.text(line));
  }

  /** Notes a stop: why, where, and (with `stack`) the whole call stack from the innermost frame. */
  async stop(stop: DebugProtocol.StoppedEvent['body'], stack: boolean): Promise<DebugProtocol.StackFrame[]> {
    const threadId = stop.threadId ?? 0;
    const frames = stack ? await this.client.frames(threadId) : [await this.client.top(threadId)];
    const description = stop.description === undefined ? '' : `, ${stop.description}`;
    const text = stop.text === undefined ? '' : `: ${stop.text}`;
    this.add(`  stopped: ${stop.reason}${description}${text}`);
    for (const frame of frames) this.add(`    ${frameLine(frame)}`);
    return frames;
  }

  /** Compares with (or, when asked by the environment, writes) the golden file. */
  check(file: string): void {
    const golden = path.join(FOLDER, `${file}.txt`);
    const text = `${this.lines.join('\n')}\n`;
    if (process.env[UPDATE]) {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(golden, text);
    }
    assert.ok(existsSync(golden), `${golden} is missing; run with ${UPDATE}=1 to make it.`);
    assert.equal(text, readFileSync(golden, 'utf8'));
  }
}

/** `__sys_bind net/socket.c:1782`. */
export function frameLine(frame: DebugProtocol.StackFrame): string {
  if (frame.presentationHint === 'label') return `--- ${frame.name}`;
  const place = frame.source ? `${frame.source.path ?? frame.source.name}:${frame.line}` : '(no source)';
  return `${frame.name} ${place}`;
}
