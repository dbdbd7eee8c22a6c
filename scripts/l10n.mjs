/**
 * `npm run l10n`: collects every text that the extension shows at run time (the first arguments of `l10n.t`) into
 * l10n/bundle.l10n.json, which translators start from. package.nls.json, for the manifest's texts, is written by hand.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { ROOT } from './lib/setup.mjs';

const BUNDLE = path.join(ROOT, 'l10n/bundle.l10n.json');

/**
 * The texts given to `l10n.t` in one source file.
 * @param {string} name the file's name, for errors
 * @param {string} text
 * @returns {string[]}
 * @throws Error where a text is not written out, so that nobody could translate it
 */
export function textsOf(name, text) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (ts.isCallExpression(node) && isTranslation(node.expression)) found.push(literal(node, source));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `vscode.l10n.t` or `l10n.t`. */
function isTranslation(callee) {
  if (!ts.isPropertyAccessExpression(callee) || callee.name.text !== 't') return false;
  const of = callee.expression;
  return ts.isIdentifier(of) ? of.text === 'l10n' : ts.isPropertyAccessExpression(of) && of.name.text === 'l10n';
}

function literal(call, source) {
  const [first] = call.arguments;
  if (first && ts.isStringLiteralLike(first)) return first.text;
  const { line } = source.getLineAndCharacterOfPosition(call.getStart());
  throw new Error(`${source.fileName}:${line + 1}: the text given to l10n.t must be one literal.`);
}

/** The bundle as it is to be: each text by itself, in the order of the alphabet. */
export function bundle() {
  const files = readdirSync(path.join(ROOT, 'src'), { recursive: true })
    .map((file) => path.join('src', file))
    .filter((file) => /\.tsx?$/.test(file))
    .sort();
  const texts = files.flatMap((file) => textsOf(file, readFileSync(path.join(ROOT, file), 'utf8')));
  return Object.fromEntries([...new Set(texts)].sort().map((text) => [text, text]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const texts = bundle();
  writeFileSync(BUNDLE, `${JSON.stringify(texts, undefined, 2)}\n`);
  console.log(`${Object.keys(texts).length} texts in ${path.relative(ROOT, BUNDLE)}`);
}
