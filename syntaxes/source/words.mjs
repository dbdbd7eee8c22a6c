/**
 * Names of instructions and registers, from the tables of iced-x86, as patterns for grammars. iced-x86 names what Intel's manual
 * names; what the GNU assembler calls otherwise in AT&T syntax is added here (gas manual, "i386-Mnemonics").
 */
import { Mnemonic, Register } from 'iced-x86';

const names = (table) =>
  Object.keys(table)
    .filter((name) => Number.isNaN(Number(name)))
    .map((name) => name.toLowerCase());

/** tttn conditions of jumps, SETcc and CMOVcc with all their synonyms (Intel SDM volume 2, appendix B.1.4.7). */
const CONDITIONS =
  'o no b c nae nb nc ae e z ne nz be na nbe a s ns p pe np po l nge nl ge le ng nle g'.split(' '); // prettier-ignore

/** Instructions whose AT&T names are not Intel's name with a suffix for the operand's size. */
const ATT = [
  ...'cbtw cwtl cwtd cltd cltq cqto lcall ljmp lret lretl lretw lretq iretl iretw iretq fwait'.split(' '),
  ...'pushal pushaw popal popaw pushfl pushfw popfl popfw jcxz jecxz loopz loopnz sal xlatb'.split(' '),
  ...'movabs movabsq movslq cmpsl scasl stosl lodsl movsl insl outsl'.split(' '),
  ...['movs', 'movz'].flatMap((name) => ['b', 'w', 'bw', 'bl', 'bq', 'wl', 'wq', 'lq'].map((sizes) => name + sizes)),
  ...'fildl fildll filds fildq fistl fistps fistpl fistpll fistpq fistp fisttps fisttpl fisttpll'.split(' '),
  ...'flds fldl fldt fsts fstl fstps fstpl fstpt fadds faddl fsubs fsubl fsubrs fsubrl fmuls fmull'.split(' '),
  ...'fdivs fdivl fdivrs fdivrl fcoms fcoml fcomps fcompl fiadds fiaddl fisubs fisubl fimuls fimull'.split(' '),
  ...'fidivs fidivl ficoms ficoml ficomps ficompl fnstcw fstcw fnstsw fstsw fnsave fsave fxsave64'.split(' '),
  'ud2a',
  'ud2b',
];

/** Written before an instruction. Segment overrides are written as prefixes only by disassemblers. */
const PREFIXES =
  'rep repe repz repne repnz lock data16 data32 addr16 addr32 notrack xacquire xrelease bnd cs ds es fs gs ss'.split(
    ' ',
  );

/** Registers under the names that the GNU assembler and gdb add to Intel's. */
const MORE_REGISTERS = [
  'st',
  'eflags',
  // objdump's names for no index
  'eiz',
  'riz',
  ...Array.from({ length: 8 }, (_, i) => `db${i}`),
  ...Array.from({ length: 8 }, (_, i) => `tr${i}`),
];

const unique = (list) => [...new Set(list)].sort();

/** Lower-case names of all instructions, without suffixes for sizes. */
export const INSTRUCTIONS = unique([
  ...names(Mnemonic).filter((name) => name !== 'invalid' && !/^(db|dw|dd|dq)$/.test(name)),
  ...['j', 'set', 'cmov'].flatMap((stem) => CONDITIONS.map((condition) => stem + condition)),
  ...ATT,
]);

/** Those that go elsewhere, whose operand is the name of code. */
export const BRANCHES = INSTRUCTIONS.filter((name) => /^(j|l?call|ljmp|loop|xbegin)/.test(name));

/** Lower-case names of all registers, without `%`. */
export const REGISTERS = unique([
  ...names(Register).filter((name) => !/^(none|dontuse)/.test(name) && !/^st\d$/.test(name)),
  ...MORE_REGISTERS,
]);

/**
 * A pattern that matches exactly these words, as a tree of their beginnings: a list of 2,000 alternatives would be tried one by one.
 * @param {readonly string[]} words of letters, digits and underscores
 * @returns {string}
 */
export function patternOf(words) {
  const branches = new Map();
  for (const word of words) {
    if (word === '') continue;
    branches.set(word[0], [...(branches.get(word[0]) ?? []), word.slice(1)]);
  }
  const choices = [...branches].map(([letter, rests]) => letter + patternOf(rests));
  const isOptional = words.includes('');
  if (choices.length === 0) return '';
  if (choices.length === 1 && !isOptional) return choices[0];
  const single = choices.every((choice) => choice.length === 1);
  const group = single ? (choices.length === 1 ? choices[0] : `[${choices.join('')}]`) : `(?:${choices.join('|')})`;
  return isOptional ? `${group}?` : group;
}

const noPart = String.raw`(?![\w.$\\])`;
/** A whole word that is an instruction, with a suffix for its operand's size or without. */
export const INSTRUCTION = String.raw`(?:${patternOf(INSTRUCTIONS)})[bwlqst]?${noPart}`;
export const BRANCH = String.raw`(?:${patternOf(BRANCHES)})[wlq]?${noPart}`;
export const PREFIX = String.raw`(?:${patternOf(PREFIXES)})${noPart}`;
/** A register's name without `%`; parts of the floating-point stack are written st(1). */
export const REGISTER = String.raw`(?:st\(\d\)|(?:${patternOf(REGISTERS)})(?![\w.$]))`;
