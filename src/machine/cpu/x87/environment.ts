/** Images of the FPU's state: FLDENV, FNSTENV, FRSTOR, FNSAVE (Intel SDM volume 1, 8.1.10, figures 8-9 to 8-12). */
import { type Extended, extended, HI, LO, SE } from './format';
import type { X87Host } from './host';
import type { X87State } from './state';

const scratch = extended();

/** Bytes of the environment alone. */
export function environmentSize(operandSize16: boolean): number {
  return operandSize16 ? 14 : 28;
}

/** Bytes of the environment and the data registers. */
export function stateSize(operandSize16: boolean): number {
  return environmentSize(operandSize16) + 80;
}

/** The environment's seven fields, each 16 or 32 bits wide in memory. */
const fields = new Int32Array(7);

/** Writes the environment; the caller has made sure that it can be written. */
export function storeEnvironment(state: X87State, host: X87Host, segment: number, offset: number): void {
  const size16 = host.operandSize16;
  const tags = state.tagWord(scratch);
  fields[0] = state.control;
  fields[1] = state.status;
  fields[2] = tags;
  if (host.protectedMode) {
    fields[3] = state.instructionOffset;
    fields[4] = size16 ? state.instructionSelector : state.instructionSelector | (state.opcode << 16);
    fields[5] = state.dataOffset;
    fields[6] = size16 ? state.dataSelector : state.dataSelector | 0xffff0000;
  } else {
    const instruction = (state.instructionSelector << 4) + state.instructionOffset;
    const data = (state.dataSelector << 4) + state.dataOffset;
    fields[3] = size16 ? instruction : (instruction & 0xffff) | 0xffff0000;
    fields[4] = (((instruction >>> 16) & (size16 ? 0xf : 0xffff)) << 12) | state.opcode;
    fields[5] = size16 ? data : (data & 0xffff) | 0xffff0000;
    fields[6] = ((data >>> 16) & (size16 ? 0xf : 0xffff)) << 12;
  }
  if (size16) {
    for (let i = 0; i < 7; i++) host.write16(segment, offset + i * 2, fields[i] & 0xffff);
  } else {
    // Reserved halves are written as ones.
    for (let i = 0; i < 3; i++) fields[i] |= 0xffff0000;
    for (let i = 0; i < 7; i++) host.write32(segment, offset + i * 4, fields[i]);
  }
}

/** Reads the fields of an environment; may fault, and changes nothing yet. */
function readFields(host: X87Host, segment: number, offset: number): void {
  for (let i = 0; i < 7; i++) {
    fields[i] = host.operandSize16 ? host.read16(segment, offset + i * 2) : host.read32(segment, offset + i * 4);
  }
}

function loadFields(state: X87State, host: X87Host): void {
  state.control = fields[0];
  state.status = fields[1];
  state.setTagWord(fields[2]);
  if (host.protectedMode) {
    const instruction = host.operandSize16 ? fields[3] & 0xffff : fields[3];
    // The 16-bit image of protected mode has no opcode.
    const opcode = host.operandSize16 ? 0 : fields[4] >>> 16;
    state.setInstruction(fields[4], instruction, opcode);
    state.setData(fields[6], host.operandSize16 ? fields[5] & 0xffff : fields[5]);
  } else {
    // Real-address mode keeps linear addresses.
    const high = host.operandSize16 ? 0xf : 0xffff;
    state.setInstruction(0, (fields[3] & 0xffff) | (((fields[4] >>> 12) & high) << 16), fields[4]);
    state.setData(0, (fields[5] & 0xffff) | (((fields[6] >>> 12) & high) << 16));
  }
}

/** FLDENV. */
export function loadEnvironment(state: X87State, host: X87Host, segment: number, offset: number): void {
  readFields(host, segment, offset);
  loadFields(state, host);
}

/** FNSAVE's image, without the initialisation that follows it; the caller has made sure that it can be written. */
export function storeState(state: X87State, host: X87Host, segment: number, offset: number): void {
  storeEnvironment(state, host, segment, offset);
  let at = offset + environmentSize(host.operandSize16);
  for (let i = 0; i < 8; i++, at += 10) {
    state.read(i, scratch);
    host.write32(segment, at, scratch[LO]);
    host.write32(segment, at + 4, scratch[HI]);
    host.write16(segment, at + 8, scratch[SE]);
  }
}

const loaded: readonly Extended[] = Array.from({ length: 8 }, () => extended());

/** FRSTOR. */
export function loadState(state: X87State, host: X87Host, segment: number, offset: number): void {
  readFields(host, segment, offset);
  let at = offset + environmentSize(host.operandSize16);
  for (let i = 0; i < 8; i++, at += 10) {
    loaded[i][LO] = host.read32(segment, at);
    loaded[i][HI] = host.read32(segment, at + 4);
    loaded[i][SE] = host.read16(segment, at + 8) & 0xffff;
  }
  loadFields(state, host);
  for (let i = 0; i < 8; i++) state.writeRaw(i, loaded[i]);
}
