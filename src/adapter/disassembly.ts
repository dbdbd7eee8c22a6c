import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Module } from '../debugger/modules';
import { Disassembler, type DisassembledInstruction } from './disassembler';
import type { GuestSession } from './guest-session';
import { memoryPlace, spaceOf, type MemoryPlace } from './memory-reference';
import { hex32 } from './registers';
import type { Sources } from './sources';

/** The longest instruction (SDM volume 2, section 2.3.11). */
const LONGEST = 15;
/** How far back a function's start is looked for before decoding from anywhere. */
const FARTHEST = 0x10000;

/**
 * Instructions around an address, exactly as many as asked for; what cannot be read is shown as invalid.
 * Instructions before an address can only be found by decoding forward from a place known to begin one: the start of the function.
 */
export function disassemble(
  session: GuestSession,
  sources: Sources,
  args: DebugProtocol.DisassembleArguments,
): DebugProtocol.DisassembledInstruction[] {
  const place = memoryPlace(args.memoryReference, args.offset);
  const code = codeOf(place, session);
  const start = place.address;
  const first = args.instructionOffset ?? 0;
  const count = args.instructionCount;
  const disassembler = new Disassembler();
  const before = first < 0 ? backwards(code, disassembler, start, -first) : [];
  const forwardFrom = Math.max(0, first);
  const wantedForward = first < 0 ? count + first : count;
  const forward =
    wantedForward > 0 ? forwards(code, disassembler, start, forwardFrom + wantedForward).slice(forwardFrom) : [];
  const all = [...before, ...forward].slice(0, count);
  let lastLine = '';
  return all.map((instruction) => {
    const row = describe(code, session, sources, instruction, args.resolveSymbols ?? true);
    // The source position is told where it changes, as the protocol asks.
    const line = `${row.location?.path}:${row.line}`;
    if (line === lastLine) {
      delete row.location;
      delete row.line;
    } else lastLine = line;
    return row;
  });
}

/** Code as one task sees it. */
interface Code {
  read(address: number, length: number): Uint8Array;
  moduleAt(address: number): Module | undefined;
}

function codeOf(place: MemoryPlace, session: GuestSession): Code {
  const space = spaceOf(place, session);
  return {
    read: (address, length) => session.target.readAvailable(address, length, space),
    moduleAt: (address) => session.debugger.moduleAt(address >>> 0, place.thread),
  };
}

function forwards(code: Code, disassembler: Disassembler, start: number, count: number): DisassembledInstruction[] {
  const size = Math.min(count * LONGEST, 0x100000000 - start);
  const bytes = code.read(start, size);
  const found = disassembler.disassemble(bytes, start, count);
  let next = start + found.reduce((sum, i) => sum + i.length, 0);
  while (found.length < count) found.push(unreadable(next++ >>> 0));
  return found;
}

function backwards(code: Code, disassembler: Disassembler, end: number, count: number): DisassembledInstruction[] {
  const found: DisassembledInstruction[] = [];
  let upTo = end;
  while (found.length < count) {
    const symbol = code.moduleAt(upTo - 1)?.elf.symbolAt(upTo - 1);
    const known = symbol && symbol.offset < FARTHEST ? upTo - 1 - symbol.offset : undefined;
    const from = Math.max(0, known ?? upTo - (count - found.length) * LONGEST);
    if (from >= upTo) break;
    const bytes = code.read(from, upTo - from);
    if (bytes.length < upTo - from) break;
    found.unshift(...disassembler.disassemble(bytes, from));
    upTo = from;
  }
  while (found.length < count) found.unshift(unreadable((upTo -= 1) >>> 0));
  return found.slice(found.length - count);
}

function unreadable(address: number): DisassembledInstruction {
  return { address, length: 1, bytes: new Uint8Array(0), text: '(not mapped)', valid: false, target: undefined };
}

function describe(
  code: Code,
  session: GuestSession,
  sources: Sources,
  instruction: DisassembledInstruction,
  resolveSymbols: boolean,
): DebugProtocol.DisassembledInstruction {
  const module = code.moduleAt(instruction.address);
  const linked = (instruction.address - (module?.loadBias ?? 0)) >>> 0;
  const at = module?.elf.symbolAt(linked);
  const target =
    resolveSymbols && instruction.target !== undefined ? session.describe(instruction.target, undefined) : undefined;
  const line = module?.symbols.hasDebugInfo ? module.symbols.lineAt(linked) : undefined;
  return {
    address: hex32(instruction.address),
    instructionBytes: Array.from(instruction.bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' '),
    instruction: target ? `${instruction.text} <${target}>` : instruction.text,
    ...(resolveSymbols && at
      ? { symbol: at.offset === 0 ? at.symbol.name : `${at.symbol.name}+0x${at.offset.toString(16)}` }
      : {}),
    ...(line && line.line > 0 ? { location: sources.toSource(line.file), line: line.line } : {}),
    ...(instruction.valid ? {} : { presentationHint: 'invalid' as const }),
  };
}
