/** Members that are macros: our reading of a header's `#define` lines against gdb's, which has them from -g3. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { evaluateExpression, type ExpressionEnvironment, type Idioms } from '../../../src/debugger/expressions';
import { integerOf } from '../../../src/debugger/values';
import { findMemberMacros } from '../../../src/linux/idioms';
import { compiled, environmentOfFile, gdb } from './compiled';

const CASES = [
  'sk->sk_family', 'sk->sk_reuse', 'sk->sk_ipv6only', 'sk->sk_prot', 'sk->sk_prot->number', 'sk->sk_hash', '&sk->sk_hash', '&sk->sk_prot',
  'sk->sk_backlog_len', 'inet->inet_hash', 'inet->inet_family', '&inet->inet_family', 'socket.inet_hash >> 4', 'inet->sk.sk_family + 1',
  '(*sk).sk_prot == &tcp', 'sizeof sk->sk_prot', '((struct inet_sock *)sk)->after',
]; // prettier-ignore

describe('C expressions with members that are macros', () => {
  const program = compiled('macros.c', '-g3');
  let env: ExpressionEnvironment;

  before(() => {
    const macros = findMemberMacros(readFileSync(path.join(__dirname, 'macros.c'), 'utf8'));
    const idioms: Idioms = {
      memberPath: (_type, name) => macros.get(name),
      accessor: (name) => (name === 'inet_sk' ? 'struct inet_sock' : undefined),
      variable: () => undefined,
    };
    env = environmentOfFile(program.file(), { idioms });
  });
  after(() => program.remove());

  it(`gives what gdb gives, in ${CASES.length} cases`, () => {
    const theirs = gdb(program.file(), ['list uses', ...CASES.map((text) => `output/x (unsigned long long)(${text})`)]);
    CASES.forEach((text, i) => {
      const ours = BigInt.asUintN(32, integerOf(evaluateExpression(text, env)));
      assert.equal(ours, BigInt(theirs[i + 1]), text);
    });
  });

  it('knows them in offsetof and behind accessors', () => {
    const number = (text: string): bigint => integerOf(evaluateExpression(text, env));
    assert.equal(number('offsetof(struct sock, sk_prot)'), number('(int)&sk->sk_prot - (int)sk'));
    assert.equal(number('offsetof(struct inet_sock, inet_family)'), 4n);
    assert.equal(number('inet_sk(sk)->after'), 9n);
    assert.equal(number('inet_sk(&socket.sk)->inet_hash'), 0x12345678n);
  });

  it('a name that no macro has is still no member', () => {
    assert.throws(() => evaluateExpression('sk->sk_nothing', env), /struct sock has no member "sk_nothing"/);
    assert.throws(() => evaluateExpression('tcp_sk(sk)', env), /cannot be called/);
  });
});
