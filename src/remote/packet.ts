/**
 * Framing of the gdb remote serial protocol ("Overview" in the gdb manual, appendix E.1): `$data#checksum`, escapes with `}`,
 * run-length encoding with `*`.
 *
 * One self-contained function, because the connection's worker gets its source text.
 */
export function packetCodec() {
  const DOLLAR = 0x24;
  const HASH = 0x23;
  const ESCAPE = 0x7d;
  const REPEAT = 0x2a;
  const PLUS = 0x2b;
  const MINUS = 0x2d;
  const PERCENT = 0x25;

  /** A packet as it goes over the wire. `data` holds bytes as characters 0 to 255. */
  function encode(data: string): Uint8Array {
    const body: number[] = [];
    for (let i = 0; i < data.length; i++) {
      const byte = data.charCodeAt(i);
      if (byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === REPEAT) body.push(ESCAPE, byte ^ 0x20);
      else body.push(byte);
    }
    const sum = body.reduce((total, byte) => (total + byte) & 0xff, 0);
    const checksum = sum.toString(16).padStart(2, '0');
    return Uint8Array.from([DOLLAR, ...body, HASH, checksum.charCodeAt(0), checksum.charCodeAt(1)]);
  }

  /** Undoes escapes and run lengths. A repeat count is its character's code minus 29. */
  function expand(body: readonly number[]): string {
    let text = '';
    for (let i = 0; i < body.length; i++) {
      const byte = body[i];
      if (byte === ESCAPE) text += String.fromCharCode(body[++i] ^ 0x20);
      else if (byte === REPEAT && text.length > 0 && i + 1 < body.length)
        text += text[text.length - 1].repeat(body[++i] - 29);
      else text += String.fromCharCode(byte);
    }
    return text;
  }

  type Item =
    | { kind: 'packet' | 'notification'; data: string }
    /** A packet whose checksum does not match. */
    | { kind: 'damaged' }
    | { kind: 'ack' }
    | { kind: 'nack' };

  /** Collects bytes as they come in and hands out whole items. */
  function reader() {
    let state: 'idle' | 'body' | 'checksum1' | 'checksum2' = 'idle';
    let notification = false;
    let body: number[] = [];
    let sum = 0;
    let digit = 0;
    return function feed(bytes: Uint8Array): Item[] {
      const items: Item[] = [];
      for (const byte of bytes) {
        switch (state) {
          case 'idle':
            if (byte === PLUS) items.push({ kind: 'ack' });
            else if (byte === MINUS) items.push({ kind: 'nack' });
            else if (byte === DOLLAR || byte === PERCENT) {
              state = 'body';
              notification = byte === PERCENT;
              body = [];
              sum = 0;
            }
            break;
          case 'body':
            if (byte === HASH) state = 'checksum1';
            else {
              body.push(byte);
              sum = (sum + byte) & 0xff;
            }
            break;
          case 'checksum1':
            digit = parseInt(String.fromCharCode(byte), 16);
            state = 'checksum2';
            break;
          case 'checksum2':
            state = 'idle';
            if (digit * 16 + parseInt(String.fromCharCode(byte), 16) === sum)
              items.push({ kind: notification ? 'notification' : 'packet', data: expand(body) });
            else items.push({ kind: 'damaged' });
            break;
        }
      }
      return items;
    };
  }

  return { encode, reader };
}

/** Bytes as lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** @throws Error where the text is not an even number of hexadecimal digits */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text))
    throw new Error(`The stub sent "${text.slice(0, 40)}" where hexadecimal bytes were expected.`);
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
