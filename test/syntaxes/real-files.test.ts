import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Mnemonic, Register } from 'iced-x86';
import { CLI, prepared, PREPARATION, ROOT } from '../adapter/fixture';
import { grammarOf, tokenize, type Token } from './tokenizer';

const guest = (...parts: string[]): string => path.join(ROOT, 'dist/guest', ...parts);

const namesOf = (table: object): Set<string> =>
  new Set(Object.keys(table).filter((name) => Number.isNaN(Number(name)) && !/^(INVALID|None|D[bwdq]$|DontUse)/.test(name)).map((name) => name.toLowerCase())); // prettier-ignore
const MNEMONICS = namesOf(Mnemonic);
const REGISTERS = namesOf(Register);

/** Whether iced-x86 knows a word of AT&T syntax: as it is, or without the suffix for its operand's size. */
const isInstruction = (word: string): boolean =>
  MNEMONICS.has(word) || (/[bwl]$/.test(word) && MNEMONICS.has(word.slice(0, -1)));

const has = (token: Token | undefined, scope: RegExp): boolean =>
  token?.scopes.some((name) => scope.test(name)) ?? false;
const invalid = (tokens: readonly Token[]): Token[] => tokens.filter((token) => has(token, /^invalid/));

/** The code of assembly source: comments and the preprocessor's lines become blank, and nothing moves. */
function codeOf(text: string): string {
  const blank = (piece: string): string => piece.replace(/[^\n]/g, ' ');
  return text
    .replace(/\/\*[^]*?\*\//g, blank)
    .replace(/\/\/.*|(?<=\s)#(?!\s*(define|include)).*|^#(?!define).*/gm, blank)
    .replace(/^#\s*(?:define|include)(?:.*\\\n)*.*$/gm, blank)
    .replace(/"(?:[^"\\\n]|\\.)*"/g, blank);
}

/** Assembly files of the built-in kernel and of the lab programs. */
function assemblyFiles(): string[] {
  const root = guest('sources');
  // The folders are joined by links, which a recursive listing does not follow.
  return fs.readdirSync(root).flatMap((name) =>
    fs
      .readdirSync(fs.realpathSync(path.join(root, name)), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.S'))
      .map((file) => path.join(root, name, file)),
  );
}

describe('grammars over real files', () => {
  before(async function () {
    this.timeout(PREPARATION);
    await prepared();
  });

  it("the kernel's assembly: nothing invalid, every instruction and register that iced-x86 knows is scoped", async () => {
    const grammar = await grammarOf('i386asm');
    const counts = { files: 0, lines: 0, instructions: 0, registers: 0, mnemonics: new Set<string>() };
    const wrong: string[] = [];
    for (const file of assemblyFiles()) {
      const text = fs.readFileSync(file, 'utf8');
      const tokens = tokenize(grammar, text);
      assert.deepEqual(invalid(tokens), [], file);
      const tokenAt = new Map(tokens.map((token) => [`${token.line}:${token.start}`, token]));
      codeOf(text)
        .split('\n')
        .forEach((line, index) => {
          const check = (column: number, word: string, scope: RegExp): void => {
            const token = tokenAt.get(`${index + 1}:${column}`);
            if (token?.text !== word || !has(token, scope)) {
              wrong.push(
                `${path.relative(guest('sources'), file)}:${index + 1}:${column + 1}: ${word} in "${line.trim()}"`,
              );
            }
          };
          // The first word of a statement: at the line's beginning, behind labels or behind a separator.
          for (const { 1: word, index: at, 0: all } of line.matchAll(
            /(?<=^|[:;])\s*(?:(?:rep\w*|lock)\s+)?([a-z]\w*)(?![\w:=.(\\]|\s*=)/g,
          )) {
            if (!isInstruction(word)) continue;
            counts.instructions++;
            counts.mnemonics.add(word);
            check(at + all.length - word.length, word, /mnemonic/);
          }
          for (const { 1: word, index: at } of line.matchAll(/%([a-z]\w*)/g)) {
            if (!REGISTERS.has(word)) continue;
            counts.registers++;
            check(at + 1, word, /^variable\.register/);
          }
        });
      counts.files++;
      counts.lines += text.split('\n').length;
    }
    assert.deepEqual(wrong, []);
    // The kernel's entry code alone has hundreds of each.
    assert.ok(counts.files >= 10 && counts.instructions > 800 && counts.registers > 900, JSON.stringify(counts));
    console.log(
      `      ${counts.files} files, ${counts.lines} lines: ${counts.instructions} instructions (${counts.mnemonics.size} kinds), ${counts.registers} registers`,
    );
  });

  it("the kernel's system-call table: every row has number, ABI, name and entry point", async () => {
    const text = fs.readFileSync(guest('sources/arch/x86/entry/syscalls/syscall_32.tbl'), 'utf8');
    const tokens = tokenize(await grammarOf('syscall-table'), text);
    assert.deepEqual(invalid(tokens), []);
    const rows = text.split('\n').filter((line) => /^\d/.test(line)).map((line) => line.split(/\s+/)); // prettier-ignore
    const texts = (scope: RegExp): string[] => tokens.filter((token) => has(token, scope)).map((token) => token.text);
    assert.deepEqual(texts(/^constant\.numeric/), rows.map(([number]) => number)); // prettier-ignore
    assert.deepEqual(texts(/^storage\.type\.abi/), rows.map(([, abi]) => abi)); // prettier-ignore
    assert.deepEqual(texts(/^entity\.name\.function\.system-call/), rows.map(([, , name]) => name)); // prettier-ignore
    assert.deepEqual(
      texts(/^(support\.function\.entry-point|constant\.language)/),
      rows.flatMap((row) => row.slice(3).filter((word) => word !== '')),
    );
    assert.ok(rows.length > 400);
  });

  it('a trace: every call has its time, its task, its name and its result', async () => {
    const traced = spawnSync(process.execPath, [CLI, 'trace', '--all'], { encoding: 'utf8', maxBuffer: 1 << 26 });
    assert.equal(traced.status, 0, traced.stderr);
    const lines = traced.stdout.trimEnd().split('\n');
    const tokens = tokenize(await grammarOf('strace'), lines.join('\n'));
    assert.deepEqual(invalid(tokens), []);
    lines.forEach((line, index) => {
      const text = (scope: RegExp): string | undefined =>
        tokens.find((token) => token.line === index + 1 && has(token, scope))?.text;
      const [, time, count, pid, task, call] =
        /^(\S+) (\d+) \[pid (\d+) (.+?)\] (\w+)\(/.exec(line) ?? assert.fail(line);
      assert.equal(text(/numeric\.time/), time, line);
      assert.equal(text(/numeric\.instructions/), count, line);
      assert.equal(text(/numeric\.pid/), pid, line);
      assert.equal(text(/type\.task/), task, line);
      assert.equal(text(/function\.system-call/), call, line);
      // A call that has not returned when the machine goes off has no result.
      const [what, shown] = line.endsWith('<unfinished ...>')
        ? [/unfinished/, '<unfinished ...>']
        : [/operator\.result/, '='];
      assert.equal(text(what), shown, line);
    });
    assert.ok(lines.length > 30, `${lines.length} calls`);
  });

  it('disassembly: every instruction of objdump for a lab program, in both syntaxes', async () => {
    const grammar = await grammarOf('i386-disassembly');
    for (const syntax of ['att', 'intel']) {
      const listed = spawnSync('objdump', ['-d', '-l', '-M', syntax, guest('programs/replyhi')], { encoding: 'utf8', maxBuffer: 1 << 26 }); // prettier-ignore
      assert.equal(listed.status, 0, listed.stderr);
      const tokens = tokenize(grammar, listed.stdout);
      const mnemonics = new Map(
        tokens.filter((token) => has(token, /mnemonic/)).map((token) => [token.line, token.text]),
      );
      let instructions = 0;
      listed.stdout.split('\n').forEach((line, index) => {
        const [, mnemonic] = /^\s*[0-9a-f]+:\t[^\t]+\t(?:(?:rep\w*|lock|data16|[cdefgs]s) )*(\S+)/.exec(line) ?? [];
        if (mnemonic === undefined || mnemonic === '(bad)') return;
        instructions++;
        assert.equal(mnemonics.get(index + 1), mnemonic, line);
      });
      assert.ok(instructions > 1000, `${instructions} instructions`);
    }
  });
});
