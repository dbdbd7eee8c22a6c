import assert from 'node:assert/strict';
import type { Frame } from '../../src/debugger/api';
import { openFiles, filePath } from '../../src/linux/files';
import { formatMapping, readMappings } from '../../src/linux/maps';
import { allSockets, type OpenSocket } from '../../src/linux/sockets';
import type { Task } from '../../src/linux';
import { PREPARATION } from '../adapter/fixture';
import { Guest } from './guest';

const STOPS = 200;
/** TCP_* (include/net/tcp_states.h) by the number that /proc/net/tcp shows. */
const TCP_STATES = [
  '', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE', 'CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING',
]; // prettier-ignore
/** A socket that is named so is connected; all others of AF_UNIX are not, as far as /proc/net/unix is concerned. */
const SS_UNCONNECTED = '01';
const SS_CONNECTED = '03';

/** Compares what the kernel says in a file with what we say at the same moment; counts the fields. */
class Comparison {
  fields = 0;
  rows = 0;
  readonly byFile = new Map<string, number>();

  constructor(private readonly guest: Guest) {}

  /** @param reader the task that reads it */
  file(path: string, text: string, reader: Task): void {
    const [, name] = /([a-z]+)$/.exec(path) ?? [];
    this.byFile.set(name, (this.byFile.get(name) ?? 0) + 1);
    switch (name) {
      case 'tcp':
      case 'udp':
        return this.internet(name, text);
      case 'unix':
        return this.local(text);
      case 'stat':
        return this.stat(text, reader);
      case 'maps':
        return this.maps(path, text);
      case 'syscall':
        return this.systemCall(path, text);
      default:
        assert.fail(`${path} is not known`);
    }
  }

  private equal(actual: unknown, expected: unknown, what: string): void {
    assert.deepEqual(actual, expected, what);
    this.fields += Array.isArray(expected) ? expected.length : 1;
  }

  /** Rows of /proc/net by inode; those without one belong to no descriptor. */
  private byInode(text: string, column: number): Map<number, string[]> {
    const rows = text.split('\n').slice(1).filter(Boolean);
    const words = rows.map((row) => row.trim().split(/\s+/));
    return new Map(words.filter((row) => row[column] !== '0').map((row) => [Number(row[column]), row]));
  }

  private internet(protocol: string, text: string): void {
    const rows = this.byInode(text, 9);
    const sockets = allSockets(this.guest.platform).filter(
      (each) => each.protocol === `IPPROTO_${protocol.toUpperCase()}`,
    );
    const shown = new Map(sockets.map((socket) => [socket.inode, socket]));
    for (const [inode, row] of rows) {
      const socket = shown.get(inode);
      assert.ok(socket, `no socket with inode ${inode}: ${row.join(' ')}`);
      const [, local, remote, state, queues] = row;
      const [send, receive] = queues.split(':').map((word) => parseInt(word, 16));
      // Of a listening socket our send queue is the backlog, which /proc does not show.
      const sendQueue = socket.state === 'LISTEN' ? 0 : socket.sendQueue;
      this.equal(
        [socket.local, socket.remote, socket.state, sendQueue, socket.receiveQueue],
        [endpoint(local), endpoint(remote), TCP_STATES[parseInt(state, 16)], send, receive],
        `inode ${inode}`,
      );
      this.rows++;
    }
    // The kernel lists what has a port.
    const named = sockets.filter(
      ({ local, state }) => !local.endsWith(':0') && (protocol === 'udp' || state !== 'CLOSE'),
    );
    assert.deepEqual(
      named.map(({ inode }) => inode).filter((inode) => !rows.has(inode)),
      [],
    );
  }

  private local(text: string): void {
    const rows = this.byInode(text, 6);
    const sockets = allSockets(this.guest.platform).filter(({ family }) => family === 'AF_UNIX');
    for (const socket of sockets) {
      const row = rows.get(socket.inode);
      assert.ok(row, `no row of inode ${socket.inode}`);
      const [flags, type, state, path] = [row[3], row[4], row[5], row[7] ?? ''];
      const expected = socket.state === 'ESTABLISHED' ? SS_CONNECTED : SS_UNCONNECTED;
      const types: Record<string, number> = { SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_SEQPACKET: 5 };
      this.equal(
        [socket.local, types[socket.type], socket.state === 'LISTEN', expected],
        [path, parseInt(type, 16), flags === '00010000', state],
        `inode ${socket.inode}`,
      );
      this.rows++;
    }
    assert.deepEqual(
      [...rows.keys()].filter((inode) => !sockets.some((each) => each.inode === inode)),
      [],
    );
  }

