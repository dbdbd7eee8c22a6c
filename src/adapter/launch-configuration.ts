/** The attributes of a launch configuration, checked before anything starts. package.json describes them to VS Code in the same words. */

export interface LaunchConfiguration {
  /** vmlinux, or bzImage together with the vmlinux it was made of; the built-in kernel unless given. */
  kernel?: string | { bzImage: string; vmlinux: string };
  initrd?: string;
  commandLine?: string;
  /** RAM in MiB. */
  memory?: number;
  /** ELF files, or folders of them. */
  programs?: string[];
  /** Paths in the debug information → paths on this machine, by prefix. */
  sourceMap?: Record<string, string>;
  /** Lines typed at the guest's prompt. */
  run?: string[];
  stopOnEntry?: boolean;
  cpu?: { sysenter?: boolean };
  /** System calls shown while the guest runs. */
  trace?: 'sockets' | 'all';
  noDebug?: boolean;
}

/** A launch that cannot be done; the message is one sentence that says what is wrong and what to do. */
export class LaunchError extends Error {
  /** @param mending what would help, where something other than a correction would */
  constructor(
    message: string,
    readonly mending?: 'builtInKernel',
  ) {
    super(message);
    this.name = 'LaunchError';
  }
}

type Check = (value: unknown, name: string) => void;

function fail(name: string, wanted: string, value: unknown): never {
  throw new LaunchError(`The launch attribute "${name}" must be ${wanted}, not ${JSON.stringify(value)}.`);
}

const text: Check = (value, name) => {
  if (typeof value !== 'string' || value === '') fail(name, 'a text that is not empty', value);
};
const flag: Check = (value, name) => {
  if (typeof value !== 'boolean') fail(name, 'true or false', value);
};
const texts: Check = (value, name) => {
  if (!Array.isArray(value) || value.some((v) => typeof v !== 'string')) fail(name, 'a list of texts', value);
};
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const CHECKS: Record<keyof LaunchConfiguration, Check> = {
  kernel(value, name) {
    if (typeof value === 'string' && value !== '') return;
    if (!isRecord(value)) fail(name, 'a path or {"bzImage": …, "vmlinux": …}', value);
    for (const key of Object.keys(value))
      if (key !== 'bzImage' && key !== 'vmlinux') unknown(`kernel.${key}`, ['bzImage', 'vmlinux']);
    text(value.bzImage, 'kernel.bzImage');
    text(value.vmlinux, 'kernel.vmlinux');
  },
  initrd: text,
  commandLine(value, name) {
    if (typeof value !== 'string') fail(name, 'a text', value);
  },
  memory(value, name) {
    if (!Number.isInteger(value) || (value as number) < 16 || (value as number) > 2048) {
      fail(name, 'a whole number of MiB from 16 to 2048', value);
    }
  },
  programs: texts,
  sourceMap(value, name) {
    if (!isRecord(value) || Object.values(value).some((v) => typeof v !== 'string'))
      fail(name, 'an object of paths', value);
  },
  run: texts,
  stopOnEntry: flag,
  cpu(value, name) {
    if (!isRecord(value)) fail(name, 'an object such as {"sysenter": false}', value);
    for (const key of Object.keys(value)) if (key !== 'sysenter') unknown(`cpu.${key}`, ['sysenter']);
    if (value.sysenter !== undefined) flag(value.sysenter, 'cpu.sysenter');
  },
  trace(value, name) {
    if (value !== 'sockets' && value !== 'all') fail(name, '"sockets" or "all"', value);
  },
  noDebug: flag,
};

/** What clients add of their own (VS Code's common attributes); the adapter has no use for them. */
const CLIENT_ATTRIBUTES = new Set([
  'name', 'type', 'request', 'preLaunchTask', 'postDebugTask', 'internalConsoleOptions', 'debugServer', 'presentation', 'serverReadyAction',
  'suppressMultipleSessionWarning', 'console', 'windows', 'linux', 'osx', 'restart', 'timeout',
]); // prettier-ignore

function unknown(name: string, known: readonly string[]): never {
  throw new LaunchError(`Unknown launch attribute "${name}"; known are ${known.join(', ')}.`);
}

/**
 * Checks what a client sent with `launch`. Names that begin with `__` are the client's own.
 * @throws LaunchError
 */
export function checkLaunchConfiguration(raw: unknown): LaunchConfiguration {
  if (!isRecord(raw)) throw new LaunchError('The launch configuration is not an object.');
  for (const [name, value] of Object.entries(raw)) {
    if (Object.hasOwn(CHECKS, name)) {
      if (value !== undefined && value !== null) CHECKS[name as keyof LaunchConfiguration](value, name);
    } else if (!name.startsWith('__') && !CLIENT_ATTRIBUTES.has(name)) unknown(name, Object.keys(CHECKS));
  }
  return raw as LaunchConfiguration;
}
