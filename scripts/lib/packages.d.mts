export const GUEST_PACKAGES: string[];
export const TEST_PACKAGES: string[];
export function reasonFor(name: string): string;
export function missingPackages(names: string[]): string[];
export function missingMessage(missing: string[]): string;
export function packageVersion(name: string): string;
export function ensurePackages(names: string[], report?: (line: string) => void): void;
