export function ensureKernel(project: string, cache?: string): Promise<string>;
export function checkConfig(fragment: string, config: string): void;
