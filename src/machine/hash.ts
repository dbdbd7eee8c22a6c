/**
 * A 128-bit fingerprint of memory: MurmurHash3 (x86, 128 bits) in shape, one lane for each of four words. Not cryptographic; it tells
 * whether two machines are in the same state.
 */
const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function finish(value: number): number {
  value ^= value >>> 16;
  value = Math.imul(value, 0x85ebca6b);
  value ^= value >>> 13;
  value = Math.imul(value, 0xc2b2ae35);
  return value ^ (value >>> 16);
}

export class StateHasher {
  private h1 = 0;
  private h2 = 0;
  private h3 = 0;
  private h4 = 0;
  private length = 0;

  /** Add words; their number is part of the hash, so that neighbouring pieces cannot run into each other. */
  words(data: Int32Array): void {
    let { h1, h2, h3, h4 } = this;
    const whole = data.length & ~3;
    for (let index = 0; index < whole; index += 4) {
      h1 ^= Math.imul(rotate(Math.imul(data[index], C1), 15), C2);
      h1 = (Math.imul(rotate(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
      h2 ^= Math.imul(rotate(Math.imul(data[index + 1], C2), 16), C3);
      h2 = (Math.imul(rotate(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
      h3 ^= Math.imul(rotate(Math.imul(data[index + 2], C3), 17), C4);
      h3 = (Math.imul(rotate(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
      h4 ^= Math.imul(rotate(Math.imul(data[index + 3], C4), 18), C1);
      h4 = (Math.imul(rotate(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
    }
    for (let index = whole; index < data.length; index++) {
      h1 ^= Math.imul(rotate(Math.imul(data[index], C1), 15), C2);
      h1 = (Math.imul(rotate(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
    }
    this.h1 = h1 ^ data.length;
    this.h2 = h2;
    this.h3 = h3;
    this.h4 = h4;
    this.length += data.length;
  }

  bytes(data: Uint8Array): void {
    const padded = new Uint8Array(Math.ceil(data.length / 4) * 4);
    padded.set(data);
    this.words(new Int32Array(padded.buffer));
    this.words(Int32Array.of(data.length));
  }

  /** Add plain data (as JSON writes it). */
  data(value: unknown): void {
    this.bytes(new TextEncoder().encode(JSON.stringify(value)));
  }

  /** 32 hexadecimal digits. */
  digest(): string {
    let lanes = [this.h1 ^ this.length, this.h2 ^ this.length, this.h3 ^ this.length, this.h4 ^ this.length];
    const mix = (): void => {
      lanes[0] = (lanes[0] + lanes[1] + lanes[2] + lanes[3]) | 0;
      for (let lane = 1; lane < 4; lane++) {
        lanes[lane] = (lanes[lane] + lanes[0]) | 0;
      }
    };
    mix();
    lanes = lanes.map(finish);
    mix();
    return lanes.map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
