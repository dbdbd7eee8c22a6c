/** Recorded instructions that later processors execute differently, each with the place in the manual that says so. */

/** What of a vector decides. */
interface Recorded {
  op: string;
  idx: number;
  name: string;
}

interface Difference {
  reason: string;
  /** By name, all of them; or those whose name begins with LOCK and that `LOCKABLE` does not match. */
  cases: readonly string[] | 'lock';
}

/** Read-modify-write of memory by an instruction that the manual lists under LOCK. */
const LOCKABLE = /^lock (add|or|adc|sbb|and|sub|xor|inc|dec|not|neg|xchg) ((byte|word) )?\[|^lock xchg .*\[/;

export const DIFFERENT: readonly Difference[] = [
  {
    reason: 'LOCK before what cannot be locked is #UD since the 80386 (volume 2, LOCK; volume 3, 23.20)',
    cases: 'lock',
  },
  {
    reason: 'a word at offset 0xffff of SS is #SS since the 80386, not #GP (volume 3, 6.15, interrupt 12)',
    cases: [
      '81.6 #1485 xor word [bp+si],0E53Eh',
      'C1.7 #1300 sar word [bp+si],73h',
      'C9 #412 leave',
      'C9 #819 leave',
      'C9 #1226 leave',
      'C9 #1559 leave',
      'C9 #2188 leave',
      'D3.0 #1411 rol word [bp+si],cl',
      'F7.6 #1189 div word [bp+si]',
    ],
  },
  {
    reason: 'an instruction of more than 10 bytes is allowed since the 80386, up to 15 (volume 2, 2.3.11)',
    cases: ['81.0 #5 add word [si+1DDFh],7693h', '81.3 #1004 sbb word [es:bp+di-8BCh],57F9h'],
  },
  {
    reason:
      'a fault leaves the index and count registers of a string instruction unchanged since the 80386 (volume 3, 6.6)',
    cases: [
      '6D #264 insw',
      '6F #190 outsw',
      '6F #449 outsw',
      '6F #1078 outsw',
      '6F #1485 es outsw',
      'A5 #42 movsw',
      'A5 #671 movsw',
      'A5 #819 repne movsw',
      'A5 #1189 movsw',
      'A7 #227 cmpsw',
      'A7 #264 repe cmpsw',
      'A7 #301 cmpsw',
      'A7 #560 cmpsw',
      'A7 #819 cmpsw',
      'A7 #1633 cmpsw',
      'A7 #1670 cmpsw',
      'A7 #2151 es cmpsw',
      'AB #79 stosw',
      'AB #671 stosw',
      'AD #708 rep lodsw',
      'AD #1966 cs lodsw',
      'AF #597 scasw',
      'AF #745 scasw',
      'AF #1152 scasw',
      'AF #1300 scasw',
      'AF #1855 scasw',
      'AF #1966 scasw',
    ],
  },
];

/** Why a vector is not compared, or undefined where it is. */
export function reasonForDifference({ op, idx, name }: Recorded): string | undefined {
  const full = `${op} #${idx} ${name}`;
  return DIFFERENT.find(({ cases }) =>
    cases === 'lock' ? name.startsWith('lock ') && !LOCKABLE.test(name) : cases.includes(full),
  )?.reason;
}
