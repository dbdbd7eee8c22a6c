/** Members of kernel structures by path, as numbers: also bit-fields and members of any integer size. */

import { childrenOf, integerOf, isStruct, memberOf, type Value } from '../debugger/values';
import { LinuxError } from './kernel';

/** A member by path (`sk.__sk_common.skc_num`); anonymous structures are passed through. @throws LinuxError where there is none */
export function fieldOf(value: Value, path: string): Value {
  const found = fieldIfAny(value, path);
  if (!found) throw new LinuxError(`This kernel has no ${value.name}.${path}.`);
  return found;
}

/** The same, or undefined where this kernel has no such member. */
export function fieldIfAny(value: Value, path: string): Value | undefined {
  let at: Value | undefined = value;
  for (const name of path.split('.')) {
    at = at && memberNamed(at, name);
  }
  return at;
}

function memberNamed(value: Value, name: string): Value | undefined {
  const type = value.bareType;
  const member = isStruct(type) ? type.member(name) : undefined;
  return member && memberOf(value, member);
}

/** Number in a member. @throws LinuxError where there is none, MemoryError */
export function numberOf(value: Value, path: string): number {
  return Number(integerOf(fieldOf(value, path)));
}

/** Numbers of an array member. */
export function numbersOf(value: Value, path: string): number[] {
  return childrenOf(fieldOf(value, path)).map((each) => Number(integerOf(each)));
}
