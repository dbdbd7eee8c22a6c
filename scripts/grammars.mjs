/** `npm run grammars`: writes syntaxes/*.tmLanguage.json, which VS Code reads, from the modules in syntaxes/source. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './lib/setup.mjs';
import { grammar as disassembly } from '../syntaxes/source/disassembly.mjs';
import { grammar as assembly } from '../syntaxes/source/i386-assembly.mjs';
import { grammar as dump } from '../syntaxes/source/memory-dump.mjs';
import { grammar as strace } from '../syntaxes/source/strace.mjs';
import { grammar as table } from '../syntaxes/source/syscall-table.mjs';

/** Text of each grammar by its file name in syntaxes/. */
export function grammars() {
  const all = { 'i386-assembly': assembly, disassembly, 'memory-dump': dump, strace, 'syscall-table': table };
  return Object.fromEntries(
    Object.entries(all).map(([name, grammar]) => [`${name}.tmLanguage.json`, `${JSON.stringify(grammar, null, 2)}\n`]),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(grammars())) {
    writeFileSync(path.join(ROOT, 'syntaxes', name), text);
    console.log(`syntaxes/${name}: ${text.length} bytes`);
  }
}
