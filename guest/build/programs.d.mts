export function ensurePrograms(project: string, cache?: string): Promise<string>;
export function programNames(project: string): string[];
export function summaryOf(name: string, source: string): string;
