/** This host's own FPU, by a small program compiled for 32 bits. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RECORD_SIZE } from './record';

let folder: string | undefined;

/** Compiles host.c. @throws if gcc with 32-bit support (gcc-multilib) is missing */
export function startHost(): void {
  folder = mkdtempSync(join(tmpdir(), 'x87-'));
  execFileSync('gcc', ['-m32', '-O2', '-o', join(folder, 'host'), join(__dirname, 'host.c')]);
}

/** Removes what startHost made. */
export function stopHost(): void {
  if (folder) rmSync(folder, { recursive: true });
}

/** Runs records on the host's FPU. */
export function runOnHost(records: readonly Buffer[]): Buffer[] {
  if (!folder) throw new Error('startHost was not called.');
  const output = execFileSync(join(folder, 'host'), { input: Buffer.concat(records), maxBuffer: 1 << 30 });
  if (output.length !== records.length * RECORD_SIZE) {
    throw new Error(`The host's program answered ${output.length / RECORD_SIZE} of ${records.length} cases.`);
  }
  return records.map((_, i) => output.subarray(i * RECORD_SIZE, (i + 1) * RECORD_SIZE));
}
