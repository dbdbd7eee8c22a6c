/** Typed values of the guest: where they are, what they contain, how they are shown and changed. */
export { ValueError, type ValueAccess } from './access';
export { arrayOf, childCount, childrenOf, elementOf, isStruct, memberOf, targetOf, withLength } from './children';
export { formatEnum, formatValue, memoryReferenceOf, type FormatOptions } from './format';
export {
  bytesOf,
  floatOf,
  floatToBytes,
  integerOf,
  isFloat,
  isInteger,
  isPointerLike,
  isSigned,
  isTrue,
  stride,
  unsignedOf,
} from './scalars';
export { partOf, storageOf, type Storage } from './storage';
export { mustBeMapped, unavailability, Value, type BitField } from './value';