  private stat(text: string, reader: Task): void {
    const [, pid, comm, rest] = /^(\d+) \((.*)\) (.*)$/.exec(text.trim()) ?? [];
    const [state, parent, ...numbers] = rest.split(' ');
    const { kernel, tasks } = this.guest.platform;
    const task = tasks.list().find((each) => each.pid === Number(pid));
    assert.ok(task, `no task ${pid}`);
    const real = tasks.read(kernel.word('task_struct', 'real_parent', task.address));
    const letter =
      task.address === reader.address
        ? 'R'
        : { sleeping: 'S', waiting: 'D', zombie: 'Z', ready: 'R' }[tasks.stateOf(task, false)];
    this.equal(
      [task.pid, tasks.nameOf(task), letter, real.tgid],
      [Number(pid), comm, state, Number(parent)],
      `task ${pid}`,
    );
    // Flags (the ninth field of proc(5)), of which we tell kernel threads.
    this.equal(task.isKernelThread, (Number(numbers[4]) & 0x200000) !== 0, `task ${pid}`);
    const mm = (member: string): number => (task.mm === 0 ? 0 : kernel.word('mm_struct', member, task.mm));
    // Start of the code, end of it, start of the stack: fields 26 to 28.
    this.equal(['start_code', 'end_code', 'start_stack'].map(mm), numbers.slice(21, 24).map(Number), `task ${pid}`);
    this.rows++;
  }

  private maps(path: string, text: string): void {
    const task = this.taskOf(path);
    const own = readMappings(this.guest.platform.kernel, task.mm).map(formatMapping);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd());
    assert.deepEqual(
      own.map((line) => line.trimEnd()),
      lines,
    );
    // Start, end, permissions, offset, device, inode, name.
    this.fields += 7 * lines.length;
    this.rows += lines.length;
  }

  /** `NUMBER ARG… SP PC`, all as they were at the entry (proc(5)). */
  private systemCall(path: string, text: string): void {
    const task = this.taskOf(path);
    const words = text.trim().split(' ').map(Number);
    const { frames } = this.guest.stackOf(task.pid);
    const divider = frames.findIndex(({ kind }) => kind === 'divider');
    const user: Frame = frames[divider + 1];
    const number = Number(/system call (\d+)/.exec(frames[divider].functionName)?.[1]);
    const registers = ['ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp', 'esp', 'eip'] as const;
    this.equal([number, ...registers.map((name) => user.registers.get(name)?.value)], words, path);
    this.rows++;
  }

  /** The task of /proc/NUMBER/FILE. */
  private taskOf(path: string): Task {
    const pid = Number(/\/(\d+)\/\w+$/.exec(path)?.[1]);
    const task = this.guest.platform.task(pid);
    assert.ok(task, `no task ${pid}`);
    return task;
  }
}

/** `0100007F:1389` → `127.0.0.1:5001`: an address as a word in memory, a port as a number. */
function endpoint(text: string): string {
  const [address, port] = text.split(':');
  const bytes = (address.match(/../g) ?? []).map((byte) => parseInt(byte, 16)).reverse();
  return `${bytes.join('.')}:${parseInt(port, 16)}`;
}

describe('linux: what the guest’s own /proc says', function () {
  this.timeout(PREPARATION);

  it(`agrees at ${STOPS} stops in every field that both show`, async () => {
    const guest = await Guest.made();
    const { debugger: debug, platform, target } = guest;
    const { kernel } = platform;
    await guest.until('sockscope# ');
    guest.type('replyhi &');
    await guest.until('listening on port');
    const pid = /\[1\] (\d+)/.exec(guest.console)?.[1];
    const ways = ['int80', 'sysenter'];
    const condition = '$comm == "states"';
    debug.setFunctionBreakpoints([{ name: 'catch:read:return', condition }]);
    const comparison = new Comparison(guest);
    let stops = 0;
    const seen = new Set<string>();

    for (const way of ways) {
      guest.type(`states --quiet --pid=${pid} --entry=${way}`);
      for (let asked = 0; asked < 1000; asked++) {
        // The shell waits for a line when the program has ended.
        await debug.continue({ limit: 30_000_000 });
        const task = platform.currentTask();
        const result = target.registers().eax | 0;
        if (task?.comm !== 'states') break;
        const registers = kernel.word('task_struct', 'thread.sp0', task.address) - kernel.sizeOf('pt_regs');
        const word = (member: string): number => kernel.word('pt_regs', member, registers);
        const file = openFiles(kernel, task.address).find(({ fd }) => fd === word('bx'))?.file ?? 0;
        if (result <= 0) continue;
        const text = new TextDecoder().decode(target.readMemory(word('cx'), result));
        comparison.file(filePath(kernel, file), text, task);
        for (const socket of allSockets(platform)) seen.add(situation(socket));
        stops++;
      }
    }
    guest.dispose();
    assert.ok(stops >= STOPS, `${stops} stops`);
    assert.deepEqual([...comparison.byFile.keys()].sort(), ['maps', 'stat', 'syscall', 'tcp', 'udp', 'unix']);
    assert.ok(seen.size >= 12, `${[...seen].join(', ')}`);
    console.log(
      `      ${stops} stops: ${comparison.rows} rows, ${comparison.fields} fields; ${seen.size} situations of sockets`,
    );
  });
});

/** What a socket is in: what should vary. */
function situation({ family, type, state, receiveQueue, sendQueue }: OpenSocket): string {
  return [family, type, state, receiveQueue > 0 ? 'to read' : '', sendQueue > 0 ? 'to send' : '']
    .filter(Boolean)
    .join(' ');
}
