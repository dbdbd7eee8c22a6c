/** gdb on a QEMU of its own, as the standard to compare with. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Guest } from '../../guest/build/guest.mjs';
import { PROMPT, StubMachine, type StubOptions } from './stub';

/** Python that gdb runs first: prints frames as `function file:line`. */
const HELPERS = `
import gdb
def place(frame):
    sal = frame.find_sal()
    where = ' %s:%d' % (sal.symtab.filename, sal.line) if sal.symtab else ' ?'
    return (frame.name() or '??') + where
def stack():
    frame = gdb.newest_frame()
    while frame:
        emit('frame ' + place(frame))
        try:
            frame = frame.older()
        except gdb.error as error:
            break
def steps(text):
    for command in text.split():
        gdb.execute(command, to_string=True)
        emit(command + ' ' + place(gdb.newest_frame()))
def emit(text):
    gdb.write('@@' + text + '\\n')
    gdb.flush()
`;

/**
 * Boots the kernel in a QEMU of its own, with gdb attached from the start.
 * @param breakpoint gdb's location of a breakpoint, set before the boot
 * @param type what is typed at the shell's prompt, so that the breakpoint is hit
 * @param script Python to run at the stop; `emit(text)` gives a line of the result
 */
export async function askGdb(
  guest: Guest,
  breakpoint: string,
  type: string,
  script: string,
  options?: StubOptions,
): Promise<string[]> {
  const machine = await StubMachine.start(guest, options);
  const folder = mkdtempSync(path.join(tmpdir(), 'gdb-'));
  try {
    const commands = path.join(folder, 'commands.py');
    const setUp = [
      'set width 0',
      'set height 0',
      'set confirm off',
      'set debuginfod enabled off',
      `target remote 127.0.0.1:${machine.port}`,
      `break ${breakpoint}`,
      'continue',
    ];
    const lines = setUp.map((command) => `gdb.execute(${JSON.stringify(command)}, to_string=True)`);
    const text = [HELPERS, ...lines, script, "gdb.execute('kill')"].join('\n');
    writeFileSync(commands, text);
    const gdb = spawn('gdb', ['-nx', '-q', '-batch', '-x', commands, guest.vmlinux]);
    let output = '';
    gdb.stdout.on('data', (data: Buffer) => (output += data.toString('latin1')));
    gdb.stderr.on('data', (data: Buffer) => (output += data.toString('latin1')));
    const typing = setInterval(() => {
      if (!machine.output.includes(PROMPT)) return;
      clearInterval(typing);
      machine.type(type);
    }, 20);
    const limit = setTimeout(() => gdb.kill('SIGKILL'), 120_000);
    const code = await new Promise((resolve, reject) => {
      gdb.on('close', resolve);
      gdb.on('error', (error) => reject(new Error(`gdb cannot be started: ${error.message}`)));
    });
    clearInterval(typing);
    clearTimeout(limit);
    const result = output.split('\n').filter((line) => line.startsWith('@@'));
    if (code !== 0 || result.length === 0) throw new Error(`gdb failed (${String(code)}):\n${output}`);
    return result.map((line) => line.slice(2));
  } finally {
    machine.kill();
    rmSync(folder, { recursive: true });
  }
}
