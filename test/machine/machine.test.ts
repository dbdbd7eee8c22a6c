import assert from 'node:assert/strict';
import { type EngineKind, Machine, type MachineOptions } from '../../src/machine/machine';
import { assemble, ORIGIN, type Program } from './assemble';

const EAX = 0;
const ECX = 1;
const EBX = 3;
const ESP = 4;

/** An interrupt table with the PIC at vectors 0x20 and 0x28, IRQ 0 and 4 open; handlers are labels irq0 and irq4. */
const INTERRUPTS = `
  mov $0x8000, %esp
  .macro gate vector, handler
    movl $\\handler, %eax
    movw %ax, idt + 8 * \\vector
    movw $0x10, idt + 8 * \\vector + 2
    movw $0x8e00, idt + 8 * \\vector + 4
    shrl $16, %eax
    movw %ax, idt + 8 * \\vector + 6
  .endm
  .macro out port, value
    movb $\\value, %al
    outb %al, $\\port
  .endm
  gate 0x20, irq0
  gate 0x24, irq4
  lidt idtr
  out 0x20, 0x11
  out 0x21, 0x20
  out 0x21, 0x04
  out 0x21, 0x01
  out 0x21, 0xee
`;
const TABLE = `
  idtr: .word 0x17f
  .long idt
  .balign 8
  idt: .space 0x180
`;

/** COM1 with eight data bits, received-data interrupts and OUT2. */
const SERIAL = `
  mov $0x3fb, %edx
  mov $0x03, %al
  outb %al, %dx
  mov $0x3fc, %edx
  mov $0x0b, %al
  outb %al, %dx
  mov $0x3f9, %edx
  mov $0x01, %al
  outb %al, %dx
`;

const assembled = new Map<string, Program>();
function program(source: string): Program {
  let found = assembled.get(source);
  if (!found) {
    found = assemble(source);
    assembled.set(source, found);
  }
  return found;
}

