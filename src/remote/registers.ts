import { REGISTER_NAMES } from '../debugger/frame-registers';
import type { FloatRegister, RegisterName, Registers, SystemRegisters } from '../debugger/target';
import { type StubConnection, ConnectionError } from './connection';
import { defaultRegisters, readDescription, type RemoteRegister } from './description';
import { float80Text } from './float80';
import { fromHex, toHex } from './packet';

/** The registers of a stopped target, read in one packet and kept until `forget`. */
export class RemoteRegisters {
  private readonly layout: Map<string, RemoteRegister>;
  private packet: Uint8Array | undefined;
  private monitorText: string | undefined;

  /** @param hasDescription whether the stub offers `qXfer:features:read` */
  constructor(
    private readonly connection: StubConnection,
    hasDescription: boolean,
    private readonly chunk: number,
  ) {
    const described = hasDescription ? readDescription((annex) => this.readAnnex(annex)) : undefined;
    this.layout = described?.size ? described : defaultRegisters();
    for (const name of REGISTER_NAMES)
      if (!this.find(name)) throw new ConnectionError(`The stub has no register ${name}: it is not an x86 target.`);
  }

  forget(): void {
    this.packet = undefined;
    this.monitorText = undefined;
  }

  read(): Registers {
    const registers = {} as Registers;
    for (const name of REGISTER_NAMES) registers[name] = this.value(name) ?? 0;
    return registers;
  }

  write(name: RegisterName, value: number): void {
    const register = this.find(name);
    if (!register) throw new ConnectionError(`The stub has no register ${name}.`);
    const bytes = new Uint8Array(register.bits / 8);
    new DataView(bytes.buffer).setUint32(0, value >>> 0, true);
    let reply = this.connection.transact(`P${register.number.toString(16)}=${toHex(bytes)}`);
    if (reply === '') {
      const all = this.all().slice();
      all.set(bytes, register.offset);
      reply = this.connection.transact(`G${toHex(all)}`);
    }
    this.forget();
    if (reply !== 'OK') throw new ConnectionError(`The stub refused to change ${name}.`);
  }

  system(): SystemRegisters {
    const registers: SystemRegisters = {
      cr0: this.value('cr0'),
      cr2: this.value('cr2'),
      cr3: this.value('cr3'),
      cr4: this.value('cr4'),
      fsBase: this.value('fs_base'),
      gsBase: this.value('gs_base'),
      cpl: (this.value('cs') ?? 0) & 3,
    };
    // QEMU's monitor tells what its description lacks; other stubs answer nothing that matches.
    this.monitorText ??= this.connection.monitor('info registers');
    const hex = (pattern: RegExp, group = 1): number | undefined => {
      const found = pattern.exec(this.monitorText ?? '');
      return found ? parseInt(found[group], 16) : undefined;
    };
    const table = /\b(GDT|IDT)=\s*([0-9a-f]+)\s+([0-9a-f]+)/g;
    for (const match of this.monitorText.matchAll(table)) {
      const base = parseInt(match[2], 16);
      const limit = parseInt(match[3], 16);
      if (match[1] === 'GDT') Object.assign(registers, { gdtrBase: base, gdtrLimit: limit });
      else Object.assign(registers, { idtrBase: base, idtrLimit: limit });
    }
    registers.ldtr = hex(/\bLDT=\s*([0-9a-f]+)/);
    registers.tr = hex(/\bTR =\s*([0-9a-f]+)/);
    registers.trBase = hex(/\bTR =\s*[0-9a-f]+\s+([0-9a-f]+)/);
    registers.cr0 ??= hex(/\bCR0=([0-9a-f]+)/);
    registers.cr2 ??= hex(/\bCR2=([0-9a-f]+)/);
    registers.cr3 ??= hex(/\bCR3=([0-9a-f]+)/);
    registers.cr4 ??= hex(/\bCR4=([0-9a-f]+)/);
    const debug = [...this.monitorText.matchAll(/\bDR(\d)=([0-9a-f]+)/g)];
    if (debug.length > 0) {
      registers.dr = new Array<number>(8).fill(0);
      for (const match of debug) registers.dr[Number(match[1])] = parseInt(match[2], 16);
    }
    return registers;
  }

  float(): FloatRegister[] {
    const all = this.all();
    const registers: FloatRegister[] = [];
    for (let n = 0; n < 8; n++) {
      const register = this.layout.get(`st${n}`);
      if (!register || register.bits !== 80 || register.offset + 10 > all.length) continue;
      const bytes = all.slice(register.offset, register.offset + 10);
      registers.push({ name: `st${n}`, bytes, text: float80Text(bytes) });
    }
    return registers;
  }

  /** Low 32 bits of a register, or undefined where the stub does not have or tell it. */
  value(name: string): number | undefined {
    const register = this.find(name);
    const all = this.all();
    if (!register || register.offset + 4 > all.length) return undefined;
    return new DataView(all.buffer, all.byteOffset).getUint32(register.offset, true);
  }

  /** A 64-bit QEMU that runs 32-bit code calls its registers rax and so on. */
  private find(name: string): RemoteRegister | undefined {
    return this.layout.get(name) ?? (/^e[^s]|^esp|^esi/.test(name) ? this.layout.get(`r${name.slice(1)}`) : undefined);
  }

  private all(): Uint8Array {
    if (!this.packet) {
      const reply = this.connection.transact('g');
      if (/^E/.test(reply)) throw new ConnectionError(`The stub refused to tell the registers (${reply}).`);
      // Unavailable registers come as "xx".
      this.packet = fromHex(reply.replace(/x/g, '0'));
    }
    return this.packet;
  }

  private readAnnex(annex: string): string {
    let text = '';
    for (;;) {
      const reply = this.connection.transact(
        `qXfer:features:read:${annex}:${text.length.toString(16)},${this.chunk.toString(16)}`,
      );
      if (!/^[ml]/.test(reply)) return text;
      text += reply.slice(1);
      if (reply[0] === 'l' || reply.length === 1) return text;
    }
  }
}
