import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { bundle, textsOf } from '../../scripts/l10n.mjs';

const ROOT = path.resolve(__dirname, '../..');
const read = (file: string): unknown => JSON.parse(fs.readFileSync(path.join(ROOT, file), 'utf8'));

/** Keys of the manifest whose values a user reads. */
const SHOWN =
  /^(title|shortTitle|category|label|description|markdownDescription|deprecationMessage|markdownDeprecationMessage|contents|displayName|contextualTitle|tooltip|placeholder)$/;
const SHOWN_LISTS = /^(enumDescriptions|markdownEnumDescriptions|enumItemLabels)$/;
/** Objects of the manifest whose "name" a user reads. */
const NAMED = /^\/contributes\/(views\/|viewsContainers\/|debuggers\/\d+\/configurationSnippets\/\d+\/body)/;

/** Every text of the manifest that a user reads, by its place. */
function shownTexts(value: unknown, place = ''): [place: string, text: string][] {
  if (Array.isArray(value)) return value.flatMap((item, index) => shownTexts(item, `${place}/${index}`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]): [string, string][] => {
    const at = `${place}/${key}`;
    if (typeof item === 'string' && (SHOWN.test(key) || (key === 'name' && NAMED.test(at)))) return [[at, item]];
    if (Array.isArray(item) && SHOWN_LISTS.test(key)) return item.map((text) => [at, text as string]);
    return shownTexts(item, at);
  });
}

const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

describe('texts that can be translated', () => {
  const manifest = read('package.json') as Record<string, unknown>;
  const english = read('package.nls.json') as Record<string, string>;

  it("the manifest's are all in package.nls.json, and none is there in vain", () => {
    const shown = shownTexts(manifest).filter(([place]) => !/^\/(scripts|author)/.test(place));
    assert.ok(shown.length >= 30, `${shown.length} texts`);
    assert.deepEqual(
      shown.filter(([, text]) => !/^%[\w.-]+%$/.test(text)),
      [],
      'texts that are written in package.json itself',
    );
    const used = JSON.stringify(manifest).match(/"%[\w.-]+%"/g) ?? [];
    assert.deepEqual([...new Set(used.map((key) => key.slice(2, -2)))].sort(), Object.keys(english).sort());
    for (const [key, text] of Object.entries(english)) assert.ok(text.trim() !== '', `${key} is empty`);
  });

  it('those of the running extension are all in l10n/bundle.l10n.json, and no others (npm run l10n writes it)', () => {
    assert.equal(manifest.l10n, './l10n');
    assert.deepEqual(read('l10n/bundle.l10n.json'), bundle());
  });

  it('what cannot be found by a tool is an error', () => {
    assert.deepEqual(textsOf('a.ts', "vscode.l10n.t('one'); l10n.t(`two {0}`, x); other.t('no')"), ['one', 'two {0}']);
    assert.throws(() => textsOf('a.ts', '\nl10n.t(`no ${x}`)'), /^Error: a\.ts:2: the text given to l10n\.t must be/);
  });

  it('messages are never written at the call that shows them', () => {
    const views = path.join(ROOT, 'src/views');
    const plain = /\bshow(Error|Warning|Information)Message\(\s*['"`]/;
    const files = fs.readdirSync(views, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    assert.ok(files.length > 5);
    for (const file of files)
      assert.doesNotMatch(fs.readFileSync(path.join(views, file), 'utf8'), plain, `src/views/${file}`);
  });

  const translations = [
    ...fs.readdirSync(ROOT).filter((file) => /^package\.nls\.[\w-]+\.json$/.test(file)),
    ...fs
      .readdirSync(path.join(ROOT, 'l10n'))
      .filter((file) => /^bundle\.l10n\.[\w-]+\.json$/.test(file))
      .map((file) => path.join('l10n', file)),
  ];
  for (const file of translations) {
    it(`${file} is complete and keeps the places of the values`, () => {
      const original = file.startsWith('package') ? english : (read('l10n/bundle.l10n.json') as Record<string, string>);
      const translated = read(file) as Record<string, string>;
      assert.deepEqual(Object.keys(translated).sort(), Object.keys(original).sort());
      for (const [key, text] of Object.entries(translated)) {
        assert.deepEqual(placeholders(text), placeholders(original[key]), key);
        const commands = (t: string): string[] => t.match(/\(command:[\w.]+\)|`[^`]+`/g) ?? [];
        assert.deepEqual(commands(text).sort(), commands(original[key]).sort(), key);
      }
    });
  }
});
