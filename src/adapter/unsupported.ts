import type { Machine, MachineStop } from '../machine/machine';
import { Disassembler } from './disassembler';

/** The longest instruction. */
const BYTES = 15;

/** What a person should know of a stop at an instruction that the machine does not have: the instruction, its address, and what to do about it. */
export function describeUnsupported(machine: Machine, stop: MachineStop): string {
  const { bytes } = machine.readVirtual(stop.address, BYTES);
  const [instruction] = new Disassembler().disassemble(bytes, stop.address, 1);
  const text = instruction?.valid
    ? instruction.text.replace(/\s+/g, ' ')
    : [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const feature = stop.missing ?? 'such a feature';
  return (
    `${text} at 0x${stop.address.toString(16).padStart(8, '0')} needs ${feature}, which this machine (an i686) does not have; the guest cannot go on. ` +
    'Compile for it (gcc -m32 -march=i686), or ask CPUID before use.'
  );
}
