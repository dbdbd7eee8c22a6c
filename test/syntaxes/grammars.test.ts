import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { grammars } from '../../scripts/grammars.mjs';
import { contributed, grammarOf, ROOT, snapshot } from './tokenizer';

const UPDATE = 'SOCKSCOPE_UPDATE_SNAPSHOTS';
const at = (...parts: string[]): string => path.join(__dirname, ...parts);

/** Samples of our own, each with every form that its language has. */
const SAMPLES: Record<string, string> = {
  'assembly.S': 'i386asm',
  'syscall_sample.tbl': 'syscall-table',
  'calls.strace': 'strace',
  'listing.disasm': 'i386-disassembly',
  'dump.mem': 'memory-dump',
};

describe('grammars', () => {
  for (const [sample, language] of Object.entries(SAMPLES)) {
    it(`${language}: the tokens of ${sample} are those of the snapshot`, async () => {
      const found = snapshot(await grammarOf(language), fs.readFileSync(at('samples', sample), 'utf8').trimEnd());
      const file = at('snapshots', `${sample}.txt`);
      if (process.env[UPDATE]) fs.writeFileSync(file, `${found}\n`);
      assert.equal(`${found}\n`, fs.readFileSync(file, 'utf8'), `if this is meant, run with ${UPDATE}=1`);
    });
  }

  it('the files that VS Code reads are made of syntaxes/source (npm run grammars)', () => {
    for (const [name, text] of Object.entries(grammars()))
      assert.equal(fs.readFileSync(path.join(ROOT, 'syntaxes', name), 'utf8'), text, `syntaxes/${name}`);
    assert.deepEqual(
      contributed().map((grammar) => path.basename(grammar.path)).sort(),
      Object.keys(grammars()).sort(),
    ); // prettier-ignore
  });

  it('each language has its grammar, its comments and its brackets', () => {
    const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      contributes: { languages: { id: string; configuration: string }[] };
    };
    const { languages } = manifest.contributes;
    assert.deepEqual(languages.map(({ id }) => id).sort(), contributed().map(({ language }) => language).sort()); // prettier-ignore
    for (const { id, configuration } of languages) {
      const read = JSON.parse(fs.readFileSync(path.join(ROOT, configuration), 'utf8')) as { comments?: object };
      // A dump is only read.
      assert.ok(read.comments || id === 'memory-dump', id);
    }
  });
});
