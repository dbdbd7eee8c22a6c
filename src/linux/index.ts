/** What makes the debugger a Linux debugger. */
export { socketCallAt, type SocketCallAt } from './call-at';
export { parseMoment } from './catch-request';
export { Kernel, LinuxError } from './kernel';
export { LinuxPlatform, type SourceReader } from './platform';
export { findSocketcallCases, SOCKETCALL_FILE, type SocketcallCase } from './socketcall';
export { CallTrace, type TracedCall, type TraceScope } from './trace';
export type { SystemCall } from './system-calls';
export { IDLE_THREAD, type Task } from './tasks';
