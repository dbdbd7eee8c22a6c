export function textsOf(name: string, text: string): string[];
export function bundle(): Record<string, string>;
