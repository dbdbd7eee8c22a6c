/** Schemas of the requests about the kernel, which the published protocol leaves to adapters. */

type Schema = Record<string, unknown>;

const text: Schema = { type: 'string' };
const count: Schema = { type: 'integer', minimum: 0 };
const place = { file: text, line: count, source: { $ref: 'dap#/definitions/Source' } };
const watched = { breakpointIds: { type: 'array', items: count }, hits: count };

/** An object whose properties are required except those named as optional. */
function object(properties: Record<string, Schema>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

function list(name: string, properties: Record<string, Schema>, optional: readonly string[], more = {}): Schema {
  return object({ ...more, [name]: { type: 'array', items: object(properties, optional) } });
}

const placeless = ['file', 'line', 'source'];

const dispatchedCall = object(
  { name: text, way: { enum: ['int80', 'sysenter'] }, number: { type: 'integer' }, socketcall: count, text, task: text, pid: count },
  ['socketcall'],
); // prettier-ignore

const bytes: Schema = { type: 'string', pattern: '^[0-9a-f]{2}( [0-9a-f]{2})*$' };
const address: Schema = { type: 'string', pattern: '^0x[0-9a-f]{8}$' };
const tableRow = object({ index: count, address, bytes, symbol: text, name: text, isCurrent: { type: 'boolean' } }, [
  'symbol',
  'name',
]);

/** A hop of the dispatch path. */
const dispatchHop = object(
  {
    kind: { enum: ['api', 'gate', 'entry', 'table', 'switch', 'kernel', 'operations', 'protocol'] },
    title: text, detail: text, symbol: text, address, source: { $ref: 'dap#/definitions/Source' }, line: count, breakpoint: text,
    state: { enum: ['done', 'present', 'ahead', 'unknown'] },
    memory: object({ address, bytes, meaning: text, memoryReference: text }, ['address', 'memoryReference']),
    table: object({ name: text, index: count, entrySize: count, count, rows: { type: 'array', items: tableRow } }),
  },
  ['detail', 'symbol', 'address', 'source', 'line', 'breakpoint', 'memory', 'table'],
); // prettier-ignore

export const LINUX_REQUESTS: Record<string, { arguments: Schema; body: Schema }> = {
  'sockscope/vectors': {
    arguments: object({}),
    body: list(
      'vectors',
      {
        vector: count, meaning: text, type: text, present: { type: 'boolean' }, dpl: count, selector: count, handler: text,
        memoryReference: text, symbol: text, ...place,
      }, // prettier-ignore
      ['meaning', 'symbol', ...placeless],
      { base: text, limit: count },
    ),
  },
  'sockscope/systemCalls': {
    arguments: object({}),
    body: list(
      'systemCalls',
      { number: count, name: text, symbol: text, instructionReference: text, ...watched, ...place },
      placeless,
    ),
  },
  'sockscope/sockets': {
    arguments: object({}),
    body: list(
      'sockets',
      {
        pid: count, comm: text, fd: count, family: text, type: text, protocol: text, state: text, local: text, remote: text,
        receiveQueue: count, sendQueue: count, options: { type: 'array', items: text }, inode: count, variablesReference: count,
        queues: { type: 'array', items: object({ name: text, buffers: { type: 'array', items: object({ length: count, consumed: count, text }) } }) },
      }, // prettier-ignore
      [],
    ),
  },
  'sockscope/tasks': {
    arguments: object({}),
    body: list(
      'tasks',
      {
        threadId: count, pid: count, tgid: count, ppid: count, comm: text, state: text, isRunning: { type: 'boolean' },
        isKernelThread: { type: 'boolean' }, program: text, waitChannel: text, memoryReference: text,
      }, // prettier-ignore
      ['program', 'waitChannel'],
    ),
  },
  'sockscope/focusTask': { arguments: object({ threadId: count }), body: object({}) },
  'sockscope/sources': {
    arguments: object({}),
    body: list('sources', { file: text, available: { type: 'boolean' }, source: place.source }, []),
  },
  'sockscope/sockaddr': {
    arguments: object({ expression: text, memoryReference: text, frameId: count, length: count }, [
      'expression',
      'memoryReference',
      'frameId',
      'length',
    ]),
    body: list('fields', { name: text, offset: count, value: text, data: text }, [], {
      address: text, memoryReference: text, length: count, structure: text, text,
    }), // prettier-ignore
  },
  'sockscope/dispatchPath': {
    arguments: object({ threadId: count, frameId: count }, ['threadId', 'frameId']),
    body: object(
      {
        path: object({ call: dispatchedCall, hops: { type: 'array', items: dispatchHop }, present: count }, [
          'present',
        ]),
        reason: text,
      },
      ['path', 'reason'],
    ),
  },
  'sockscope/socketcallCases': {
    arguments: object({}),
    body: list(
      'cases',
      { name: text, label: count, statement: count, source: place.source, call: text, callHits: count, ...watched },
      ['source'],
    ),
  },
};
