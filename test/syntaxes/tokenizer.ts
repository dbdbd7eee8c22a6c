import fs from 'node:fs';
import path from 'node:path';
import * as oniguruma from 'vscode-oniguruma';
import { INITIAL, Registry, type IGrammar, type IRawGrammar } from 'vscode-textmate';

export const ROOT = path.resolve(__dirname, '../..');

/** A piece of a line with the names that themes colour it by, the innermost last. */
export interface Token {
  readonly line: number;
  readonly start: number;
  readonly text: string;
  readonly scopes: readonly string[];
}

interface Contribution {
  grammars: { language: string; scopeName: string; path: string }[];
}

/** Grammars as the manifest contributes them. */
export function contributed(): Contribution['grammars'] {
  const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    contributes: Contribution;
  };
  return manifest.contributes.grammars;
}

let registry: Registry | undefined;

function openRegistry(): Registry {
  const wasm = fs.readFileSync(require.resolve('vscode-oniguruma/release/onig.wasm'));
  const onigLib = oniguruma.loadWASM(wasm).then(() => ({
    createOnigScanner: (patterns: string[]) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text: string) => new oniguruma.OnigString(text),
  }));
  return new Registry({
    onigLib,
    loadGrammar: (scopeName) => {
      const found = contributed().find((grammar) => grammar.scopeName === scopeName);
      if (!found) return Promise.resolve(null);
      return Promise.resolve(JSON.parse(fs.readFileSync(path.join(ROOT, found.path), 'utf8')) as IRawGrammar);
    },
  });
}

/** The grammar of a language, run by VS Code's own tokeniser. */
export async function grammarOf(language: string): Promise<IGrammar> {
  registry ??= openRegistry();
  const found = contributed().find((grammar) => grammar.language === language);
  const grammar = found && (await registry.loadGrammar(found.scopeName));
  if (!grammar) throw new Error(`The manifest has no grammar for ${language}.`);
  return grammar;
}

/** Tokens of a text; white space that nothing claims is left out. */
export function tokenize(grammar: IGrammar, text: string): Token[] {
  const tokens: Token[] = [];
  let state = INITIAL;
  text.split('\n').forEach((line, number) => {
    const result = grammar.tokenizeLine(line, state);
    if (result.stoppedEarly) throw new Error(`line ${number + 1} takes too long: ${line}`);
    state = result.ruleStack;
    for (const { startIndex, endIndex, scopes } of result.tokens) {
      const piece = line.slice(startIndex, endIndex);
      if (piece.trim() !== '') tokens.push({ line: number + 1, start: startIndex, text: piece, scopes });
    }
  });
  return tokens;
}

/** A text with its tokens below each line, for a person to read. */
export function snapshot(grammar: IGrammar, text: string): string {
  const tokens = tokenize(grammar, text);
  // The last part of a name only says which grammar gave it.
  const plain = (name: string): string => name.replace(/\.[^.]+$/, '');
  return text
    .split('\n')
    .flatMap((line, index) => [
      `>${line}`,
      ...tokens
        .filter((token) => token.line === index + 1)
        .map(({ start, text: piece, scopes }) => {
          const names = scopes.slice(1).map(plain);
          return ` ${String(start).padStart(3)} ${JSON.stringify(piece)}  ${names.join(' > ') || '-'}`;
        }),
    ])
    .join('\n');
}
