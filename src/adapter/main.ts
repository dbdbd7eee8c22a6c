/**
 * The debug adapter as a process of its own: the protocol on standard input and output (`node dist/adapter.js`). With `--brief-filters`
 * it offers no exception filter for each system call, which suits a client that shows the calls in a view of its own.
 */
import path from 'node:path';
import { format } from 'node:util';
import { SockScopeSession } from './session';

const session = new SockScopeSession({
  guest: path.join(__dirname, 'guest'),
  translations: path.join(__dirname, '../l10n'),
  briefFilters: process.argv.includes('--brief-filters'),
});

// Standard output belongs to the protocol, and clients such as VS Code show nobody an adapter's standard error.
const complain = (...args: unknown[]): void => session.complain(format(...args));
console.log = complain;
console.warn = complain;
console.error = complain;

process.once('uncaughtException', (error) => {
  process.stderr.write(`${format(error)}\n`);
  complain(error);
  // What has been written before is on its way first.
  process.stdout.write('', () => process.exit(1));
});
process.on('SIGTERM', () => session.shutdown());
process.on('SIGINT', () => session.shutdown());
session.start(process.stdin, process.stdout);
