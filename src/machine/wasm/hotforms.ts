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

/** Mnemonics by operand size. */
const HOT: Record<8 | 16 | 32, ReadonlySet<string>> = {
  8: words(
    'mov cmp test movzx movsx and or xor add sub sete setne setb setae setbe seta setl setge setle setg movs stos',
  ),
  16: words('mov cmp test movzx movsx'),
  32: words(
    'add or adc sbb and sub xor cmp test inc dec neg not imul mul div shl shr sar rol ror shld shrd bt bts btr bsf bsr bswap mov movzx movsx',
    'lea xchg push pop leave call ret jmp nop cwd cmpxchg xadd movs stos loop jcxz',
    'cmove cmovne cmovb cmovae cmovbe cmova cmovs cmovns cmovl cmovge cmovle cmovg',
    'jo jno jb jae je jne jbe ja js jns jp jnp jl jge jle jg',
  ),
};
/** Those worth a place with a segment that has to be looked at. */
const SEGMENTED = words('mov add inc dec cmp test');
/** Those that are often followed by a conditional jump that tests their result. */
const COMPARING = words('cmp test sub and or');
const CONDITIONAL = /^j(?!mp|cxz)/;

function words(...lines: string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')));
}

export function hotForms(): Inlined[] {
  const hot = FORMS.filter(
    (form) => !form.rare && HOT[form.size].has(form.mnemonic) && !(form.usesAddressSize && form.addressSize === 16),
  );
  const list: Inlined[] = [];
  for (const form of hot) {
    list.push({ form, operand: Operand.Base });
    if (form.isMemory) {
      list.push({ form, operand: Operand.Index });
      if (SEGMENTED.has(form.mnemonic)) list.push({ form, operand: Operand.Segmented });
    } else if (form.endsBlock) {
      list.push({ form, operand: Operand.Near });
    }
  }
  return [...list, ...fusions(hot)];
}

/** A comparison and the jump behind it. */
function fusions(hot: readonly Form[]): Inlined[] {
  const jumps = hot.filter(
    (form) => form.size === 32 && CONDITIONAL.test(form.mnemonic) && !/^j[op]|^jn[op]/.test(form.mnemonic),
  );
  const list: Inlined[] = [];
  for (const form of hot) {
    if (!COMPARING.has(form.mnemonic) || form.size === 16) continue;
    const compare = form.mnemonic === 'cmp' || form.mnemonic === 'test';
    for (const jump of jumps) {
      if (!compare && !/^jn?e$/.test(jump.mnemonic)) continue;
      if (form.isMemory && !/^j(n?e|be|a)$/.test(jump.mnemonic)) continue;
      list.push({ form, operand: Operand.Base, second: { form: jump, operand: Operand.Near } });
    }
  }
  return list;
}
