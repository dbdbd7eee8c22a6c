/** Runs steps with busybox on this host under strace: in a root, a network and a space of process numbers of their own, as the guest's are. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beginningOf, commandOf, FILES, FOLDERS, outputOf, type Step } from './busybox-steps';
import { readStraceLog, type LoggedCall } from './strace-log';

/** Bytes of data that strace shows. */
export const SHOWN = 2048;

/**
 * @param programs busybox, and others that the steps run
 * @returns the calls of each step
 */
export function runOnHost(programs: readonly string[], steps: readonly Step[]): LoggedCall[][] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-busybox-'));
  try {
    const script = path.join(folder, 'steps');
    fs.mkdirSync(path.join(folder, 'root'));
    fs.writeFileSync(script, scriptOf(programs, steps));
    // In a space of users of its own, root may not do what the guest's root does: give files away, for one.
    assert.equal(
      process.getuid?.(),
      0,
      'The comparison with strace on this host needs root: run these tests with sudo.',
    );
    const spaces = ['--net', '--mount', '--pid', '--uts', '--fork'];
    const run = spawnSync('unshare', [...spaces, 'sh', '-eu', script], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(run.error, undefined, `unshare (util-linux): ${String(run.error)}`);
    assert.equal(run.status, 0, `The steps could not be run on this host: ${run.stdout}${run.stderr}`);
    return steps.map((step, i) => {
      const calls = readStraceLog(fs.readFileSync(path.join(folder, `log${i}`), 'utf8'));
      // Before it are the calls of the programs that lead to it.
      const first = calls.findIndex(({ text }) => text.startsWith(beginningOf(step)));
      assert.ok(first >= 0, `${step.words.join(' ')} was not run: ${calls.at(-1)?.text}`);
      return calls.slice(first);
    });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' ');
}

/** All in file systems in memory, like the guest's; they end with the script. The guest has no name, so has this. */
function scriptOf(programs: readonly string[], steps: readonly Step[]): string {
  const lines = [
    'mount -t tmpfs tmpfs root',
    'mkdir root/bin root/dev root/proc root/tmp',
    ...programs.map((program) => `cp '${program}' root/bin/${path.basename(program)}`),
    'mount -t tmpfs tmpfs root/tmp',
    'mount -t proc proc root/proc',
    'mkdir root/dev/pts',
    'mount -t devpts -o newinstance,ptmxmode=0666 devpts root/dev/pts',
    'ln -s pts/ptmx root/dev/ptmx',
    'for device in null zero; do : > root/dev/$device; mount --bind /dev/$device root/dev/$device; done',
    "root/bin/busybox hostname '(none)'",
    'root/bin/busybox ifconfig lo up',
    ...FOLDERS.map((folder) => `mkdir root${folder}`),
    ...FILES.map((file) => `echo '${file.text}' > root${file.path}`),
    'bound() { for i in $(seq 100); do cat root/proc/net/tcp root/proc/net/tcp6 | grep -q ":$1 " && return; sleep 0.1; done; echo "port $1 is not bound"; exit 1; }',
    'traced() { log=$1; shift; strace -f -q -o "$log" -s ' +
      `${SHOWN} -e signal=none env -i HOME=/ PATH=/bin TERM=vt100 /usr/sbin/chroot root "$@"; }`,
  ];
  const running: number[] = [];
  steps.forEach((step, i) => {
    const { input = '/dev/null', background } = step;
    const where = `< ${input === '/dev/null' ? input : `root${input}`} > root${outputOf(i)} 2> /dev/null`;
    const command = `traced log${i} ${quoted(commandOf(step))} ${where}`;
    if (!background) {
      // The applet's status is its own business.
      lines.push(`${command} || :`);
      return;
    }
    lines.push(`${command} &`, `bound ${background.port.toString(16).toUpperCase().padStart(4, '0')}`);
    if (background.endsBySignal) running.push(i);
  });
  // The first line of a log is that of the process that became the applet.
  for (const i of running) lines.push(`kill "$(head -n 1 log${i} | cut -d ' ' -f 1)"`);
  lines.push('wait', 'umount root/tmp root/proc root/dev/pts root/dev/null root/dev/zero root');
  return `${lines.join('\n')}\n`;
}
