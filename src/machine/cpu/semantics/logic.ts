/** AND OR XOR TEST NOT. */

import { comparing, unary, writing, type Binary } from './operands';

const conjunction: Binary = (o, a, b) => {
  const result = o.and(a, b);
  o.flagsLogic(o.size, result);
  return result;
};

export const and = writing(conjunction);
export const test = comparing(conjunction);

export const or = writing((o, a, b) => {
  const result = o.or(a, b);
  o.flagsLogic(o.size, result);
  return result;
});

export const xor = writing((o, a, b) => {
  const result = o.xor(a, b);
  o.flagsLogic(o.size, result);
  return result;
});

/** NOT changes no flags. */
export const not = unary((o, a) => o.not(a));
