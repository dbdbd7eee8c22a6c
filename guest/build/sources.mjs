/**
 * Keeps the sources of what was built beside it.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';

/**
 * Copies source files that line tables name, keeping their relative paths.
 * @param {string} from
 * @param {string} to
 * @param {Iterable<string>} files
 */
export function copySources(from, to, files) {
  for (const file of new Set(files)) {
    if (file.startsWith('<')) continue; // "<built-in>": the compiler's own definitions
    if (path.isAbsolute(file)) throw new Error(`The debug information names a file by an absolute path: ${file}`);
    fs.mkdirSync(path.join(to, path.dirname(file)), { recursive: true });
    fs.copyFileSync(path.join(from, file), path.join(to, file));
  }
}
