/** Whether a hit counts as a stop. @param hits how often the breakpoint has been hit, this hit included */
export type HitTest = (hits: number) => boolean;

/**
 * VS Code's forms of hit counts: `5` and `==5` stop at the fifth hit only… `>=5`, `>5`, `<5`, `<=5`, `!=5` compare, `%3` stops at each third.
 * @throws Error with one sentence where the text is none of these
 */
export function parseHitCondition(text: string): HitTest {
  const match = /^\s*(>=|<=|==|=|!=|>|<|%)?\s*(\d+)\s*$/.exec(text);
  if (!match)
    throw new Error(
      `The hit count "${text}" is not understood: write a number, or one of > >= < <= == != % before a number.`,
    );
  const count = Number(match[2]);
  switch (match[1]) {
    case '>':
      return (hits) => hits > count;
    case '>=':
      return (hits) => hits >= count;
    case '<':
      return (hits) => hits < count;
    case '<=':
      return (hits) => hits <= count;
    case '!=':
      return (hits) => hits !== count;
    case '%':
      if (count === 0) throw new Error('The hit count "%0" is not possible: no number is a multiple of zero.');
      return (hits) => hits % count === 0;
    default:
      return (hits) => hits === count;
  }
}
