/**
 * Which forms get a place in the interpreter's own function. Others get a function of their own when they are met, which costs a call each time;
 * but each place here costs time when V8 optimises the function.
 */

import { type Form, FORMS } from '../cpu/forms';
import { Operand } from './emitter';

/** A handler inside the interpreter's function: a form, or two that are executed one after the other. */
export interface Inlined {
  readonly form: Form;
  readonly operand: Operand;
  readonly second?: { readonly form: Form; readonly operand: Operand };
}

/** Mnemonics by operand size: what makes up 99.9 % of a boot, a TCP exchange and integer kernels. */
const HOT: Record<8 | 16 | 32, ReadonlySet<string>> = {
  8: words('mov cmp test movzx movsx and or xor add sub shr inc dec sete setne setb setae seta movs stos scas lods'),
  16: words('mov cmp movzx movsx movs'),
  32: words(
    'add or adc sbb and sub xor cmp test inc dec neg not imul mul div idiv shl shr sar rol ror shld shrd bt bts btr bsf bsr bswap',
    'mov movzx movsx lea xchg push pop pushf leave call ret jmp nop cwd cmpxchg xadd movs stos cli cld',
    'cmove cmovne cmovb cmovae cmovbe cmova cmovs cmovns cmovl cmovge cmovle cmovg',
    'jo jno jb jae je jne jbe ja js jns jp jnp jl jge jle jg loop',
  ),
};
/** Those not worth a place with an operand in memory, */
const REGISTERS_ONLY = /^(set|cmov|sh[lr]d|bs|mul|i?div|ro|nop|not|neg|xchg|sar|shl)/;
/** worth one with a scaled index, */
const INDEXED = words('mov movzx movsx lea add sub xor and or cmp inc dec jmp call');
/** and with a segment that has to be looked at. */
const SEGMENTED = words('mov cmp');
/** Those that are often followed by a conditional jump that tests their result. */
const COMPARING = words('cmp test sub and or');

/** Jumps worth fusing, by what is compared. */
function fusedJumps({ mnemonic, isMemory, size }: Form): RegExp {
  if (mnemonic !== 'cmp' && mnemonic !== 'test') return isMemory ? /^$/ : /^jn?e$/;
  if (size === 8) return isMemory ? /^jn?e$/ : /^j(n?[be]|ae|be|a)$/;
  return isMemory ? /^j(n?e|be|a)$/ : /^j(n?[bes]|ae|be|[algb]e?)$/;
}

function words(...lines: string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')));
}

export function hotForms(): Inlined[] {
  const hot = FORMS.filter(
    ({ addressSize, isMemory, mnemonic, rare, size, usesAddressSize }) =>
      HOT[size].has(mnemonic) &&
      !rare &&
      !(usesAddressSize && addressSize === 16) &&
      !(isMemory && REGISTERS_ONLY.test(mnemonic)),
  );
  const list: Inlined[] = [];
  for (const form of hot) {
    list.push({ form, operand: Operand.Base });
    if (form.isMemory) {
      if (INDEXED.has(form.mnemonic)) list.push({ form, operand: Operand.Index });
      if (SEGMENTED.has(form.mnemonic)) list.push({ form, operand: Operand.Segmented });
    } else if (form.endsBlock) {
      list.push({ form, operand: Operand.Near });
    }
  }
  return [...list, ...fusions(hot)];
}

/** A comparison and the jump behind it. */
function fusions(hot: readonly Form[]): Inlined[] {
  const list: Inlined[] = [];
  for (const form of hot) {
    if (!COMPARING.has(form.mnemonic) || form.size === 16) continue;
    for (const jump of hot) {
      if (jump.size !== 32 || !fusedJumps(form).test(jump.mnemonic)) continue;
      list.push({ form, operand: Operand.Base, second: { form: jump, operand: Operand.Near } });
    }
  }
  return list;
}
