/** ELF32 and DWARF 5 (and 4) for 32-bit x86: the public face of src/symbols. */
export * from './api';
export { callSiteParameterValue, callSiteValue, evaluateFrameBase } from './callSites';
export { registerName } from './constants';
export { openElf } from './elf';
export { evaluate, evaluateAddress, evaluateValue } from './expression';
export { joinPath, normalizePath } from './paths';
export { type ReadValue, copyBits, readLocation } from './pieces';
export { SymbolFile } from './symbolFile';
export { declaration, sizeOf, stripQualifiers, stripTypedefs, typeName } from './typeNames';
export { VOID } from './types';
