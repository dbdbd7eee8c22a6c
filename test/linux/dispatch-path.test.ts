/**
 * The dispatch path of every socket call of the lab programs, by every way in. The path is asked for at the entry of the call, when all of
 * the kernel's part is still ahead; what the guest then executes tells whether it was right. Places are compared with llvm-symbolizer's,
 * names with nm's, tables of functions with what gdb reads from the kernel's file.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { CallWatch } from '../../src/linux/call-watch';
import type { EnteredCall } from '../../src/linux/call-places';
import { SOCKET_CALL_NAMES } from '../../src/linux/call-places';
import { dispatchPathAt, type DispatchHop, type DispatchPath } from '../../src/linux/dispatch-path';
import { pathNames } from '../../src/linux/dispatch-path-text';
import { PREPARATION, prepared } from '../adapter/fixture';
import { Guest, sourceText } from './guest';

const WAYS = ['int80', 'sysenter', 'direct'] as const;
const PROGRAMS = [
  'udp', 'sendmsg', 'sendmmsg', 'shutdown', 'names', 'options', 'socketpair', 'accept4', 'unix', 'raw', 'select', 'sendfile',
]; // prettier-ignore
/** Calls on sockets by the general calls for files. */
const FILE_CALLS = ['read', 'write', 'ioctl'];

/** A call of a program with its path, and what the guest executed of it. */
interface Seen {
  readonly program: string;
  readonly path: DispatchPath;
  /** Addresses of hops that the task came by before the call returned, in order. */
  readonly executed: readonly number[];
  readonly result: number;
}

/** Asks for the path at each entry, and notes what is executed then. */
class PathWatch extends CallWatch<{ path: DispatchPath; executed: number[] }> {
  readonly seen: Seen[] = [];
  private readonly underWay = new Map<number, number[]>();
  private readonly watched = new Set<number>();

  constructor(private readonly guest: Guest) {
    const places = guest.platform.callPlaces();
    const names = [...SOCKET_CALL_NAMES, ...FILE_CALLS];
    super(guest.platform, places, [...new Set(names.flatMap((name) => places.addressesOf(name)))], undefined);
  }

  describe(): undefined {
    return undefined;
  }

  protected entered(call: EnteredCall): 'ignore' | { keep: { path: DispatchPath; executed: number[] } } {
    const { platform } = this.guest;
    const task = platform.currentTask();
    if (!task || task.pid === 1) return 'ignore';
    const [top] = this.guest.stackOf(platform.currentThread()).frames;
    const path = dispatchPathAt(top, platform);
    const onSocket = path.hops.some(({ title }) => title.startsWith('sock') || title.startsWith('net_families'));
    if (FILE_CALLS.includes(call.name) && !onSocket) return 'ignore';
    const executed: number[] = [];
    this.underWay.set(call.task, executed);
    for (const { address } of aheadOf(path)) if (address !== undefined) this.watch(address);
    return { keep: { path, executed } };
  }

  protected returned(
    call: EnteredCall,
    { path, executed }: { path: DispatchPath; executed: number[] },
    result: number,
  ) {
    this.underWay.delete(call.task);
    this.seen.push({ program: path.call.task, path, executed, result });
    return false;
  }

  private watch(address: number): void {
    if (this.watched.has(address)) return;
    this.watched.add(address);
    this.guest.target.addBreakpoint(address, () => {
      this.underWay.get(this.platform.tasks.currentAddress())?.push(address);
      return false;
    });
  }
}

function aheadOf({ hops }: DispatchPath): DispatchHop[] {
  return hops.filter(({ state }) => state === 'ahead');
}

async function run(lines: readonly string[]): Promise<Seen[]> {
  const guest = await Guest.made({ run: [...lines, 'exit'] });
  const watch = new PathWatch(guest);
  guest.debugger.setObservers([watch]);
  await guest.debugger.continue();
  guest.dispose();
  return watch.seen;
}

