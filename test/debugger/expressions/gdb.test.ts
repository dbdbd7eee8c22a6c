/**
 * Our C expressions against gdb's: a file of globals is compiled, and each expression is evaluated by both on the file's initial values.
 */
import assert from 'node:assert/strict';
import { evaluateExpression, ExpressionError, type ExpressionEnvironment } from '../../../src/debugger/expressions';
import { MemoryError } from '../../../src/debugger/target';
import { floatOf, formatValue, integerOf, isFloat, type Value } from '../../../src/debugger/values';
import { compiled, environmentOfFile, gdb } from './compiled';

const SCALARS = [
  'i', 'u', 'sh', 'byte', 'ch', 'sc', 'll', 'ull', 'yes', 'no', 'colour', 'flags', 'pt.x', 'pt.y', 'pts[2].y', 'bits.a', 'bits.b', 'bits.c',
  'bits.d', 'first.next->value', 'first.next->next', 'outer.in[1].s', 'outer.in[0].i', 'outer.in[0].lo', 'outer.in[0].hi', 'outer.p->x',
  'outer.links.next->next->value', 'matrix[1][2]', '*ip', '*ip + 1', 'ip[-1]', '*(ip - 2)', '-i', '~i', '!i', '!no', '+sh', '-sc', '~byte',
  'i + u', 'i * 3', 'i / 5', 'i % 5', '-i / 5', 'u / 7', 'u % 7', 'll / 1000', 'll % 1000', 'ull / 3', 'ull >> 60', 'll >> 3', 'i >> 2', 'u >> 28',
  'byte << 4', 'sh << 2', 'byte + byte', 'sc * byte', 'ch + 1', 'i & 0xff', 'u | 1', 'u ^ i', 'u & ~0xff', 'i < u', 'i < 0', 'sc < byte', 'll < i',
  'ull > ll', 'i == -42', 'i != -42', 'u >= 0xdeadbeef', 'u <= 1', 'yes && no', 'yes || no', 'i ? 1 : 2', 'no ? 1 : 2', '(i, 7)', 'yes == 1',
  '(char)i', '(unsigned char)i', '(short)u', '(long long)u', '(long long)i', '(unsigned long long)i', '(u8)300', '(int)d', '(int)ld', '(u64)-1',
  '(unsigned)ll', '(long)ull', '(int)f', 'sizeof(int)', 'sizeof i', 'sizeof(struct point)', 'sizeof(struct outer)', 'sizeof matrix', 'sizeof(matrix[0])',
  'sizeof(struct bits)', 'sizeof(char *)', 'sizeof(int[10])', 'sizeof(u64)', 'sizeof(enum colour)', '0x10', '010', '10', '10u', '10ull', '0xffffffff',
  '2147483648', '4294967296', '-2147483648', "'a'", "'\\n'", "'\\x41'", "'\\101'", '1 + 2 * 3', '(1 + 2) * 3', '1 << 2 + 1', '1 | 2 ^ 3 & 4', '7 & 3 == 3',
  '10 - 4 - 3', '100 / 10 / 5', '1 ? 2 : 3 ? 4 : 5', '1 < 2 == 1', '- -5', '!!i', '~~i', '&pts[3] - &pts[1]', '&matrix[1][2] - ip', '&pt == vp', 'null == 0',
  '(int)&pt', '(unsigned)vp', '(int)ip & 3', '&first.next->value', '&outer.in[1]', '&outer.links.name[2]', 'first.next', 'vp', 'ip + 2', 'ip - 1', '&i', 'pts + 1',
  '(struct point *)vp', '((struct point *)vp)->y', '((struct point *)vp)[0].x', '*(int *)vp', '*(short *)&i', '*(u8 *)&u', '((u8 *)&u)[3]', '*(char *)message',
  'message[2]', '*message', 'text[0]', 'text[4]', 'text[5]', 'RED', 'GREEN', 'BLUE', 'F_A | F_B', 'GREEN + 1', 'colour == BLUE', 'colour + 1', 'flags & F_C',
  'hidden', 'hidden * 2', 'cv', 'cv + 1', '(int)add == (int)fp', '(int)ops.add', '(int)fp', 'fp == add', '*fp == add', 'ops.name[1]',
  '(enum colour)5', '(int)(enum colour)6', '(_Bool)7', 'u + ll', 'ull + i', 'ull * 2', 'u * 2', 'i * i', 'u * u', 'll * ll', 'bits.c >> 8',
  '(&first)->value', '(*first.next).value', '(&pts[1])->x', '"abc"[1]', 'sizeof("abc")',
]; // prettier-ignore

const FLOATS = ['f', 'd', 'ld', 'f + d', 'f * 2', 'd / 4', '-d', 'i + f', 'd - i', '1.5', '2.5e3', '.25', '(double)i', '(float)3', '(double)ull', '1 / 2.0', '+f', 'ld * d']; // prettier-ignore

