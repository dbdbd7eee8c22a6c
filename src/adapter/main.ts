/**
 * The debug adapter as a process of its own: the protocol on standard input and output (`node dist/adapter.js`). With `--brief-filters`
 * it offers no exception filter for each system call, which suits a client that shows the calls in a view of its own.
 */
import path from 'node:path';
import { SockScopeSession } from './session';

// Standard output belongs to the protocol: whatever a library prints goes to standard error.
console.log = console.error;

const session = new SockScopeSession({
  guest: path.join(__dirname, 'guest'),
  translations: path.join(__dirname, '../l10n'),
  briefFilters: process.argv.includes('--brief-filters'),
});
process.on('SIGTERM', () => session.shutdown());
process.on('SIGINT', () => session.shutdown());
session.start(process.stdin, process.stdout);
