import * as assert from 'node:assert/strict';
import { ensureGuest, type Guest } from '../../guest/build/guest.mjs';
import { PROMPT, QemuGuest } from './qemu';

const MINUTES = 60_000;
const KEY = {
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[H',
  end: '\x1b[F',
  delete: '\x1b[3~',
  backspace: '\x7f',
  ctrl: (letter: string) => String.fromCharCode(letter.charCodeAt(0) & 31),
};

describe('guest: the shell', function () {
  this.timeout(15 * MINUTES);
  let guest: Guest;
  let machine: QemuGuest;

  before(async () => {
    guest = await ensureGuest();
    machine = await QemuGuest.boot(guest);
  });
  after(() => machine?.kill());

  /** Types keys that end up as a line, presses Enter, and gives what the command prints. */
  async function edited(keys: string): Promise<string> {
    machine.send(`${keys}\r`);
    // While a line is edited it is drawn anew behind carriage returns; its end is the first line feed.
    await machine.takeUntil('\n');
    return (await machine.takeUntil(PROMPT)).replaceAll('\r\n', '\n');
  }

  const EDITING: [what: string, keys: string, result: string][] = [
    ['backspace removes before the cursor', `echo onx${KEY.backspace}e`, 'one\n'],
    ['ctrl-H does so too', `echo onx${KEY.ctrl('H')}e`, 'one\n'],
    ['left and insert', `echo ac${KEY.left}b`, 'abc\n'],
    ['right moves back', `echo ac${KEY.left}${KEY.right}d`, 'acd\n'],
    ['ctrl-B and ctrl-F move as the arrows do', `echo ad${KEY.ctrl('B')}b${KEY.ctrl('B')}${KEY.ctrl('F')}c`, 'abcd\n'],
    ['delete removes at the cursor', `echo axb${KEY.left}${KEY.left}${KEY.delete}`, 'ab\n'],
    ['ctrl-D does so too', `echo axb${KEY.left}${KEY.left}${KEY.ctrl('D')}`, 'ab\n'],
    ['ctrl-A goes to the beginning', `cho a${KEY.ctrl('A')}e`, 'a\n'],
    ['home and end', `cho a${KEY.home}e${KEY.end}b`, 'ab\n'],
    ['ctrl-E goes to the end', `cho a${KEY.ctrl('A')}e${KEY.ctrl('E')}b`, 'ab\n'],
    ['ctrl-U removes up to the cursor', `nonsense${KEY.ctrl('U')}echo a`, 'a\n'],
    ['ctrl-K removes from the cursor', `echo ab${KEY.left}${KEY.ctrl('K')}`, 'a\n'],
    ['ctrl-W removes a word', `echo one two  ${KEY.ctrl('W')}three`, 'one three\n'],
    ['tab completes a command', `ech\ta`, 'a\n'],
    ['tab completes up to where names differ', `sendf\t --nope`, 'sendfile: bad option --nope\n'],
    ['unknown keys are ignored', `echo a\x1b[5~\x1bOPb\x01\x05`, 'ab\n'],
    ['a line wider than the terminal', `echo ${'x'.repeat(200)}${KEY.home}${KEY.end}y`, `${'x'.repeat(200)}y\n`],
    ['a quoted operator is text', `echo 'a & b' "c;d>e"`, 'a & b c;d>e\n'],
    ['an empty line does nothing', '', ''],
    ['blanks do nothing', '   ', ''],
    ['several commands', 'echo a; echo b ;echo c', 'a\nb\nc\n'],
    [
      'the last status',
      'nosuch; echo $?',
      'nosuch: there is no such command; help lists them\nnosuch: exit 127\n127\n',
    ],
    ['an open quote is refused', `echo 'a`, 'a quote is not closed\n'],
    ['a redirection without file is refused', 'echo a >', 'a redirection names no file\n'],
    ['an operator alone is refused', '&', 'a command is missing\n'],
    ['a folder is no program', '/tmp', '/tmp: Permission denied\n/tmp: exit 127\n'],
  ];
  for (const [what, keys, result] of EDITING) {
    it(what, async () => {
      const printed = await edited(keys);
      assert.ok(printed.startsWith(result), JSON.stringify(printed));
    });
  }

  it('the history holds earlier lines, and the one being written', async () => {
    await machine.command('echo first');
    await machine.command('echo second');
    assert.equal(await edited(KEY.up), 'second\n');
    assert.equal(await edited(KEY.up + KEY.up), 'first\n'); // the repeated line is kept once
    assert.equal(await edited(`echo draft${KEY.up}${KEY.up}${KEY.down}${KEY.down}`), 'draft\n');
    assert.equal(await edited(`${KEY.ctrl('P')}${KEY.ctrl('P')}${KEY.ctrl('N')} more`), 'draft more\n');
  });

  it('tab lists what is possible', async () => {
    machine.send('send\t\t');
    const listed = await machine.takeUntil('sendfile  sendmmsg  sendmsg  ');
    assert.ok(listed.endsWith('\n'));
    machine.send(`${KEY.ctrl('U')}echo done\r`);
    await machine.takeUntil('\ndone\r\n');
    await machine.takeUntil(PROMPT);
  });

  it('another shell takes the place of one that ended', async () => {
    const pid = /(\d+) +1 R +shell/.exec(await machine.command('ps'))?.[1];
    machine.send(`kill -9 ${pid}\r`);
    await machine.takeUntil('init: the shell ended; starting another');
    await machine.takeUntil(PROMPT);
    assert.match(await machine.command('ps'), /\d+ +1 R +shell/);
  });

  it('ctrl-C abandons a line', async () => {
    machine.send(`echo never${KEY.ctrl('C')}`);
    await machine.takeUntil('^C');
    await machine.takeUntil(PROMPT);
    assert.equal(await machine.command('echo next'), 'next\n');
  });

  it('ctrl-D on an empty line does not power off', async () => {
    machine.send(KEY.ctrl('D'));
    await machine.takeUntil('exit powers the machine off');
    await machine.takeUntil(PROMPT);
  });

  it('ctrl-C ends the foreground job, not the shell', async () => {
    machine.send('replyhi\r');
    await machine.takeUntil('listening');
    machine.send(KEY.ctrl('C'));
    await machine.takeUntil(PROMPT);
    assert.equal(await machine.command('echo $?'), '130\n');
  });

  it('ctrl-C ends a waiting command of the shell', async () => {
    machine.send('sleep 1000\r');
    await machine.takeUntil('\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    machine.send(KEY.ctrl('C'));
    await machine.takeUntil(PROMPT);
    assert.equal(await machine.command('echo $?'), '130\n');
  });

  it('ctrl-Z stops a job; bg, fg and kill take it further', async () => {
    machine.send('replyhi\r');
    await machine.takeUntil('listening');
    machine.send(KEY.ctrl('Z'));
    assert.match(await machine.takeUntil(PROMPT), /\[1\] replyhi: stopped/);
    assert.match(await machine.command('jobs'), /^\[1\] \d+ stopped replyhi\n$/);
    assert.equal(await machine.command('bg'), 'replyhi &\n');
    assert.match(await machine.command('jobs'), /^\[1\] \d+ running replyhi\n$/);
    assert.match(await machine.command('hello'), /received "hi"/);
    machine.send('fg %1\r');
    await machine.takeUntil('replyhi\r\n');
    machine.send(KEY.ctrl('Z'));
    await machine.takeUntil(PROMPT);
    const told = '[1] replyhi: Killed';
    if (!(await machine.command('kill -9 %1')).includes(told)) await machine.enterUntil(told);
    assert.equal(await machine.command('jobs'), '');
  });

  it('background jobs have numbers and are told of when they end', async () => {
    assert.match(await machine.command('sleep 1000 &'), /^\[1\] \d+\n$/);
    assert.match(await machine.command('sleep 1 &'), /^\[2\] \d+\n$/);
    await machine.enterUntil('[2] sleep: done');
    const pid = /^\[1\] (\d+) running sleep\n$/.exec(await machine.command('jobs'))?.[1];
    const told = '[1] sleep: Terminated';
    if (!(await machine.command(`kill ${pid}`)).includes(told)) await machine.enterUntil(told);
  });

  it('no zombies stay behind', async () => {
    assert.doesNotMatch(await machine.command('ps'), / Z /);
  });

  it('ps shows the shell, kernel threads and jobs', async () => {
    await machine.command('replyhi &');
    const list = await machine.command('ps');
    assert.match(list, /^ {2}PID {2}PPID STATE COMMAND\n {4}1 {5}0 S {5}init\n/);
    assert.match(list, /\n +2 +0 S +\[kthreadd\]\n/);
    const shell = /\n +(\d+) +1 R +shell\n/.exec(list)?.[1];
    assert.match(list, new RegExp(`\\n +\\d+ +${shell} S +replyhi\\n`));
    if (!(await machine.command('hello --message=quit')).includes('replyhi: done'))
      await machine.enterUntil('replyhi: done');
  });

  it('files: redirection, cat, ls, mkdir, rm, cd, pwd', async () => {
    assert.equal(await machine.command('mkdir /tmp/d; cd /tmp/d; pwd'), '/tmp/d\n');
    assert.equal(await machine.command('echo one > f; echo two >> f; cat f'), 'one\ntwo\n');
    assert.equal(await machine.command('cat < f'), 'one\ntwo\n');
    assert.equal(await machine.command('ls'), 'f\n');
    assert.equal(await machine.command('rm f; ls; cat f'), 'cat: f: No such file or directory\ncat: exit 1\n');
    assert.equal(await machine.command('cd; pwd; cd /nowhere'), '/\ncd: /nowhere: No such file or directory\n');
    assert.match(await machine.command('ls /'), /^bin\/\n/m);
  });

  it('the system is prepared: file systems, loopback, terminal', async () => {
    const mounts = await machine.command('cat /proc/mounts');
    for (const line of ['proc /proc proc', 'sysfs /sys sysfs', 'devtmpfs /dev devtmpfs', 'tmpfs /tmp tmpfs']) {
      assert.match(mounts, new RegExp(`^${line} `, 'm'));
    }
    assert.equal(await machine.command('cat /sys/class/net/lo/flags'), '0x9\n');
    const pid = /(\d+) +1 R +shell/.exec(await machine.command('ps'))?.[1];
    // Process, name, state, parent, group, session, terminal: 0x440 is major 4, minor 64, ttyS0 (proc(5)).
    // The shell may still be on its way from fork() to its wait: running or sleeping, as the host's load has it.
    assert.match(
      await machine.command(`cat /proc/${pid}/stat`),
      new RegExp(`^${pid} \\(shell\\) [RS] 1 ${pid} ${pid} ${0x440} `),
    );
  });

  it('help names every command and program', async () => {
    const help = await machine.command('help');
    for (const name of ['jobs', 'ps', 'kill', 'echo', 'cat', 'ls', 'cd', 'exit', 'replyhi', 'hello', 'udp']) {
      assert.match(help, new RegExp(`^ {2}${name} .*[a-z]`, 'm'));
    }
  });

  it('lines typed ahead are all run', async () => {
    machine.send('echo a1\recho b2\recho c3\r');
    for (const text of ['\na1\r\n', '\nb2\r\n', '\nc3\r\n']) await machine.takeUntil(text);
    await machine.takeUntil(PROMPT);
  });
});

describe('guest: the end of a session', function () {
  this.timeout(15 * MINUTES);
  const endings: [string, string][] = [
    ['exit', 'reboot: System halted'], // no ACPI or APM: the kernel stops with interrupts off
    ['panic', 'Kernel panic - not syncing: sysrq triggered crash'],
  ];
  for (const [command, last] of endings) {
    it(`${command}: ${last}`, async () => {
      const machine = await QemuGuest.boot(await ensureGuest());
      try {
        machine.send(`${command}\r`);
        await machine.takeUntil(last);
      } finally {
        await machine.kill();
      }
    });
  }

  it('reboot resets the machine', async () => {
    const machine = await QemuGuest.boot(await ensureGuest());
    try {
      machine.send('reboot\r');
      await machine.takeUntil('reboot: machine restart');
      await assert.rejects(machine.takeUntil('never printed'), /the machine ended/); // QEMU's -no-reboot
    } finally {
      await machine.kill();
    }
  });
});