for (const engine of ['wasm', 'evaluator'] satisfies EngineKind[]) {
  describe(`machine: ${engine} engine`, () => {
    const make = (source: string, options: MachineOptions = {}): Machine => {
      const machine = new Machine({ memoryMiB: 4, engine, ...options });
      machine.loadVmlinux(program(source).elf);
      return machine;
    };
    const label = (source: string, name: string): number => {
      const address = program(source).symbols.get(name);
      assert.ok(address !== undefined, `label ${name}`);
      return address;
    };

    describe('boot entry', () => {
      it('enters as the 32-bit boot protocol says', () => {
        const { registers } = make('nop');
        assert.equal(registers.eip, ORIGIN);
        assert.equal(registers.eflags, 2);
        assert.equal(registers.cpl, 0);
        assert.equal(registers.control(0), 0x11);
        assert.deepEqual(registers.segment(1), { selector: 0x10, base: 0, limit: 0xffffffff, access: 0xc09b });
        for (const segment of [0, 2, 3]) {
          assert.deepEqual(registers.segment(segment), { selector: 0x18, base: 0, limit: 0xffffffff, access: 0xc093 });
        }
        // EBP, EDI and EBX must be 0.
        assert.deepEqual(
          [3, 5, 7].map((number) => registers.general(number)),
          [0, 0, 0],
        );
      });

      it('has a segment table that the guest can load from', () => {
        const machine = make('mov $0x18, %eax\n mov %eax, %ds\n ljmp $0x10, $1f\n 1: mov %cs, %eax\n cli\n hlt');
        assert.equal(machine.run({ instructions: 100 }).reason, 'halted');
        assert.equal(machine.registers.general(EAX), 0x10);
      });
    });

    describe('run and step', () => {
      const LOOP = '1: inc %eax\n jmp 1b';

      it('stops at exactly the count asked for', () => {
        const machine = make(LOOP);
        for (const instructions of [1, 2, 3, 999, 12_345]) {
          const before = machine.count;
          const stop = machine.run({ instructions });
          assert.equal(stop.reason, 'limit');
          assert.equal(stop.count, before + instructions);
          assert.equal(machine.registers.general(EAX), Math.ceil(machine.count / 2));
        }
        assert.equal(machine.run({ until: 20_000 }).count, 20_000);
        assert.equal(machine.run({ until: 20_000 }).count, 20_000);
        assert.equal(machine.run({ until: 30_000, instructions: 5 }).count, 20_005);
        assert.equal(machine.run({ instructions: 0 }).count, 20_005);
      });

      it('steps one instruction, one REP iteration at a time', () => {
        const machine = make('mov $3, %ecx\n mov $0x2000, %edi\n rep stosb\n nop');
        const seen: number[] = [];
        for (let n = 0; n < 6; n++) {
          machine.step();
          seen.push(machine.registers.general(ECX));
        }
        assert.deepEqual(seen, [3, 3, 2, 1, 0, 0]);
        assert.equal(machine.count, 6);
        machine.step(0);
        assert.equal(machine.count, 6);
      });

      it('reports the address that comes next', () => {
        const machine = make('nop\n nop\n 1: jmp 1b');
        assert.equal(machine.step().address, ORIGIN + 1);
        assert.equal(machine.step(5).address, ORIGIN + 2);
      });
    });

    describe('breakpoints', () => {
      const SOURCE = 'inc %eax\n inc %eax\n here: inc %ebx\n jmp here';

      it('stop before their instruction, every time it comes, and are passed when going on', () => {
        const machine = make(SOURCE);
        machine.setBreakpoints([label(SOURCE, 'here')]);
        for (let round = 0; round < 4; round++) {
          const stop = machine.run({ instructions: 1000 });
          assert.equal(stop.reason, 'breakpoint');
          assert.equal(stop.address, label(SOURCE, 'here'));
          assert.equal(machine.registers.general(EBX), round);
          assert.equal(stop.count, 2 + 2 * round);
        }
      });

      it('do not stop at the instruction from which a run starts', () => {
        const machine = make(SOURCE);
        machine.setBreakpoints([ORIGIN]);
        assert.equal(machine.run({ instructions: 1000 }).reason, 'limit');
      });

      it('can be changed between runs, and taken away', () => {
        const machine = make(SOURCE);
        assert.equal(machine.run({ instructions: 100 }).reason, 'limit');
        machine.setBreakpoints([label(SOURCE, 'here') + 1, label(SOURCE, 'here')]);
        assert.equal(machine.run({ instructions: 100 }).reason, 'breakpoint');
        machine.setBreakpoints([]);
        assert.equal(machine.run({ instructions: 100 }).reason, 'limit');
      });

      it('are not seen by the guest', () => {
        const machine = make(`movb here, %al\n here: inc %ebx\n jmp here`);
        const source = `movb here, %al\n here: inc %ebx\n jmp here`;
        machine.setBreakpoints([label(source, 'here')]);
        machine.run({ instructions: 1000 });
        assert.equal(machine.registers.general(EAX), 0x43);
      });

      it('stop a step over several instructions too', () => {
        const machine = make(SOURCE);
        machine.setBreakpoints([label(SOURCE, 'here')]);
        assert.deepEqual([machine.step(10).reason, machine.count], ['breakpoint', 2]);
      });
    });

    describe('watchpoints', () => {
      const SOURCE = 'mov $7, %eax\n movl %eax, 0x3000\n movw 0x3002, %bx\n incb 0x3003\n 1: jmp 1b';

      it('stop before the access, with its address, size and kind', () => {
        const machine = make(SOURCE);
        machine.setWatchpoints([{ address: 0x3003, size: 1, read: true, write: true }]);
        const first = machine.run({ instructions: 100 });
        assert.equal(first.reason, 'watchpoint');
        assert.deepEqual(first.watchpoint, { address: 0x3000, size: 4, write: true });
        assert.deepEqual([...machine.readPhysical(0x3000, 4).bytes], [0, 0, 0, 0]);
        const second = machine.run({ instructions: 100 });
        assert.deepEqual(second.watchpoint, { address: 0x3002, size: 2, write: false });
        assert.deepEqual([...machine.readPhysical(0x3000, 4).bytes], [7, 0, 0, 0]);
        const third = machine.run({ instructions: 100 });
        assert.equal(third.watchpoint?.address, 0x3003);
        assert.equal(machine.run({ instructions: 100 }).reason, 'limit');
      });

      it('tell reads from writes', () => {
        const machine = make(SOURCE);
        machine.setWatchpoints([{ address: 0x3000, size: 4, read: false, write: true }]);
        assert.equal(machine.run({ instructions: 100 }).watchpoint?.write, true);
        const next = machine.run({ instructions: 100 });
        assert.equal(next.watchpoint?.address, 0x3003);
        assert.equal(next.watchpoint?.write, true);
      });

      it('do not stop for neighbours', () => {
        const machine = make(SOURCE);
        machine.setWatchpoints([
          { address: 0x2ffc, size: 4, read: true, write: true },
          { address: 0x3004, size: 4, read: true, write: true },
        ]);
        assert.equal(machine.run({ instructions: 100 }).reason, 'limit');
      });
    });

    describe('halt, reset, power-off', () => {
      it('cli; hlt is the end', () => {
        const machine = make('cli\n hlt');
        const stop = machine.run({ instructions: 100 });
        assert.equal(stop.reason, 'halted');
        assert.equal(stop.count, 2);
        assert.match(stop.message ?? '', /halted the processor with interrupts off/);
        assert.equal(machine.run({ instructions: 100 }).reason, 'halted');
        assert.equal(machine.count, 2);
      });

      it('sti; hlt with nothing that could wake it waits for the console', () => {
        const machine = make('sti\n hlt');
        assert.equal(machine.run({ instructions: 1_000_000 }).reason, 'idle');
      });

      for (const [how, source, reason, message] of [
        ['the keyboard controller', 'mov $0xfe, %al\n outb %al, $0x64', 'reset', /keyboard controller/],
        ['port 0x92', 'mov $0x01, %al\n outb %al, $0x92', 'reset', /port 0x92/],
        ['port 0xcf9', 'mov $0xcf9, %edx\n mov $0x06, %al\n outb %al, %dx', 'reset', /port 0xcf9/],
        ['port 0x604', 'mov $0x604, %edx\n mov $0x2000, %eax\n outw %ax, %dx', 'poweroff', /port 0x604/],
        ['port 0xb004', 'mov $0xb004, %edx\n mov $0x2000, %eax\n outw %ax, %dx', 'poweroff', /port 0xb004/],
      ] as const) {
        it(`${reason} through ${how}, right after the instruction`, () => {
          const machine = make(`${source}\n end: jmp end`);
          const stop = machine.run({ instructions: 100 });
          assert.equal(stop.reason, reason);
          assert.match(stop.message ?? '', message);
          assert.equal(stop.address, label(`${source}\n end: jmp end`, 'end'));
        });
      }

      it('a triple fault shuts the processor down', () => {
        const stop = make('lidt 1f\n int3\n 1: .word 0\n .long 0').run({ instructions: 100 });
        assert.equal(stop.reason, 'shutdown');
        assert.match(stop.message ?? '', /triple fault/);
      });
    });

    describe('time and interrupts', () => {
      /** Counter 0 as a rate generator of 1,000 pulses; the handler counts in EBX. */
      const TICKS = `${INTERRUPTS}
        out 0x43, 0x34
        out 0x40, 0xe8
        out 0x40, 0x03
        sti
        sleep: hlt
        jmp sleep
        irq0: inc %ebx
        out 0x20, 0x20
        iret
        irq4: iret
        ${TABLE}`;

      it('HLT skips to the next tick, and the run tells how much was idle', () => {
        const machine = make(TICKS);
        const stop = machine.run({ until: 10_000_000 });
        assert.equal(stop.reason, 'limit');
        assert.equal(stop.count, 10_000_000);
        // 0.1 s of 1193.182 ticks a second, and the edge with which the control word raises OUT.
        assert.equal(machine.registers.general(EBX), 119 + 1);
        assert.ok(stop.idleInstructions > 9_990_000 && stop.idleInstructions < 10_000_000);
      });

      it('a step from HLT goes to the handler’s first instruction', () => {
        const machine = make(TICKS);
        machine.setBreakpoints([label(TICKS, 'sleep')]);
        // The second time: the first sleep is ended at once, since the control word raised OUT.
        machine.run({ instructions: 1000 });
        machine.run({ instructions: 1000 });
        machine.step();
        const stop = machine.step();
        assert.equal(stop.address, label(TICKS, 'irq0') + 1);
        assert.equal(machine.registers.general(EBX), 2);
        assert.ok(stop.idleInstructions > 80_000);
      });

      it('a breakpoint in a handler stops there', () => {
        const machine = make(TICKS);
        machine.setBreakpoints([label(TICKS, 'irq0')]);
        for (let round = 0; round < 3; round++) {
          const stop = machine.run({ instructions: 1_000_000 });
          assert.equal(stop.reason, 'breakpoint');
          assert.equal(stop.address, label(TICKS, 'irq0'));
          assert.equal(machine.registers.general(EBX), round);
        }
      });

      it('an interrupt waits for the end of the shadow after STI', () => {
        const source = `${INTERRUPTS}
          out 0x43, 0x30
          out 0x40, 0x02
          out 0x40, 0x00
          mov $2000, %ecx
          1: loop 1b
          sti
          nop
          after: jmp after
          irq0: mov (%esp), %ecx
          cli
          hlt
          irq4: iret
          ${TABLE}`;
        const machine = make(source);
        assert.equal(machine.run({ instructions: 100_000 }).reason, 'halted');
        assert.equal(machine.registers.general(ECX), label(source, 'after'));
      });

      it('gives interrupts at the same counts however the run is cut up', () => {
        const source = `${INTERRUPTS}
          out 0x43, 0x34
          out 0x40, 0x05
          out 0x40, 0x00
          sti
          busy: inc %ecx
          pushf
          cli
          imul $17, %ecx
          popf
          jmp busy
          irq0: add %ecx, %ebx
          out 0x20, 0x20
          iret
          irq4: iret
          ${TABLE}`;
        const straight = make(source);
        straight.run({ until: 60_000 });
        const cut = make(source);
        for (let length = 1; cut.count < 60_000; length = (length * 7 + 3) % 1013) {
          cut.run({ until: Math.min(60_000, cut.count + length) });
        }
        const stepped = make(source);
        while (stepped.count < 60_000) {
          stepped.step();
        }
        assert.equal(cut.stateHash(), straight.stateHash());
        assert.equal(stepped.stateHash(), straight.stateHash());
      });
    });

    describe('console', () => {
      /** Echoes each character, plus one, by interrupt. */
      const ECHO = `${INTERRUPTS}
        ${SERIAL}
        sti
        sleep: hlt
        jmp sleep
        irq4: mov $0x3f8, %edx
        inb %dx, %al
        inc %al
        outb %al, %dx
        out 0x20, 0x20
        iret
        irq0: iret
        ${TABLE}`;
      const type = (machine: Machine, text: string): void => machine.serial.input(new TextEncoder().encode(text));

      it('wakes an idle machine and hears its output', () => {
        const machine = make(ECHO);
        let heard = '';
        machine.serial.onOutput((bytes) => (heard += new TextDecoder().decode(bytes)));
        assert.equal(machine.run({ instructions: 100_000 }).reason, 'idle');
        type(machine, 'HAL');
        assert.equal(machine.run({ instructions: 100_000 }).reason, 'idle');
        assert.equal(heard, 'IBM');
      });

      it('logs what was typed when, and replays it to the same state', () => {
        const first = make(ECHO);
        first.run({ instructions: 1000 });
        type(first, 'abc');
        first.run({ until: first.count + 777 });
        type(first, 'later');
        type(first, '!');
        assert.equal(first.run({ instructions: 100_000 }).reason, 'idle');
        const at = first.count;
        const log = JSON.parse(JSON.stringify(first.inputLog)) as typeof first.inputLog;
        assert.equal(log.map(({ bytes }) => String.fromCharCode(...bytes)).join('|'), 'abc|later|!');
        const second = make(ECHO, { replay: log });
        let heard = '';
        second.serial.onOutput((bytes) => (heard += new TextDecoder().decode(bytes)));
        assert.equal(second.run({ instructions: 1_000_000 }).reason, 'idle');
        assert.equal(second.count, at);
        assert.equal(second.stateHash(), first.stateHash());
        assert.equal(heard, 'bcdmbufs"');
        assert.deepEqual(second.inputLog, log);
      });
    });

    describe('snapshots', () => {
      const WORK = `${INTERRUPTS}
        out 0x43, 0x34
        out 0x40, 0x50
        out 0x40, 0x00
        sti
        busy: imul $1103515245, %ecx
        add $12345, %ecx
        mov %ecx, %edi
        and $0xfffc, %edi
        mov %ecx, 0x200000(%edi)
        jmp busy
        irq0: incl 0x3000
        out 0x20, 0x20
        iret
        irq4: iret
        ${TABLE}`;

      it('go on to the same state, in the same machine and in another', () => {
        const machine = make(WORK);
        machine.run({ until: 20_000 });
        const snapshot = machine.snapshot();
        const there = machine.stateHash();
        machine.run({ until: 50_000 });
        const later = machine.stateHash();
        assert.notEqual(later, there);
        machine.restore(snapshot);
        assert.equal(machine.count, 20_000);
        assert.equal(machine.stateHash(), there);
        machine.run({ until: 50_000 });
        assert.equal(machine.stateHash(), later);
        const other = new Machine({ memoryMiB: 4, engine: engine === 'wasm' ? 'evaluator' : 'wasm' });
        other.restore(snapshot);
        other.run({ until: 50_000 });
        assert.equal(other.stateHash(), later);
      });

      it('bring input back that came later, unless it is forgotten', () => {
        const source = `${INTERRUPTS}
          ${SERIAL}
          sti
          sleep: hlt
          jmp sleep
          irq4: mov $0x3f8, %edx
          inb %dx, %al
          movzbl %al, %eax
          add %eax, %ebx
          out 0x20, 0x20
          iret
          irq0: iret
          ${TABLE}`;
        const machine = make(source);
        machine.run({ instructions: 10_000 });
        const snapshot = machine.snapshot();
        machine.serial.input(Uint8Array.of(5, 6));
        machine.run({ instructions: 10_000 });
        assert.equal(machine.registers.general(EBX), 11);
        machine.restore(snapshot);
        machine.run({ instructions: 10_000 });
        assert.equal(machine.registers.general(EBX), 11);
        machine.restore(snapshot);
        machine.forgetFutureInput();
        machine.run({ instructions: 10_000 });
        assert.equal(machine.registers.general(EBX), 0);
      });

      it('refuse a machine of another size', () => {
        const snapshot = make('nop').snapshot();
        assert.throws(() => new Machine({ memoryMiB: 8, engine }).restore(snapshot), /another memory size/);
      });
    });

    describe('state hash', () => {
      it('sees registers, memory, devices and the count', () => {
        const hashes = new Set<string>();
        const changes: ((machine: Machine) => void)[] = [
          () => {},
          (machine) => machine.registers.setGeneral(7, 1),
          (machine) => (machine.registers.eflags = 0x46),
          (machine) => machine.writePhysical(0x3fffff, Uint8Array.of(1)),
          (machine) => machine.registers.setSegment(5, { selector: 0, base: 0, limit: 0, access: 0 }),
          (machine) => machine.step(),
          (machine) => machine.registers.setDebug(0, 0x1234),
        ];
        for (const change of changes) {
          const machine = make('outb %al, $0x80\n nop');
          change(machine);
          hashes.add(machine.stateHash());
        }
        const device = make('outb %al, $0x21\n nop');
        device.step();
        hashes.add(device.stateHash());
        assert.equal(hashes.size, changes.length + 1);
      });

      it('does not depend on how flags are kept', () => {
        const source = 'mov $5, %eax\n cmp $7, %eax\n nop';
        const machine = make(source);
        machine.run({ instructions: 3 });
        const before = machine.stateHash();
        const eflags = machine.registers.eflags;
        machine.registers.eflags = eflags;
        assert.equal(machine.stateHash(), before);
        assert.equal(eflags & 0x8d5, 0x091);
      });
    });

    describe('debugger’s access', () => {
      /** Identity-maps the first 4 MiB but for page 5, maps 0x40000000 to page 6, and turns paging on. */
      const PAGED = `
        mov $0x2003, %eax
        movl %eax, 0x1000
        movl $0x3003, 0x1000 + 4 * 0x100
        xor %ecx, %ecx
        1: mov %ecx, %eax
        shl $12, %eax
        or $3, %eax
        mov %eax, 0x2000(,%ecx,4)
        inc %ecx
        cmp $1024, %ecx
        jb 1b
        movl $0, 0x2000 + 4 * 5
        movl $0x6003, 0x3000
        movl $0xffff0003, 0x3004
        movl $0x11223344, 0x6000
        mov $0x1000, %eax
        mov %eax, %cr3
        mov %cr0, %eax
        or $0x80000000, %eax
        mov %eax, %cr0
        end: jmp end`;
      const paged = (): Machine => {
        const machine = make(PAGED);
        machine.setBreakpoints([label(PAGED, 'end')]);
        assert.equal(machine.run({ instructions: 100_000 }).reason, 'breakpoint');
        return machine;
      };

      it('translates, under the current or a given page directory', () => {
        const machine = paged();
        assert.equal(machine.translate(0x40000123), 0x6123);
        assert.equal(machine.translate(0x5123), undefined);
        assert.equal(machine.translate(0x80000000), undefined);
        assert.equal(machine.translate(0x40000123, { cr3: 0x3000 }), undefined);
        machine.registers.setControl(3, 0x3000);
        assert.equal(machine.translate(0x40000123, { cr3: 0x1000 }), 0x6123);
      });

      it('reads across pages and lists what is not mapped', () => {
        const machine = paged();
        const across = machine.readVirtual(0x4ffe, 0x1004);
        assert.deepEqual(across.unmapped, [{ address: 0x5000, size: 0x1000 }]);
        assert.equal(across.bytes.length, 0x1004);
        assert.deepEqual([...machine.readVirtual(0x40000000, 4).bytes], [0x44, 0x33, 0x22, 0x11]);
        assert.deepEqual(machine.readVirtual(0x40000000, 4).unmapped, []);
        // Mapped, but to where there is no RAM.
        assert.deepEqual(machine.readVirtual(0x40001000, 8).unmapped, [{ address: 0x40001000, size: 8 }]);
        assert.deepEqual(machine.readVirtual(0xfffffffc, 8).unmapped, [{ address: 0xfffffffc, size: 4 }]);
        assert.deepEqual(machine.readVirtual(0x1000, 0), { bytes: new Uint8Array(0), unmapped: [] });
      });

      it('leaves accessed and dirty bits as they are', () => {
        const machine = paged();
        const before = machine.stateHash();
        machine.readVirtual(0x40000000, 0x1000);
        machine.readVirtual(0, 0x400000);
        assert.equal(machine.stateHash(), before);
      });

      it('writes whatever the protection, and tells what is not mapped', () => {
        const machine = paged();
        assert.deepEqual(machine.writeVirtual(0x40000ffe, Uint8Array.of(1, 2, 3, 4)), [
          { address: 0x40001000, size: 2 },
        ]);
        assert.deepEqual([...machine.readPhysical(0x6ffe, 2).bytes], [1, 2]);
      });

      it('replaces code that has been executed before', () => {
        const machine = make('1: inc %ebx\n jmp 1b');
        machine.run({ instructions: 1000 });
        assert.equal(machine.registers.eip, ORIGIN);
        // inc %ebx → inc %ecx
        machine.writePhysical(ORIGIN, Uint8Array.of(0x41));
        machine.run({ instructions: 10 });
        assert.equal(machine.registers.general(EBX), 500);
        assert.equal(machine.registers.general(ECX), 5);
      });

      it('knows where RAM ends', () => {
        const machine = make('nop');
        assert.equal(machine.memorySize, 4 << 20);
        assert.deepEqual(machine.readPhysical((4 << 20) - 2, 4).unmapped, [{ address: 4 << 20, size: 2 }]);
        assert.deepEqual(machine.readPhysical(0xf0000000, 4).unmapped, [{ address: 0xf0000000, size: 4 }]);
        assert.deepEqual(machine.writePhysical((4 << 20) - 1, Uint8Array.of(1, 2)), [{ address: 4 << 20, size: 1 }]);
      });

      it('reads and writes registers', () => {
        const { registers } = make('nop');
        registers.setGeneral(ESP, 0xdeadbeef);
        assert.equal(registers.general(ESP), 0xdeadbeef);
        registers.eip = 0xc0000000;
        assert.equal(registers.eip, 0xc0000000);
        registers.setControl(2, 0xfffff000);
        assert.equal(registers.control(2), 0xfffff000);
        registers.setDebug(3, 0x80000001);
        assert.equal(registers.debug(3), 0x80000001);
        assert.equal(registers.debug(4), registers.debug(6));
        assert.deepEqual(registers.gdtr, { base: 0x1000, limit: 31 });
        assert.equal(registers.msr(0x10), 0n);
        assert.equal(registers.msr(0x174), 0n);
        assert.equal(registers.msr(0xdead), undefined);
      });

      it('gives and takes the FPU’s registers as an FSAVE image', () => {
        const machine = make('fninit\n fld1\n fldpi\n 1: jmp 1b');
        machine.run({ instructions: 5 });
        const image = machine.registers.x87();
        const view = new DataView(image.buffer);
        assert.equal(image.length, 108);
        assert.equal(view.getUint16(0, true), 0x037f);
        assert.equal((view.getUint16(4, true) >> 11) & 7, 6);
        // ST(0) is π, ST(1) is 1.
        assert.equal(view.getBigUint64(28, true), 0xc90fdaa22168c235n);
        assert.equal(view.getUint16(36, true), 0x4000);
        assert.equal(view.getBigUint64(38, true), 0x8000000000000000n);
        const other = make('1: jmp 1b');
        other.registers.setX87(image);
        assert.deepEqual(other.registers.x87(), image);
        assert.throws(() => other.registers.setX87(new Uint8Array(10)), /108 bytes/);
      });
    });

    it('the time-stamp counter is the count', () => {
      const machine = make('nop\n nop\n rdtsc\n 1: jmp 1b');
      machine.run({ instructions: 4 });
      assert.equal(machine.registers.general(EAX), 2);
    });

    it('unknown ports read all ones and are logged once', () => {
      const lines: string[] = [];
      const machine = make('mov $0x1234, %edx\n 1: inl %dx, %eax\n jmp 1b', { log: (line) => lines.push(line) });
      machine.run({ instructions: 100 });
      assert.equal(machine.registers.general(EAX), 0xffffffff);
      assert.equal(lines.length, 4);
    });
  });
}

describe('machine: options', () => {
  it('refuses memory sizes it cannot have', () => {
    for (const memoryMiB of [0, -1, 1.5, 2049, NaN]) {
      assert.throws(() => new Machine({ memoryMiB }), /whole number of MiB from 1 to 2048/);
    }
  });
});
