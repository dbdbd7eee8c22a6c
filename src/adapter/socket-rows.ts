import type { OpenSocket } from '../linux/sockets';
import type { QueuedBuffer, SocketQueue } from '../linux/socket-queues';
import { quoteUpTo } from '../linux/strace-text';
import { LinuxError } from '../linux';
import { MemoryError } from '../debugger/target';
import type { PlainVariable, Row } from './handles';
import type { BufferRow, SocketRow } from './protocol';

/** Bytes of a buffer that are quoted in its row, and those that are listed below it. */
const QUOTED = 64;
const LISTED = 4096;
const LINE = 16;

/** Below a socket: its queues with their buffers and bytes, connections that wait, its structures. */
export function socketStructures({ queues, waiting, structures }: OpenSocket): Row[] {
  const connections: PlainVariable = {
    name: 'waiting connections',
    value: `${waiting.length} to be accepted`,
    children: () => waiting,
  };
  return [...queues.map(queueRow), ...(waiting.length > 0 ? [connections] : []), ...structures];
}

/** A socket's own values, in the order in which they are shown. */
export function socketValues(
  socket: OpenSocket,
): Omit<SocketRow, 'pid' | 'comm' | 'options' | 'queues' | 'variablesReference'> {
  const { fd, family, type, protocol, state, local, remote, receiveQueue, sendQueue, inode } = socket;
  return { fd, family, type, protocol, state, local, remote, receiveQueue, sendQueue, inode };
}

/** A socket as the request gives it. */
export function socketBody(socket: OpenSocket): Omit<SocketRow, 'variablesReference'> {
  const { task, options } = socket;
  const queues = socket.queues.map(({ name, buffers }) => ({ name, buffers: buffers.map(bufferBody) }));
  return { pid: task.pid, comm: task.comm, ...socketValues(socket), options, queues };
}

function bufferBody(buffer: QueuedBuffer): BufferRow {
  const { length, consumed } = buffer;
  return { length, consumed, text: textOf(buffer) };
}

function queueRow({ name, meaning, buffers }: SocketQueue): PlainVariable {
  const bytes = buffers.reduce((sum, { length, consumed }) => sum + length - consumed, 0);
  return {
    name,
    value: `${buffers.length} ${buffers.length === 1 ? 'buffer' : 'buffers'}, ${bytes} bytes ${meaning}`,
    children: () => buffers.map(bufferRow),
  };
}

function bufferRow(buffer: QueuedBuffer, index: number): PlainVariable {
  const { length, consumed } = buffer;
  const read = consumed > 0 ? `, ${consumed} of them read` : '';
  return {
    name: `[${index}]`,
    value: `${textOf(buffer)} (${length} bytes${read})`,
    children: () => [...byteRows(buffer), buffer.skb],
  };
}

/** The bytes, or why they cannot be had. */
function bytesOf(buffer: QueuedBuffer): Uint8Array | string {
  try {
    return buffer.bytes();
  } catch (error) {
    if (error instanceof MemoryError || error instanceof LinuxError) return `<${error.message}>`;
    throw error;
  }
}

function textOf(buffer: QueuedBuffer): string {
  const bytes = bytesOf(buffer);
  return typeof bytes === 'string' ? bytes : quoteUpTo(bytes.subarray(0, QUOTED), bytes.length);
}

/** Lines of sixteen bytes, by their offset. */
function byteRows(buffer: QueuedBuffer): PlainVariable[] {
  const bytes = bytesOf(buffer);
  if (typeof bytes === 'string') return [{ name: 'bytes', value: bytes }];
  const rows: PlainVariable[] = [];
  for (let at = 0; at < Math.min(bytes.length, LISTED); at += LINE) {
    const line = [...bytes.subarray(at, at + LINE)];
    const hex = line.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = line.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    rows.push({ name: `+${at}`, value: `${hex.padEnd(3 * LINE)} ${text}` });
  }
  if (bytes.length > LISTED) rows.push({ name: '…', value: `${bytes.length - LISTED} bytes more` });
  return rows;
}
