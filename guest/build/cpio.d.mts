export interface CpioEntry {
  path: string;
  directory?: true;
  data?: Uint8Array;
  device?: [number, number];
  mode: number;
}

export function cpioArchive(entries: CpioEntry[]): Buffer;
