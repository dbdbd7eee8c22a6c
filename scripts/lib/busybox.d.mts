export function ensureBusybox(): Promise<{ program: string; version: string }>;
