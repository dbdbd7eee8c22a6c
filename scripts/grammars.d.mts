/** Text of each grammar by its file name in syntaxes/. */
export function grammars(): Record<string, string>;
