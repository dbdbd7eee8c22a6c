export function cacheRoot(env?: NodeJS.ProcessEnv): string;
export function hashInputs(inputs: Record<string, string | Uint8Array>): string;
export function fileInputs(root: string, files: string[]): Record<string, Uint8Array>;
export function ensureEntry(entry: {
  root?: string;
  kind: string;
  key: string;
  build: (out: string, scratch: string) => void | Promise<void>;
  waiting?: (text: string) => void;
}): Promise<string>;
