/** The attributes of a launch configuration, checked before anything starts. package.json describes them to VS Code in the same words. */

import { LaunchError, LaunchProblem } from './errors';
import { l10n } from './texts';

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

type Check = (value: unknown, name: string) => void;

function fail(attribute: string, format: string, value: unknown): never {
  throw new LaunchError(LaunchProblem.WrongValue, format, { attribute, value: JSON.stringify(value) });
}

const text: Check = (value, name) => {
  if (typeof value !== 'string' || value === '')
    fail(name, l10n.t('The launch attribute "{attribute}" must be a text that is not empty, not {value}.'), value);
};
const flag: Check = (value, name) => {
  if (typeof value !== 'boolean')
    fail(name, l10n.t('The launch attribute "{attribute}" must be true or false, not {value}.'), value);
};
const texts: Check = (value, name) => {
  if (!Array.isArray(value) || value.some((v) => typeof v !== 'string'))
    fail(name, l10n.t('The launch attribute "{attribute}" must be a list of texts, not {value}.'), value);
};
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const CHECKS: Record<keyof LaunchConfiguration, Check> = {
  kernel(value, name) {
    if (typeof value === 'string' && value !== '') return;
    if (!isRecord(value))
      fail(
        name,
        l10n.t('The launch attribute "{attribute}" must be a path or {"bzImage": …, "vmlinux": …}, not {value}.'),
        value,
      );
    for (const key of Object.keys(value))
      if (key !== 'bzImage' && key !== 'vmlinux') unknown(`kernel.${key}`, ['bzImage', 'vmlinux']);
    text(value.bzImage, 'kernel.bzImage');
    text(value.vmlinux, 'kernel.vmlinux');
  },
  initrd: text,
  commandLine(value, name) {
    if (typeof value !== 'string')
      fail(name, l10n.t('The launch attribute "{attribute}" must be a text, not {value}.'), value);
  },
  memory(value, name) {
    if (!Number.isInteger(value) || (value as number) < 16 || (value as number) > 2048) {
      fail(
        name,
        l10n.t('The launch attribute "{attribute}" must be a whole number of MiB from 16 to 2048, not {value}.'),
        value,
      );
    }
  },
  programs: texts,
  sourceMap(value, name) {
    if (!isRecord(value) || Object.values(value).some((v) => typeof v !== 'string'))
      fail(name, l10n.t('The launch attribute "{attribute}" must be an object of paths, not {value}.'), value);
  },
  run: texts,
  stopOnEntry: flag,
  cpu(value, name) {
    if (!isRecord(value))
      fail(
        name,
        l10n.t('The launch attribute "{attribute}" must be an object such as {"sysenter": false}, not {value}.'),
        value,
      );
    for (const key of Object.keys(value)) if (key !== 'sysenter') unknown(`cpu.${key}`, ['sysenter']);
    if (value.sysenter !== undefined) flag(value.sysenter, 'cpu.sysenter');
  },
  trace(value, name) {
    if (value !== 'sockets' && value !== 'all')
      fail(name, l10n.t('The launch attribute "{attribute}" must be "sockets" or "all", not {value}.'), value);
  },
  noDebug: flag,
};

/** What clients add of their own (VS Code's common attributes); the adapter has no use for them. */
const CLIENT_ATTRIBUTES = new Set([
  'name', 'type', 'request', 'preLaunchTask', 'postDebugTask', 'internalConsoleOptions', 'debugServer', 'presentation', 'serverReadyAction',
  'suppressMultipleSessionWarning', 'console', 'windows', 'linux', 'osx', 'restart', 'timeout',
]); // prettier-ignore

function unknown(attribute: string, known: readonly string[]): never {
  const format = l10n.t('Unknown launch attribute "{attribute}"; known are {known}.');
  throw new LaunchError(LaunchProblem.UnknownAttribute, format, { attribute, known: known.join(', ') });
}

/**
 * Checks what a client sent with `launch`. Names that begin with `__` are the client's own.
 * @throws LaunchError
 */
export function checkLaunchConfiguration(raw: unknown): LaunchConfiguration {
  if (!isRecord(raw))
    throw new LaunchError(LaunchProblem.NotAnObject, l10n.t('The launch configuration is not an object.'));
  for (const [name, value] of Object.entries(raw)) {
    if (Object.hasOwn(CHECKS, name)) {
      if (value !== undefined && value !== null) CHECKS[name as keyof LaunchConfiguration](value, name);
    } else if (!name.startsWith('__') && !CLIENT_ATTRIBUTES.has(name)) unknown(name, Object.keys(CHECKS));
  }
  return raw as LaunchConfiguration;
}
