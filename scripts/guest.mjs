/**
 * `npm run guest`: builds the guest if the cache does not have it, and prints where its parts are.
 */
import { pathToFileURL } from 'node:url';
import { ensureGuest } from '../guest/build/guest.mjs';

export { ensureGuest };

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  ensureGuest().then(
    (guest) => {
      for (const [name, path] of Object.entries(guest)) console.log(`${name.padEnd(9)}${path}`);
    },
    (error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}
