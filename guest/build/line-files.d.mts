export function lineTableFiles(elf: Buffer): Set<string>;
