/**
 * Measures what people notice, in one run on one machine: the boot and a CPU-bound guest program (beside QEMU and beside this
 * processor), the way from launch to the first stop, what a stop costs, the adapter's memory. Only ratios travel between machines.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { DapClient } from '../../src/cli/dap-client';
import { Machine } from '../../src/machine/machine';
import { QemuGuest } from '../guest/qemu';
import { traceCost } from './trace';

const DIST = path.resolve(process.argv[1], '..');
const GUEST = path.join(DIST, 'guest');
const PROMPT = 'sockscope# ';
const COMMAND_LINE = 'console=ttyS0';
const SLICE = 1_000_000;
const ROUNDS = 400;

function guestFile(name: string): Uint8Array {
  return readFileSync(path.join(GUEST, name));
}

function row(what: string, value: string): void {
  console.log(`${what.padEnd(58)} ${value}`);
}

const seconds = (since: number): number => (performance.now() - since) / 1000;

/** Runs until the guest's output ends with a prompt; gives the instructions really executed. */
function runToPrompt(machine: Machine, said: { text: string }): number {
  let idle = 0;
  const begin = machine.count;
  said.text = '';
  while (!said.text.endsWith(PROMPT)) {
    const stop = machine.run({ instructions: SLICE });
    if (stop.reason !== 'limit' && stop.reason !== 'idle')
      throw new Error(`The guest stopped: ${stop.message ?? stop.reason}`);
    idle += stop.idleInstructions;
  }
  return machine.count - begin - idle;
}

function ownMachine(): { boot: number; program: number } {
  const machine = new Machine({ memoryMiB: 64 });
  const said = { text: '' };
  const decoder = new TextDecoder();
  machine.serial.onOutput((bytes) => (said.text += decoder.decode(bytes, { stream: true })));
  machine.loadVmlinux(guestFile('vmlinux'), { initrd: guestFile('initrd'), commandLine: COMMAND_LINE });
  let begin = performance.now();
  const booted = runToPrompt(machine, said);
  const boot = seconds(begin);
  row(
    'boot to the prompt, this machine',
    `${boot.toFixed(2)} s, ${(booted / 1e6).toFixed(1)} M instructions, ${(booted / boot / 1e6).toFixed(0)} MIPS`,
  );
  machine.serial.input(new TextEncoder().encode(`bench --iterations=${ROUNDS}\r`));
  begin = performance.now();
  const executed = runToPrompt(machine, said);
  const program = seconds(begin);
  row(
    'CPU-bound guest program, this machine',
    `${program.toFixed(2)} s, ${(executed / 1e6).toFixed(1)} M instructions, ${(executed / program / 1e6).toFixed(0)} MIPS`,
  );
  return { boot, program };
}

/** The same kernel, initrd and program in QEMU's translator. */
async function qemu(): Promise<{ boot: number; program: number }> {
  const file = (name: string): string => path.join(GUEST, name);
  let begin = performance.now();
  const guest = await QemuGuest.boot({
    dir: GUEST,
    vmlinux: file('vmlinux'),
    bzImage: file('bzImage'),
    initrd: file('initrd'),
    sources: file('sources'),
    programs: file('programs'),
  });
  try {
    const boot = seconds(begin);
    begin = performance.now();
    await guest.command(`bench --iterations=${ROUNDS}`);
    return { boot, program: seconds(begin) };
  } finally {
    await guest.kill();
  }
}

function native(): number {
  const begin = performance.now();
  execFileSync(path.join(GUEST, 'programs/bench'), [`--iterations=${ROUNDS}`]);
  return seconds(begin);
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];

/** A session as a client sees it. */
async function session(): Promise<void> {
  const begin = performance.now();
  const client = new DapClient(path.join(DIST, 'adapter.js'));
  try {
    await client.request('initialize', { adapterID: 'sockscope', pathFormat: 'path' });
    const initialized = client.next('initialized');
    await client.request('launch', { run: ['replyhi --once &', 'hello'] });
    await initialized;
    const loaded = performance.now();
    const [{ verified }] = (
      await client.request<DebugProtocol.SetFunctionBreakpointsResponse['body']>('setFunctionBreakpoints', {
        breakpoints: [{ name: 'sys_bind' }],
      })
    ).breakpoints;
    if (!verified) throw new Error('The breakpoint was not set.');
    row('first function breakpoint bound after', `${(performance.now() - loaded).toFixed(0)} ms`);
    const stopped = client.next('stopped', 'terminated');
    await client.request('configurationDone');
    const { body } = (await stopped) as DebugProtocol.StoppedEvent;
    row('launch to the first stop (sys_bind in replyhi)', `${seconds(begin).toFixed(2)} s`);
    const times: number[] = [];
    for (let i = 0; i < 21; i++) {
      const at = performance.now();
      await inspect(client, body.threadId ?? 0);
      times.push(performance.now() - at);
    }
    row(
      'stackTrace + scopes + variables at a stop',
      `${times[0].toFixed(1)} ms the first time, then ${median(times.slice(1)).toFixed(1)} ms`,
    );
    const status = readFileSync(`/proc/${client.pid}/status`, 'utf8');
    const kib = (field: string): number => Number(new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(status)?.[1]);
    row(
      "the adapter's memory (guest has 64 MiB)",
      `${(kib('VmRSS') / 1024).toFixed(0)} MiB now, ${(kib('VmHWM') / 1024).toFixed(0)} MiB at most`,
    );
  } finally {
    await client.close();
  }
}

async function inspect(client: DapClient, threadId: number): Promise<void> {
  const { stackFrames } = await client.request<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId });
  const { scopes } = await client.request<DebugProtocol.ScopesResponse['body']>('scopes', {
    frameId: stackFrames[0].id,
  });
  for (const scope of scopes) await client.request('variables', { variablesReference: scope.variablesReference });
}

async function main(): Promise<void> {
  const ours = ownMachine();
  const theirs = await qemu();
  row(
    'boot of the bzImage, QEMU (its decompressor included)',
    `${theirs.boot.toFixed(2)} s; ours takes ${(ours.boot / theirs.boot).toFixed(1)} times as long`,
  );
  row(
    'CPU-bound program, QEMU',
    `${theirs.program.toFixed(2)} s; ours takes ${(ours.program / theirs.program).toFixed(1)} times as long`,
  );
  const host = native();
  row(
    'CPU-bound program, this processor itself',
    `${host.toFixed(2)} s; ours takes ${(ours.program / host).toFixed(0)} times as long`,
  );
  await session();
  for (const events of [false, true]) await trace(events);
}

async function trace(events: boolean): Promise<void> {
  const cost = await traceCost(GUEST, events);
  row(
    `tracing socket calls, as ${events ? 'lines and events with dispatch paths' : 'lines'}`,
    `${percent(1 - cost.ratio)} (± ${percent(cost.error)}) of the guest's speed, at ${cost.callsPerMillion.toFixed(0)} calls in a million instructions (${percent(1 - cost.first)} for the first hundreds of calls)`,
  );
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
