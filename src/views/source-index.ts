import * as vscode from 'vscode';
import type { BodyOf } from '../adapter/protocol';
import { findDefinitions, parseSystemCallTable, SYSTEM_CALL_FILE, type TableLine } from '../linux/call-sources';
import { findSocketcallCases, SOCKETCALL_FILE, type SocketcallCase } from '../linux/socketcall';
import { ask } from './ask';
import { builtIn, uriOf, type Place } from './places';
import type { Sessions } from './sessions';

/** A source of the kernel or of a program. */
export interface IndexedSource {
  /** From the root of the kernel's tree: `net/socket.c`. */
  readonly path: string;
  readonly uri: vscode.Uri;
}

/** What is read at a time: as many as keep the disk busy, and the memory small. */
const AT_ONCE = 32;

/**
 * The sources at hand: before a session and in one with the built-in guest those that the extension brings, in a session with the
 * user's own kernel those that are on this machine.
 */
export class SourceIndex {
  private ownGuest: Promise<IndexedSource[]> | undefined;
  private usersKernel: { session: string; files: Promise<IndexedSource[]> } | undefined;
  private definedIn: { files: readonly IndexedSource[]; places: Promise<Map<string, Place>> } | undefined;

  constructor(private readonly sessions: Sessions) {}

  /** All of them, by path. */
  files(): Promise<readonly IndexedSource[]> {
    const session = this.sessions.current;
    if (!session || session.configuration.kernel === undefined) {
      // A failure is not kept: the next look tries again.
      this.ownGuest ??= listed('').catch((error: unknown) => ((this.ownGuest = undefined), Promise.reject(error)));
      return this.ownGuest;
    }
    if (this.usersKernel?.session !== session.id) {
      const files = ask(session, 'sockscope/sources', {}).then(
        ({ sources }) => fromRoot(sources.flatMap((row) => indexed(row, session))).sort(byPath),
        (error: unknown) => ((this.usersKernel = undefined), Promise.reject(error)),
      );
      this.usersKernel = { session: session.id, files: Promise.resolve(files) };
    }
    return this.usersKernel.files;
  }

  /** Address of a source by its path, where it is at hand. */
  async find(path: string): Promise<vscode.Uri | undefined> {
    return (await this.files()).find((file) => file.path === path)?.uri;
  }

  /** Text of a source by its path; empty where it is not at hand. */
  async text(path: string): Promise<string> {
    const uri = await this.find(path);
    return uri ? textOf(uri) : '';
  }

  /** The system calls that the sources' own table has. */
  async systemCalls(): Promise<readonly TableLine[]> {
    return parseSystemCallTable(await this.text(SYSTEM_CALL_FILE));
  }

  /** The cases of the socketcall switch. */
  async socketcallCases(): Promise<readonly SocketcallCase[]> {
    return findSocketcallCases(await this.text(SOCKETCALL_FILE));
  }

  /** Where each system call is defined, by its name. */
  async definitions(): Promise<ReadonlyMap<string, Place>> {
    const files = await this.files();
    if (this.definedIn?.files !== files) this.definedIn = { files, places: definitionsIn(files) };
    return this.definedIn.places;
  }
}

function indexed(
  { file, available, source }: BodyOf<'sockscope/sources'>['sources'][number],
  session: vscode.DebugSession,
): IndexedSource[] {
  const uri = available ? uriOf(source, session) : undefined;
  return uri ? [{ path: file, uri }] : [];
}

/** A kernel that was built out of its tree names its sources by whole paths; the tree's root is where net/socket.c is. */
function fromRoot(files: readonly IndexedSource[]): IndexedSource[] {
  const socket = files.find(({ path }) => path.endsWith(`/${SOCKETCALL_FILE}`))?.path ?? '';
  const root = socket.startsWith('/') ? socket.slice(0, -SOCKETCALL_FILE.length) : '';
  return files.map(({ path, uri }) => ({
    path: path.startsWith(root) ? path.slice(root.length) : path.replace(/^\/+/, ''),
    uri,
  }));
}

async function listed(folder: string): Promise<IndexedSource[]> {
  const entries = await vscode.workspace.fs.readDirectory(builtIn(folder));
  const parts = await Promise.all(
    entries.map(([name, type]) => {
      const path = folder === '' ? name : `${folder}/${name}`;
      return type & vscode.FileType.Directory ? listed(path) : [{ path, uri: builtIn(path) }];
    }),
  );
  return parts.flat().sort(byPath);
}

function byPath(a: IndexedSource, b: IndexedSource): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** Text of a source. */
export async function textOf(uri: vscode.Uri): Promise<string> {
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}

/**
 * Reads sources, some at a time.
 * @param each is given the text of each, in the order of the list; reading ends where it says false
 */
export async function readAll(
  files: readonly IndexedSource[],
  each: (file: IndexedSource, text: string) => boolean | void,
): Promise<void> {
  for (let start = 0; start < files.length; start += AT_ONCE) {
    const part = files.slice(start, start + AT_ONCE);
    const texts = await Promise.all(part.map(({ uri }) => textOf(uri).then(undefined, () => '')));
    for (const [i, file] of part.entries()) if (each(file, texts[i]) === false) return;
  }
}

async function definitionsIn(files: readonly IndexedSource[]): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  await readAll(
    files.filter(({ path }) => path.endsWith('.c')),
    ({ uri }, text) => {
      for (const { name, line } of findDefinitions(text)) if (!places.has(name)) places.set(name, { uri, line });
    },
  );
  return places;
}
