import { MemoryError } from '../debugger/target';
import type { StubConnection } from './connection';
import { fromHex, toHex } from './packet';
import { type PagingState, walk } from './paging';

const PAGE = 4096;

/** Memory of a stopped target: read by the page and kept until `forget`. */
export class RemoteMemory {
  /** Pages of the present address space; undefined = not mapped. */
  private readonly virtual = new Map<number, Uint8Array | undefined>();
  private readonly physical = new Map<number, Uint8Array | undefined>();
  private physicalMode = false;

  constructor(
    private readonly connection: StubConnection,
    /** Bytes that fit into one reply. */
    private readonly chunk: number,
    /** QEMU's `qqemu.PhyMemMode`. */
    readonly hasPhysical: boolean,
    private readonly paging: () => PagingState | undefined,
  ) {}

  forget(): void {
    this.virtual.clear();
    this.physical.clear();
  }

  /** What can be read before the first hole. */
  readAvailable(address: number, length: number, pageDirectory?: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const at = (address + done) >>> 0;
      const inPage = at % PAGE;
      const count = Math.min(PAGE - inPage, length - done);
      const page = this.page(at - inPage, pageDirectory);
      if (!page) return bytes.subarray(0, done);
      bytes.set(page.subarray(inPage, inPage + count), done);
      done += count;
    }
    return bytes;
  }

  readPhysical(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const at = (address + done) >>> 0;
      const inPage = at % PAGE;
      const count = Math.min(PAGE - inPage, length - done);
      const page = this.physicalPage(at - inPage);
      if (!page) throw new MemoryError(at);
      bytes.set(page.subarray(inPage, inPage + count), done);
      done += count;
    }
    return bytes;
  }

  /** @throws MemoryError */
  write(address: number, bytes: Uint8Array, pageDirectory?: number): void {
    for (let done = 0; done < bytes.length;) {
      const at = (address + done) >>> 0;
      const count = Math.min(PAGE - (at % PAGE), bytes.length - done, this.chunk);
      const part = bytes.subarray(done, done + count);
      if (this.isForeign(pageDirectory)) {
        const physical = this.translate(at, pageDirectory);
        if (physical === undefined) throw new MemoryError(at);
        this.setPhysicalMode(true);
        this.writeChunk(physical, part, at);
      } else {
        this.setPhysicalMode(false);
        this.writeChunk(at, part, at);
      }
      done += count;
    }
    this.forget();
  }

  /** Physical address by the target's page tables. */
  translate(address: number, pageDirectory?: number): number | undefined {
    const state = this.paging();
    if (!state) return address;
    if (!this.hasPhysical) return undefined;
    return walk(address, pageDirectory === undefined ? state : { ...state, cr3: pageDirectory }, (at, length) =>
      this.readPhysical(at, length),
    );
  }

  private isForeign(pageDirectory: number | undefined): boolean {
    if (pageDirectory === undefined || !this.hasPhysical) return false;
    const state = this.paging();
    return state !== undefined && (state.cr3 & ~0x1f) !== (pageDirectory & ~0x1f);
  }

  private page(address: number, pageDirectory: number | undefined): Uint8Array | undefined {
    if (this.isForeign(pageDirectory)) {
      const physical = this.translate(address, pageDirectory);
      return physical === undefined ? undefined : this.physicalPage(physical);
    }
    if (!this.virtual.has(address)) {
      this.setPhysicalMode(false);
      this.virtual.set(address, this.readChunks(address));
    }
    return this.virtual.get(address);
  }

  private physicalPage(address: number): Uint8Array | undefined {
    if (!this.physical.has(address)) {
      this.setPhysicalMode(true);
      this.physical.set(address, this.readChunks(address));
    }
    return this.physical.get(address);
  }

  private readChunks(page: number): Uint8Array | undefined {
    const bytes = new Uint8Array(PAGE);
    for (let done = 0; done < PAGE;) {
      const count = Math.min(this.chunk, PAGE - done);
      const reply = this.connection.transact(`m${(page + done).toString(16)},${count.toString(16)}`);
      // An error is E and two digits, or E. and a text: no whole number of bytes.
      if (reply === '' || /^E(\.|..$)/.test(reply)) return undefined;
      const part = fromHex(reply);
      bytes.set(part, done);
      done += part.length;
    }
    return bytes;
  }

  private writeChunk(address: number, bytes: Uint8Array, virtual: number): void {
    const reply = this.connection.transact(`M${address.toString(16)},${bytes.length.toString(16)}:${toHex(bytes)}`);
    if (reply !== 'OK') throw new MemoryError(virtual);
  }

  private setPhysicalMode(on: boolean): void {
    if (!this.hasPhysical || this.physicalMode === on) return;
    this.connection.transact(`Qqemu.PhyMemMode:${on ? 1 : 0}`);
    this.physicalMode = on;
  }
}