describe('the dispatch path', function () {
  this.timeout(PREPARATION);
  const seen = new Map<string, Seen[]>();
  let dir: string;

  before(async () => {
    ({ dir } = await prepared());
    for (const way of WAYS) {
      const programs = PROGRAMS.map((program) => `${program} --entry=${way}`);
      seen.set(way, await run([`replyhi --once --entry=${way} &`, `hello --entry=${way}`, ...programs]));
    }
  });

  const all = (): Seen[] => [...seen.values()].flat();
  const hops = (): DispatchHop[] => all().flatMap(({ path: { hops: each } }) => each);

  for (const way of WAYS) {
    it(`${way}: says of each call where the guest will go`, () => {
      const calls = seen.get(way) ?? [];
      let compared = 0;
      for (const { path: found, executed, result } of calls) {
        const ahead = aheadOf(found).filter(({ kind }) => kind !== 'switch');
        const text = `${found.call.text}: ${pathNames(found.hops).join(' → ')}`;
        assert.ok(ahead.length > 0, text);
        // A call that fails may end before its last hop.
        if (result < 0) continue;
        let from = 0;
        for (const { address, title } of ahead) {
          const at = executed.indexOf(address ?? 0, from);
          assert.ok(at >= 0, `${title} was not executed in ${text}`);
          from = at + 1;
          compared++;
        }
      }
      assert.ok(calls.length >= 120 && compared >= 300, `${calls.length} calls, ${compared} hops`);
      console.log(`      ${calls.length} calls, ${compared} hops were executed as foretold`);
    });

    it(`${way}: the first hops are the way in that the program was told to take`, () => {
      for (const { path: found } of seen.get(way) ?? []) {
        const { call, hops: each } = found;
        const [api, gate, entry, table] = each;
        assert.equal(call.way, way === 'sysenter' ? 'sysenter' : 'int80', call.text);
        assert.equal(gate.title, way === 'sysenter' ? 'sysenter' : 'vector 0x80');
        assert.equal(entry.title, way === 'sysenter' ? 'entry_SYSENTER_32' : 'entry_INT80_32');
        assert.equal(gate.address, entry.address, 'the gate leads to the label');
        assert.equal(table.title, `ia32_sys_call: case ${call.number}`);
        // 32-bit x86 has no direct accept, send and recv, so the program's make the calls with more arguments.
        const other = way === 'direct' ? { accept4: 'accept', sendto: 'send', recvfrom: 'recv' }[call.name] : undefined;
        const names = [call.name, other];
        assert.ok(names.includes(api.title), `${api.title} is the function of the program for ${call.text}`);
        assert.equal(
          call.number === 102,
          each.some(({ kind }) => kind === 'switch'),
          call.text,
        );
        if (call.socketcall !== undefined) assert.equal(each[4].title, `case SYS_${call.name.toUpperCase()}`);
      }
    });
  }

  it('covers the calls of the socket interface', () => {
    const names = new Set(all().map(({ path: { call } }) => call.name));
    const missing = SOCKET_CALL_NAMES.filter((name) => name !== 'socketcall' && !names.has(name));
    assert.deepEqual(missing, []);
    for (const [way, calls] of seen) {
      const multiplexed = calls.filter(({ path: { call } }) => call.socketcall !== undefined).length;
      // send, recv and accept have no direct call on 32-bit x86, but the programs use what there is.
      assert.ok(way === 'direct' ? multiplexed === 0 : multiplexed > 100, `${way}: ${multiplexed}`);
    }
  });

  it('TCP, UDP, raw sockets and AF_UNIX each reach their own protocol', () => {
    const last = (program: string, call: string): string | undefined =>
      (seen.get('int80') ?? [])
        .find(({ program: of, path: found }) => of === program && found.call.name === call)
        ?.path.hops.at(-1)?.symbol;
    const expected: [program: string, call: string, symbol: string][] = [
      ['replyhi', 'socket', 'tcp_v4_init_sock'], ['replyhi', 'bind', 'inet_csk_get_port'], ['replyhi', 'listen', 'inet_hash'],
      ['replyhi', 'accept', 'inet_csk_accept'], ['replyhi', 'recv', 'tcp_recvmsg'], ['replyhi', 'send', 'tcp_sendmsg'],
      ['hello', 'connect', 'tcp_v4_connect'], ['shutdown', 'shutdown', 'tcp_shutdown'], ['udp', 'socket', 'udp_init_sock'],
      ['udp', 'bind', 'udp_v4_get_port'], ['udp', 'sendto', 'udp_sendmsg'], ['udp', 'recvfrom', 'udp_recvmsg'],
      ['udp', 'getsockname', 'inet_getname'], ['raw', 'socket', 'raw_sk_init'], ['raw', 'sendto', 'raw_sendmsg'],
      ['raw', 'recvfrom', 'raw_recvmsg'], ['unix', 'socket', 'unix_create'], ['unix', 'bind', 'unix_bind'],
      ['unix', 'connect', 'unix_stream_connect'], ['unix', 'accept', 'unix_accept'], ['unix', 'sendmsg', 'unix_stream_sendmsg'],
      ['unix', 'recvmsg', 'unix_stream_recvmsg'], ['sendfile', 'sendfile', 'tcp_sendpage'], ['select', 'select', 'udp_poll'],
      ['options', 'getsockopt', 'sock_getsockopt'],
    ]; // prettier-ignore
    const ours = expected.map(([program, call]) => [program, call, last(program, call)]);
    assert.deepEqual(ours, expected);
  });

  it('each hop’s symbol is at its address, by nm', () => {
    const nm = execFileSync('nm', [path.join(dir, 'vmlinux')], { encoding: 'utf8', maxBuffer: 1 << 26 });
    const byName = new Map<string, Set<number>>();
    for (const [, address, name] of nm.matchAll(/^([0-9a-f]{8}) \w (\S+)$/gm))
      byName.set(name, (byName.get(name) ?? new Set()).add(parseInt(address, 16)));
    let compared = 0;
    for (const { kind, symbol, address, detail } of hops()) {
      // Copies that were inlined are nobody's symbol; their lines are compared below.
      if (kind === 'api' || kind === 'switch' || symbol === undefined || detail?.startsWith('inlined into')) continue;
      assert.ok(byName.get(symbol)?.has(address ?? 0), `${symbol} at 0x${address?.toString(16)}`);
      compared++;
    }
    assert.ok(compared > 1000, `${compared}`);
    console.log(`      ${compared} symbols compared`);
  });

  it('each hop’s line is what llvm-symbolizer gives for its address', () => {
    const wanted = new Map<string, Set<DispatchHop>>();
    for (const { program, path: found } of all()) {
      for (const hop of found.hops) {
        const file = hop.kind === 'api' ? path.join(dir, 'programs', program) : path.join(dir, 'vmlinux');
        wanted.set(file, (wanted.get(file) ?? new Set()).add(hop));
      }
    }
    let compared = 0;
    for (const [file, each] of wanted) {
      const places = new Map(
        [...each].map((hop) => {
          const address = hop.address ?? 0;
          // The entry code begins with padding, which the line table counts to the function before.
          return [hop.kind === 'gate' || hop.kind === 'entry' ? afterPadding(file, address) : address, hop];
        }),
      );
      const doubtful: [address: number, line: number | undefined, what: string][] = [];
      const theirs = symbolize(file, [...places.keys()]);
      for (const [address, hop] of places) {
        if (hop.detail?.startsWith('inlined into')) continue;
        const frames = theirs.get(address) ?? [];
        const lines = frames.flatMap(({ Line, StartLine }) => [Line, StartLine]);
        const what = `${hop.title} at 0x${address.toString(16)}: ${hop.file?.path}:${hop.line}, not ${JSON.stringify(frames)}`;
        assert.ok(
          frames.some(({ FileName }) => path.normalize(FileName).endsWith(hop.file?.path ?? '?')),
          what,
        );
        if (!lines.includes(hop.line ?? -1)) doubtful.push([address, hop.line, what]);
        compared++;
      }
      // Of two lines at one address, gdb as we takes the one that begins a statement.
      const byGdb = linesByGdb(
        file,
        doubtful.map(([address]) => address),
      );
      doubtful.forEach(([, line, what], i) => assert.equal(line, byGdb[i], what));
    }
    assert.ok(compared > 100, `${compared}`);
    console.log(`      ${compared} different places compared`);
  });

  it('a function that was inlined has the line in which that was done', () => {
    const inlined = new Map(hops().map((hop) => [`${hop.title} ${hop.detail}`, hop]));
    const found = [...inlined.values()].filter(({ detail }) => detail?.startsWith('inlined into'));
    assert.ok(found.length > 0);
    for (const { title, file, line = 0 } of found) {
      const text = sourceText(file?.path ?? '').split('\n')[line - 1];
      // What SYSCALL_DEFINE makes is called in its own line.
      assert.ok(
        text.includes(`${title}(`) || (title.startsWith('__do_sys_') && text.startsWith('SYSCALL_DEFINE')),
        title,
      );
    }
    console.log(`      ${found.length} inlined functions`);
  });

  it('tables of functions have what gdb reads from the kernel’s file', () => {
    const members = new Map<string, number>();
    for (const { kind, table, memory, address } of hops()) {
      if ((kind !== 'operations' && kind !== 'protocol') || !table || !memory) continue;
      // `inet_stream_ops.bind = 0x… <inet_bind>`
      const member = /^(\w+\.\w+) = /.exec(memory.meaning)?.[1];
      if (member) members.set(member, address ?? 0);
    }
    const names = [...members.keys()];
    const commands = names.flatMap((name) => ['-ex', `printf "%u\\n", (unsigned)${name}`]);
    const output = execFileSync('gdb', ['-nx', '-batch', ...commands, path.join(dir, 'vmlinux')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    assert.deepEqual(output.trim().split('\n').map(Number), [...members.values()]);
    assert.ok(names.length >= 30, names.join(' '));
    console.log(`      ${names.length} members compared`);
  });
});

interface SymbolizedFrame {
  readonly FileName: string;
  readonly Line: number;
  readonly StartLine: number;
}

function linesByGdb(file: string, addresses: readonly number[]): number[] {
  if (addresses.length === 0) return [];
  const commands = addresses.flatMap((address) => ['-ex', `info line *0x${address.toString(16)}`]);
  const output = execFileSync('gdb', ['-nx', '-batch', ...commands, file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return [...output.matchAll(/^Line (\d+) of/gm)].map(([, line]) => Number(line));
}

/** The address of the first instruction from an address on that does something, as objdump has them. */
function afterPadding(file: string, address: number): number {
  const output = execFileSync(
    'objdump',
    ['-d', '--no-show-raw-insn', `--start-address=${address}`, `--stop-address=${address + 32}`, file],
    { encoding: 'utf8' },
  );
  const code = [...output.matchAll(/^([0-9a-f]+):\s+(\w+)/gm)].find(([, , mnemonic]) => mnemonic !== 'nop');
  assert.ok(code, `no instructions at 0x${address.toString(16)}`);
  return parseInt(code[1], 16);
}

/** What llvm-symbolizer says of addresses, inlined frames first. */
function symbolize(file: string, addresses: readonly number[]): Map<number, SymbolizedFrame[]> {
  const input = addresses.map((address) => `0x${address.toString(16)}`).join('\n');
  const output = execFileSync('llvm-symbolizer', [`--obj=${file}`, '--output-style=JSON'], { input, encoding: 'utf8' });
  const answers = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { Symbol: SymbolizedFrame[] });
  assert.equal(answers.length, addresses.length);
  return new Map(addresses.map((address, i) => [address, answers[i].Symbol]));
}
