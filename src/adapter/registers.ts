import { DebuggerError, type Frame } from '../debugger/api';
import type { RegisterName, Target } from '../debugger/target';
import type { PlainVariable } from './handles';

const GENERAL: readonly RegisterName[] = ['eax', 'ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp', 'esp', 'eip', 'eflags'];
const SEGMENT: readonly RegisterName[] = ['cs', 'ss', 'ds', 'es', 'fs', 'gs'];

/** Bits of EFLAGS (SDM volume 1, figure 3-8). */
const FLAGS: readonly [bit: number, name: string, meaning: string][] = [
  [0, 'CF', 'carry'],
  [2, 'PF', 'parity'],
  [4, 'AF', 'auxiliary carry'],
  [6, 'ZF', 'zero'],
  [7, 'SF', 'sign'],
  [8, 'TF', 'trap'],
  [9, 'IF', 'interrupts enabled'],
  [10, 'DF', 'direction'],
  [11, 'OF', 'overflow'],
  [14, 'NT', 'nested task'],
  [16, 'RF', 'resume'],
  [17, 'VM', 'virtual-8086 mode'],
  [18, 'AC', 'alignment check'],
  [19, 'VIF', 'virtual interrupts'],
  [20, 'VIP', 'virtual interrupt pending'],
  [21, 'ID', 'CPUID available'],
];
/** Bits of CR0 and CR4 (SDM volume 3, section 2.5). */
const CR0_BITS: readonly [number, string][] = [
  [0, 'PE'], [1, 'MP'], [2, 'EM'], [3, 'TS'], [4, 'ET'], [5, 'NE'], [16, 'WP'], [18, 'AM'], [29, 'NW'], [30, 'CD'], [31, 'PG'],
]; // prettier-ignore
const CR4_BITS: readonly [number, string][] = [
  [0, 'VME'], [1, 'PVI'], [2, 'TSD'], [3, 'DE'], [4, 'PSE'], [5, 'PAE'], [6, 'MCE'], [7, 'PGE'], [8, 'PCE'], [9, 'OSFXSR'], [10, 'OSXMMEXCPT'],
]; // prettier-ignore

/** `0x0000002a`. */
export function hex32(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
}

/** `CF ZF IF`: the set bits by name. */
export function bitNames(value: number, bits: readonly (readonly [number, string, ...unknown[]])[]): string {
  const names = bits.filter(([bit]) => (value >>> bit) & 1).map(([, name]) => name);
  return names.join(' ') || 'none';
}

/** How a person's text becomes a register's new value: an expression evaluated by the caller. */
export type EvaluateNumber = (text: string) => number;

/**
 * The groups of the Registers scope for a frame.
 * @param current the frame as it is when a group is opened: a changed register unwinds the stack anew
 */
export function registerGroups(
  current: () => Frame,
  target: Target,
  describe: (address: number) => string | undefined,
  evaluate: EvaluateNumber,
): PlainVariable[] {
  const frame = current();
  const innermost = frame.index === 0 || frame.registers.get('eip')?.place.kind === 'register';
  const groups: PlainVariable[] = [
    group('General', () => GENERAL.map((name) => generalRegister(current(), name, describe, evaluate))),
    group('Flags', () => flagRegisters(current(), evaluate)),
    group('Segment', () => SEGMENT.map((name) => segmentRegister(current(), name))),
  ];
  if (target.abilities.systemRegisters) groups.push(group('Control', () => controlRegisters(target)));
  // The FPU is not part of a frame: its registers are the processor's, and mean something only for the running task.
  if (innermost)
    groups.push(
      group('Floating point', () =>
        target.floatRegisters().map(({ name, text }) => ({ name, value: text, type: 'long double' })),
      ),
    );
  return groups;
}

function group(name: string, children: () => PlainVariable[]): PlainVariable {
  return { name, value: '', children };
}

function unknownRegister(name: string): PlainVariable {
  return { name, value: '<not saved: a called function may have changed it>', type: 'int' };
}

function generalRegister(
  frame: Frame,
  name: RegisterName,
  describe: (address: number) => string | undefined,
  evaluate: EvaluateNumber,
): PlainVariable {
  const register = frame.registers.get(name);
  if (!register) return unknownRegister(name);
  const symbol = name === 'eflags' ? bitNames(register.value, FLAGS) : describe(register.value);
  return {
    name,
    value: `${hex32(register.value)}${symbol ? ` <${symbol}>` : ''}`,
    type: 'unsigned int',
    expression: `$${name}`,
    memory: name === 'eflags' ? undefined : register.value,
    set: register.place.kind === 'computed' ? undefined : (text) => frame.writeRegister(name, evaluate(text) >>> 0),
  };
}

function flagRegisters(frame: Frame, evaluate: EvaluateNumber): PlainVariable[] {
  const flags = frame.registers.get('eflags');
  if (!flags) return [unknownRegister('eflags')];
  const single = FLAGS.map(([bit, name, meaning]) => ({
    name,
    value: String((flags.value >>> bit) & 1),
    type: meaning,
    set: (text: string): void => {
      const wanted = evaluate(text);
      if (wanted !== 0 && wanted !== 1) throw new DebuggerError(`A flag is 0 or 1, not ${text}.`);
      frame.writeRegister('eflags', ((flags.value & ~(1 << bit)) | (wanted << bit)) >>> 0);
    },
  }));
  const level = { name: 'IOPL', value: String((flags.value >>> 12) & 3), type: 'I/O privilege level' };
  return [...single.slice(0, 9), level, ...single.slice(9)];
}

function segmentRegister(frame: Frame, name: RegisterName): PlainVariable {
  const register = frame.registers.get(name);
  if (!register) return unknownRegister(name);
  const { value } = register;
  const table = value & 4 ? 'LDT' : 'GDT';
  const text = value < 4 ? 'null' : `${table} entry ${value >>> 3}, privilege ${value & 3}`;
  return {
    name,
    value: `0x${value.toString(16).padStart(4, '0')} (${text})`,
    type: 'selector',
    expression: `$${name}`,
  };
}

function controlRegisters(target: Target): PlainVariable[] {
  const s = target.systemRegisters();
  const row = (name: string, value: number | undefined, text = ''): PlainVariable[] =>
    value === undefined ? [] : [{ name, value: `${hex32(value)}${text && ` (${text})`}`, type: 'unsigned int' }];
  const debug = s.dr ?? [];
  return [
    ...row('cr0', s.cr0, bitNames(s.cr0 ?? 0, CR0_BITS)),
    ...row('cr2', s.cr2),
    ...row('cr3', s.cr3),
    ...row('cr4', s.cr4, bitNames(s.cr4 ?? 0, CR4_BITS)),
    ...row('cpl', s.cpl),
    ...row('gdtr base', s.gdtrBase),
    ...row('gdtr limit', s.gdtrLimit),
    ...row('idtr base', s.idtrBase),
    ...row('idtr limit', s.idtrLimit),
    ...row('ldtr', s.ldtr),
    ...row('tr', s.tr),
    ...row('tr base', s.trBase),
    ...row('fs base', s.fsBase),
    ...row('gs base', s.gsBase),
    ...[0, 1, 2, 3, 6, 7].flatMap((number, i) => row(`dr${number}`, debug[i])),
  ];
}
