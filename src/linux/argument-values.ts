/**
 * What an argument of a system call is once it has been decoded: the bytes and numbers, read from the caller's memory at the time, and no
 * text yet. strace-values.ts and brief-values.ts make their two notations of it.
 */

/** How a decoder reads the caller's memory. @throws MemoryError */
export type ReadMemory = (address: number, length: number) => Uint8Array;

/** Numbers that have names. */
export type NamedNumber =
  'family' | 'type' | 'protocol' | 'messageFlags' | 'acceptFlags' | 'how' | 'level' | 'option' | 'call';

/** A buffer of an I/O vector. */
export interface BufferValue {
  readonly base: number;
  readonly length: number;
  /** The data as far as it is shown; absent where there is none yet, or it cannot be read. */
  readonly bytes?: Uint8Array;
  /** How much data there is; at most `length`. */
  readonly filled: number;
}

export interface ControlMessage {
  readonly length: number;
  readonly level: number;
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** struct user_msghdr with what it points to. */
export interface MessageValue {
  readonly name: number;
  /** The address behind `name`; absent where there is none yet, or it cannot be read. */
  readonly nameBytes?: Uint8Array;
  /** msg_namelen before the call and now. */
  readonly nameLengths: readonly [before: number, now: number];
  readonly buffers: readonly BufferValue[];
  /** Elements of the vector; more than `buffers` has where not all are shown. */
  readonly vectorLength: number;
  readonly control: number;
  readonly controlLength: number;
  /** Absent where there are none yet, or they cannot be read. */
  readonly controlMessages?: readonly ControlMessage[];
  readonly flags: number;
}

export type ArgumentValue =
  /** Of a call that is not of sockets: the text is made when it is read. Where memory was not there to be read, it is the address only. */
  | { readonly kind: 'text'; readonly text: string; readonly isUnread: boolean }
  /** The argument's own word is not known. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'signed' | 'unsigned' | 'pointer'; readonly value: number }
  /** A number of no known meaning: large ones are better read in hexadecimal. */
  | { readonly kind: 'word'; readonly value: number }
  /** @param of the family of a protocol, the level of an option */
  | { readonly kind: 'named'; readonly names: NamedNumber; readonly value: number; readonly of: number }
  | { readonly kind: 'sockaddr'; readonly bytes: Uint8Array }
  /** The first bytes of `size`. */
  | { readonly kind: 'data'; readonly bytes: Uint8Array; readonly size: number }
  | { readonly kind: 'option'; readonly level: number; readonly option: number; readonly bytes: Uint8Array }
  /** A number behind a pointer, before the call and now. */
  | { readonly kind: 'length'; readonly before: number; readonly now: number }
  | { readonly kind: 'offset'; readonly before: bigint; readonly now: bigint }
  | { readonly kind: 'pair'; readonly values: readonly [number, number] }
  | { readonly kind: 'message'; readonly message: MessageValue }
  | {
      readonly kind: 'messages';
      readonly messages: readonly { readonly message: MessageValue; readonly length: number }[];
      /** There are more than are shown. */
      readonly more: boolean;
    }
  | { readonly kind: 'time'; readonly seconds: number; readonly fraction: number; readonly unit: 'tv_usec' | 'tv_nsec' }
  | { readonly kind: 'fdSet'; readonly members: readonly number[] };

/** Word of four bytes in the caller's memory, unsigned. @throws MemoryError */
export function readWord(read: ReadMemory, address: number): number {
  return wordIn(read(address >>> 0, 4), 0);
}

/** Word of four bytes in bytes that have been read, unsigned. */
export function wordIn(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] | (bytes[offset + 1] << 8) | (bytes[offset + 2] << 16) | (bytes[offset + 3] << 24)) >>> 0;
}