const TEXTS: [string, string][] = [
  ['text', '"hello"'],
  ['pt', '{x = 3, y = -4}'],
  ['matrix[0]', '{1, 2, 3}'],
  ['matrix', '{{1, 2, 3}, {4, 5, 6}}'],
  ['colour', 'BLUE'],
  ['flags', 'F_A | F_C'],
  ['ch', "65 'A'"],
  ['yes', 'true'],
  ['second', '{next = 0x0, value = 22, name = "second"}'],
];

describe('C expressions', () => {
  const program = compiled('globals.c');
  let env: ExpressionEnvironment;

  before(() => (env = environmentOfFile(program.file())));
  after(() => program.remove());

  it(`gives the integers that gdb gives, in ${SCALARS.length} cases`, () => {
    const ours = SCALARS.map((text) => integerOf(evaluateExpression(text, env)));
    // `print/d` of a pointer or function shows its address; the cast makes both wide enough to compare.
    const theirs = gdb(program.file(), SCALARS.map((text) => `output/x (unsigned long long)(${text})`)); // prettier-ignore
    SCALARS.forEach((text, i) => {
      const value = evaluateExpression(text, env);
      const expected = BigInt.asUintN(64, BigInt(theirs[i]));
      const wide = value.bareType.kind === 'pointer' ? BigInt.asUintN(32, ours[i]) : BigInt.asUintN(64, ours[i]);
      assert.equal(wide, expected, `${text}: ours ${wide}, gdb ${expected}`);
    });
  });

  it(`gives the floating-point numbers that gdb gives, in ${FLOATS.length} cases`, () => {
    const theirs = gdb(program.file(), FLOATS.map((text) => `output (double)(${text})`)); // prettier-ignore
    FLOATS.forEach((text, i) => {
      const value = evaluateExpression(text, env);
      assert.ok(isFloat(value.type), text);
      assert.equal(floatOf(value), Number(theirs[i]), text);
    });
  });

  it('shows values in the notation of C', () => {
    for (const [text, shown] of TEXTS)
      assert.equal(formatValue(evaluateExpression(text, env), { depth: 2 }), shown, text);
  });

  it('compares text with text, which C would not', () => {
    assert.equal(integerOf(evaluateExpression('text == "hello"', env)), 1n);
    assert.equal(integerOf(evaluateExpression('text != "hello"', env)), 0n);
    assert.equal(integerOf(evaluateExpression('first.name == "second"', env)), 0n);
  });

  it('promotes a narrow unsigned bit-field to int, as C11 6.3.1.1 says (gdb leaves it unsigned)', () => {
    assert.equal(integerOf(evaluateExpression('bits.a + bits.b', env)), -2n);
    assert.equal(integerOf(evaluateExpression('bits.b < bits.a', env)), 1n);
    assert.equal(integerOf(evaluateExpression('bits.a - 6', env)), -1n);
  });

  it('knows offsetof, container_of, slices and ranges', () => {
    assert.equal(integerOf(evaluateExpression('offsetof(struct outer, links.value)', env)), 32n);
    assert.equal(integerOf(evaluateExpression('container_of(&second.value, struct list, value) == &second', env)), 1n);
    assert.equal(formatValue(evaluateExpression('matrix[0][0]@6', env)), '{1, 2, 3, 4, 5, 6}');
    assert.equal(formatValue(evaluateExpression('matrix[1][1..2]', env)), '{5, 6}');
  });

  const mistakes: [string, RegExp][] = [
    ['', /empty/],
    ['1 +', /value is expected where the end is/],
    ['nobody', /no variable, function or constant "nobody"/],
    ['pt.z', /struct point has no member "z"/],
    ['i.x', /has no members/],
    ['*i.x', /has no members/],
    ['add(1, 2)', /cannot be called/],
    ['(struct nothing *)0', /no type "struct nothing"/],
    ['*vp', /cast it to a pointer/],
    ['1 / 0', /Division by zero/],
    ['i = 3', /assignment is not allowed/],
    ['i++', /assignment is not allowed/],
    ['&bits.a', /bit-field has no address/],
    ['&1', /no address/],
    ['"abc', /not closed/],
    ['1 ~ 2', /should end/],
    ['0x', /not a number|does not belong|should end/],
    ['i @ 0', /elements/],
    ['(((((', /expected/],
    ['$nothing', /no register or variable/],
    ['*(int *)0', /Cannot access memory/],
    ['('.repeat(5000) + '1' + ')'.repeat(5000), /nested too deeply/],
  ];
  for (const [text, message] of mistakes) {
    it(`says what is wrong with ${text.length > 20 ? `${text.slice(0, 10)}…` : `"${text}"`}`, () => {
      assert.throws(
        () => formatLoudly(evaluateExpression(text, env)),
        (error: Error) => {
          assert.match(error.message, message);
          assert.ok(error instanceof ExpressionError || error.name === 'ValueError' || error instanceof MemoryError);
          return true;
        },
      );
    });
  }
});

/** Reads the value, so that an address that cannot be read shows. */
function formatLoudly(value: Value): string {
  value.bytes();
  return formatValue(value);
}
