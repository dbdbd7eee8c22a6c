import fs from 'node:fs';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { SourceFile } from '../symbols/api';

/** Scheme under which the extension shows sources read-only. */
export const SOURCE_SCHEME = 'sockscope';

/** Where the sources that the debug information names are on this machine, and what clients call them. */
export class Sources {
  private readonly found = new Map<string, string | null>();
  private readonly references = new Map<number, SourceFile>();
  private readonly referenceOf = new Map<string, number>();

  constructor(
    private readonly folders: readonly string[],
    private readonly sourceMap: Readonly<Record<string, string>>,
    /** Name files by `sockscope:` addresses, which the extension serves. */
    private readonly byScheme: boolean,
  ) {}

  /** The file on this machine that has a source's text, or undefined. */
  hostPath(file: string): string | undefined {
    let result = this.found.get(file);
    if (result === undefined) {
      result = this.candidates(file).find((candidate) => fs.existsSync(candidate)) ?? null;
      this.found.set(file, result);
    }
    return result ?? undefined;
  }

  private candidates(file: string): string[] {
    // The longest prefix that fits is the most precise one.
    const mapped = Object.entries(this.sourceMap)
      .filter(
        ([prefix]) =>
          prefix === '' ||
          prefix === '.' ||
          file === prefix ||
          file.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`),
      )
      .sort(([a], [b]) => b.length - a.length)
      .map(([prefix, to]) => path.join(to, prefix === '.' ? file : file.slice(prefix.length)));
    return [
      ...mapped,
      ...this.folders.map((folder) => path.join(folder, file)),
      ...(path.isAbsolute(file) ? [file] : []),
    ];
  }

  /** Text of a source, or undefined where it is not to be had. */
  text(file: string): string | undefined {
    const host = this.hostPath(file);
    return host === undefined ? undefined : fs.readFileSync(host, 'utf8');
  }

  /** A source as the protocol names it. */
  toSource(file: SourceFile): DebugProtocol.Source {
    const name = path.posix.basename(file.path);
    const host = this.hostPath(file.path);
    if (host === undefined) {
      return {
        name,
        path: file.path,
        sourceReference: this.reference(file),
        presentationHint: 'deemphasize',
        origin: 'source not available',
      };
    }
    // A file of the user's own tree is opened where it is.
    const cached = this.folders.some((folder) => host.startsWith(folder + path.sep));
    return { name, path: this.byScheme && cached ? `${SOURCE_SCHEME}:/${file.path}` : host };
  }

  private reference(file: SourceFile): number {
    let reference = this.referenceOf.get(file.path);
    if (reference === undefined) {
      reference = this.references.size + 1;
      this.references.set(reference, file);
      this.referenceOf.set(file.path, reference);
    }
    return reference;
  }

  /** Path in the debug information of what a client names. */
  fromSource(source: DebugProtocol.Source): string | undefined {
    if (source.sourceReference) return this.references.get(source.sourceReference)?.path;
    const given = source.path;
    if (given === undefined) return source.name;
    const scheme = new RegExp(`^${SOURCE_SCHEME}:/+`).exec(given);
    if (scheme) return decodeURIComponent(given.slice(scheme[0].length));
    for (const folder of this.folders)
      if (given.startsWith(folder + path.sep)) return given.slice(folder.length + 1).replaceAll(path.sep, '/');
    for (const [prefix, to] of Object.entries(this.sourceMap)) {
      const root = to.endsWith(path.sep) ? to : to + path.sep;
      if (given.startsWith(root)) return path.posix.join(prefix, given.slice(root.length).replaceAll(path.sep, '/'));
    }
    return given.replaceAll(path.sep, '/');
  }
}
