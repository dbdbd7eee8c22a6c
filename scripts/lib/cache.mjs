/**
 * The build cache: folders named by a hash of everything that went into them, outside of the checkout so that a fresh
 * clone finds them too. A folder with its final name is always complete.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

const HEARTBEAT = 5_000; // milliseconds between signs of life of a lock's owner
const STALE = 30_000; // a lock without a sign of life for so long is abandoned
const POLL = 300;

/**
 * The folder that holds all entries: $XDG_CACHE_HOME/sockscope, else ~/.cache/sockscope.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string}
 */
export function cacheRoot(env = process.env) {
  const xdg = env.XDG_CACHE_HOME;
  // The XDG base directory specification: relative paths in these variables are to be ignored.
  return path.join(xdg && path.isAbsolute(xdg) ? xdg : path.join(env.HOME || os.homedir(), '.cache'), 'sockscope');
}

/**
 * A key for a set of named inputs; it changes with any name or content.
 * @param {Record<string, string | Uint8Array>} inputs
 * @returns {string} 16 hexadecimal digits
 */
export function hashInputs(inputs) {
  const hash = createHash('sha256');
  for (const name of Object.keys(inputs).sort()) {
    const content = Buffer.from(inputs[name]);
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * Contents of files as inputs for hashInputs, named relative to a root.
 * @param {string} root
 * @param {string[]} files paths relative to root; a folder stands for all files below it
 * @returns {Record<string, Uint8Array>}
 */
export function fileInputs(root, files) {
  const inputs = {};
  const add = (name) => {
    const full = path.join(root, name);
    if (fs.statSync(full).isDirectory()) {
      for (const entry of fs.readdirSync(full)) add(path.posix.join(name, entry));
    } else {
      inputs[name] = fs.readFileSync(full);
    }
  };
  files.forEach(add);
  return inputs;
}

/**
 * Gives the folder `<root>/<kind>-<key>`, building it first if it isn't there. Several processes may ask at once: one
 * builds, the others wait for it. A build that fails or is killed leaves no folder of that name.
 *
 * @param {object} entry
 * @param {string} [entry.root] the cache; cacheRoot() by default
 * @param {string} entry.kind
 * @param {string} entry.key from hashInputs
 * @param {(out: string, scratch: string) => void | Promise<void>} entry.build fills the folder `out`, which becomes the
 *   entry; `scratch` is for what is thrown away afterwards
 * @param {(text: string) => void} [entry.waiting] called while another process builds
 * @returns {Promise<string>} the folder's path
 */
export async function ensureEntry({ root = cacheRoot(), kind, key, build, waiting }) {
  const final = path.join(root, `${kind}-${key}`);
  if (fs.existsSync(final)) return final;
  fs.mkdirSync(root, { recursive: true });
  const release = await takeLock(`${final}.lock`, () => fs.existsSync(final), waiting);
  if (!release) return final;
  const work = `${final}.building`;
  try {
    fs.rmSync(work, { recursive: true, force: true });
    const out = path.join(work, 'out');
    const scratch = path.join(work, 'scratch');
    fs.mkdirSync(out, { recursive: true });
    fs.mkdirSync(scratch);
    await build(out, scratch);
    fs.renameSync(out, final);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
    release();
  }
  return final;
}

/**
 * Takes a lock, waiting for its owner. Returns the function that releases it, or undefined as soon as `done()` holds.
 */
async function takeLock(lock, done, waiting) {
  for (;;) {
    if (done()) return undefined;
    try {
      // The content must be there as soon as the name is, so it is linked, not opened.
      const claim = `${lock}.${os.hostname()}.${process.pid}.${claims++}`;
      fs.writeFileSync(claim, `${os.hostname()} ${process.pid}`);
      try {
        fs.linkSync(claim, lock);
      } finally {
        fs.unlinkSync(claim);
      }
      if (done()) {
        fs.unlinkSync(lock);
        return undefined;
      }
      return hold(lock);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isAbandoned(lock)) {
      // Renaming decides between several that find it abandoned.
      const grave = `${lock}.abandoned.${process.pid}`;
      try {
        fs.renameSync(lock, grave);
        fs.unlinkSync(grave);
      } catch (error) {
        if (error.code !== 'ENOENT') throw error;
      }
      continue;
    }
    waiting?.(`another process is building ${path.basename(lock, '.lock')}`);
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

let claims = 0;

function hold(lock) {
  const timer = setInterval(() => fs.utimesSync(lock, new Date(), new Date()), HEARTBEAT);
  timer.unref();
  return () => {
    clearInterval(timer);
    fs.rmSync(lock, { force: true });
  };
}

function isAbandoned(lock) {
  try {
    const [host, pid] = fs.readFileSync(lock, 'utf8').split(' ');
    if (Date.now() - fs.statSync(lock).mtimeMs > STALE) return true;
    return host === os.hostname() && !isAlive(Number(pid));
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
