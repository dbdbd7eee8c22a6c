export function bundleSuites(folder: string): Promise<string>;
