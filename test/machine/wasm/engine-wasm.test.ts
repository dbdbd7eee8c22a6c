import { strict as assert } from 'node:assert';
import { type Engine } from '../../../src/machine/cpu/engine';
import { Register } from '../../../src/machine/cpu/layout';
import { KERNELS } from '../../bench/kernels';
import { compile, flatMachine, ORIGIN, runToHalt } from './flat-program';
import { Lockstep, Random } from './lockstep';

/** Run both engines in slices of random length until the program halts, comparing all the while. */
function runInStep(both: Lockstep, longest: number, limit = 1_500_000, seed = 1): number {
  const random = new Random(seed);
  let executed = 0;
  while (executed < limit) {
    const reason = both.run(1 + random.below(longest));
    executed += both.reference.engine.executed;
    if (reason === 'halt') break;
    assert.ok(reason === 'budget' || reason === 'pending', reason);
  }
  both.compareRam();
  return executed;
}

/** A program that must halt, in slices of several lengths. */
function assembly(source: string, longest: readonly number[] = [1, 50, 100_000]): Lockstep {
  const program = compile(`.globl start\nstart:\n${source}`, true);
  let both = new Lockstep(program);
  for (const most of longest) {
    both = new Lockstep(program);
    const executed = runInStep(both, most);
    assert.equal(both.reference.engine.run(1), 'halt', `no HLT after ${executed} instructions`);
  }
  return both;
}

function eax({ reference }: Lockstep): number {
  return reference.cpu.getRegister(Register.EAX) >>> 0;
}

describe('WebAssembly engine', () => {
  describe('in lockstep with the evaluator', function () {
    this.timeout(120_000);
    for (const name of Object.keys(KERNELS)) {
      it(`runs 1.5 million instructions of ${name}`, () => {
        runInStep(new Lockstep(compile(KERNELS[name])), 30_000);
      });
    }
  });

  it('executes code that changes the instruction right behind it, and its own page in a loop', () => {
    const both = assembly(`
      xor %eax, %eax
      movb $0x42, patch1
patch1: inc %eax            # becomes inc %edx
      mov $5, %ecx
1:    incb patch2 + 2       # the immediate of the add below
patch2: add $1, %eax
      dec %ecx
      jnz 1b
      hlt`);
    // 2 + 3 + 4 + 5 + 6
    assert.equal(eax(both), 20);
  });

  it('executes instructions that cross a page', () => {
    const both = assembly(`
      xor %eax, %eax
      mov $4, %ecx
      jmp 1f
      .org 0xffd
1:    add $0x01020304, %eax
      rep movsb %ds:(%esi), %es:(%edi)
      incb 1b + 4
      mov $3, %ecx
      cmp $0x0a000000, %eax
      jb 1b
      hlt`);
    assert.ok(eax(both) >= 0x0a000000);
  });

  it('repeats string instructions across pages, backwards and over themselves', () => {
    assembly(
      `
      mov $0x100ff0, %edi; mov $0x01020304, %eax; mov $2000, %ecx; rep stosl
      mov $0x100ff3, %esi; mov $0x201ffe, %edi; mov $5000, %ecx; rep movsb
      mov $0x100ff0, %esi; mov $0x100ff3, %edi; mov $3000, %ecx; rep movsl
      mov $0x100ffc, %esi; mov $0x101000, %edi; mov $1000, %ecx; rep movsl
      mov $0x101000, %esi; mov $0x100ffc, %edi; mov $1000, %ecx; rep movsl
      std
      mov $0x103ff0, %esi; mov $0x203ff4, %edi; mov $2000, %ecx; rep movsl
      mov $0x20fff1, %edi; mov $3000, %ecx; rep stosw
      cld
      mov $0x100000, %esi; mov $0x101000, %edi; mov $5000, %ecx; repe cmpsb
      mov $0x100000, %edi; mov $4, %al; mov $5000, %ecx; repne scasb
      xor %ecx, %ecx; rep movsl; rep stosb
      mov $0x3fff00, %edi; mov $4000, %ecx; rep stosb   # beyond the end of RAM
      hlt`,
      [7, 700, 100_000],
    );
  });

  it('writes to its own code page by REP STOS and REP MOVS', () => {
    const both = assembly(`
      xor %eax, %eax
      mov $2, %edx
1:    call area
      mov $0x40, %al
      push %eax
      mov $area, %edi; mov $40, %ecx; rep stosb        # inc %eax
      movb $0xc3, area + 40
      xor %eax, %eax
      call area
      mov $area + 60, %esi; mov $area, %edi; mov $30, %ecx; rep movsb
      dec %edx
      jnz 1b
      hlt
area: ret
      .fill 59, 1, 0x90
      .fill 20, 1, 0x40
      ret
      .fill 100, 1, 0x90`);
    assert.equal(eax(both), 40);
  });

  it('pages, faults and returns from user mode like the evaluator', () => {
    const both = assembly(PAGING, [1, 17, 100_000]);
    assert.equal(eax(both), 0x600d);
  });

  it('goes through 16-bit code and segments with bases, and comes back', () => {
    const both = assembly(`
      lgdt gdtr
      ljmp $8, $1f
1:    mov $0x18, %eax; mov %ax, %fs                     # base 0x1000
      movl $0x11223344, %fs:0x90000
      mov 0x91000, %ebx
      mov $0x18, %eax; mov %ax, %ds
      mov 0x90000, %edx                                 # through a data segment that is not flat
      mov $0x10, %eax; mov %ax, %ds
      ljmp $0x20, $(2f - start)
      .code16
2:    mov $0x1234, %ax
      add $0x1111, %ax
      push %ax
      pop %cx
      ljmpl $8, $3f
      .code32
3:    add %ebx, %edx
      mov $0x30, %eax; mov %ax, %gs                     # expand-down
      movl $7, %gs:0x20000
      mov %gs:0x20000, %eax
      mov $8, %eax; mov %ax, %gs                        # code, readable
      mov %gs:start, %eax
      hlt
      .balign 8
gdt:  .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cf93001000ffff, 0x00009b010000ffff, 0, 0x00c0970000000001
gdtr: .word . - gdt - 1
      .long gdt`);
    assert.equal(both.reference.cpu.getRegister(Register.EDX) >>> 0, 0x22446688);
  });

  it('forgets everything when the code cache is full, and goes on', () => {
    // A jump in each of 4,000 pages: their index tables do not fit together.
    const pages = 4000;
    const program = new Uint8Array(pages * 4096);
    const view = new DataView(program.buffer);
    for (let page = 0; page < pages; page++) {
      const start = page * 4096;
      program[start] = 0x40; // inc %eax
      program[start + 1] = 0xe9; // jmp
      view.setInt32(start + 2, page === pages - 1 ? -start - 6 : 4096 - 6, true);
    }
    const { cpu, engine } = flatMachine(program, 'wasm', 17);
    for (let round = 0; round < 5; round++) {
      assert.equal(engine.run(3000), 'budget');
      assert.equal(engine.executed, 3000);
    }
    assert.equal(cpu.getRegister(Register.EAX), 7500);
    assert.equal(cpu.eip, ORIGIN + 3500 * 4096);
  });

  describe('breakpoints', () => {
    const program = compile(
      `.globl start
start: mov $1000, %ecx
loop:  cmp $500, %ecx
test:  je there
       dec %ecx
       jnz loop
       hlt
there: dec %ecx
       jmp loop`,
      true,
    );
    // Offsets by the encodings above: mov 5, cmp 6 (imm32), je 2, dec 1, jnz 2.
    const [LOOP, TEST, THERE] = [5, 11, 17].map((offset) => ORIGIN + offset);

    function hits(engine: Engine, limit: number): { count: number; executed: number } {
      let count = 0;
      let executed = 0;
      let resuming = false;
      while (count < limit) {
        const reason = engine.run(1_000_000, resuming);
        executed += engine.executed;
        if (reason !== 'breakpoint') break;
        resuming = true;
        count++;
      }
      return { count, executed };
    }

    it('stop before each instruction that has one, also in the middle of fused ones', () => {
      const plain = runToHalt(flatMachine(program, 'wasm'), 1e6);
      for (const kind of ['evaluator', 'wasm'] as const) {
        const { cpu, engine } = flatMachine(program, kind);
        engine.setBreakpoints([LOOP, TEST, THERE]);
        const { count, executed } = hits(engine, 1e6);
        assert.deepEqual({ kind, count, executed }, { kind, count: 1000 + 1000 + 1, executed: plain });
        assert.equal(cpu.getRegister(Register.ECX), 0);
      }
    });

    it('can be set in code that has been running, and taken away again', () => {
      const { cpu, engine } = flatMachine(program, 'wasm');
      assert.equal(engine.run(100), 'budget');
      engine.setBreakpoints([THERE]);
      assert.equal(engine.run(1_000_000), 'breakpoint');
      assert.equal(cpu.eip, THERE);
      assert.equal(cpu.getRegister(Register.ECX), 500);
      assert.equal(engine.run(1_000_000), 'breakpoint', 'without resuming it stops again');
      assert.equal(engine.executed, 0);
      engine.setBreakpoints([]);
      assert.equal(engine.run(1_000_000), 'halt');
    });

    it('are not seen by the guest', () => {
      const { cpu, engine } = flatMachine(program, 'wasm');
      engine.setBreakpoints([LOOP]);
      assert.equal(engine.run(10), 'breakpoint');
      const bytes = new Uint8Array(program.length);
      cpu.peekPhysical(ORIGIN, bytes);
      assert.deepEqual(bytes, new Uint8Array(program));
    });
  });
});

/**
 * Builds page tables (identity for 4 MiB, an alias of the code at 0x08000000, a user page), goes to user mode, and counts the faults it provokes:
 * page faults on reading, writing and fetching, a page mapped late, a code page exchanged with INVLPG, INT from user mode.
 */
const PAGING = `
      lgdt gdtr
      ljmp $8, $1f
1:    mov $0x10, %eax; mov %ax, %ds; mov %ax, %es; mov %ax, %ss
      mov $0x40000, %edi; xor %eax, %eax; mov $0x3000, %ecx; rep stosb   # directory, table, second table
      movl $0x41007, 0x40000
      movl $0x42007, 0x40080                                            # 0x08000000
      mov $0x41000, %edi; mov $0x003, %eax; mov $1024, %ecx
2:    stosl; add $0x1000, %eax; loop 2b
      movl $0x10007, 0x42000                                            # alias of this code, for the user
      movl $0x50007, 0x42004                                            # user's data and stack
      movl $0x51005, 0x42008                                            # read-only
      movl $0x52007, 0x42010                                            # code, to be exchanged
      movb $0xc3, 0x52000
      movl $0x01c0c740, 0x53000; movl $0xc3000000, 0x53004              # inc %eax; ...
      movl $0x90c34040, 0x53000
      mov $idt, %edi
      lidt idtr
      mov $0x20, %eax; ltr %ax
      movl $0x10, tss + 8; movl $0x7f000, tss + 4
      mov $0x40000, %eax; mov %eax, %cr3
      mov %cr0, %eax; or $0x80010000, %eax; mov %eax, %cr0
      jmp 3f
3:    xor %ebp, %ebp
      pushl $0x2b; pushl $0x08001ff0; pushl $0x202; pushl $0x33; pushl $(user - start + 0x08000000)
      iret
user: mov $0x2b, %eax; mov %ax, %ds; mov %ax, %es
      mov $0x08001000, %ebx
      movl $5, (%ebx)
      addl $6, (%ebx)
      mov 0x08002000, %ecx
      mov $0x08002000, %edx
      movl $1, (%edx)                   # read-only: handler makes it writable
      incl 0x08003000                   # not there: handler maps it
      mov $0x08001ffd, %esi
      movl $0x01020304, (%esi)          # crosses from a page into the next
      mov $0x08004000, %edi
      xor %eax, %eax
      call *%edi                        # ret
      int $0x80                         # exchanges that page
      call *%edi                        # inc, inc, ret
      call *%edi
      cmp $4, %eax
      jne bad
      mov $0x41424344, %eax
      mov $0x08001f80, %edi
      mov $0x50, %ecx
      rep stosl                         # goes on into the page that was mapped late
      mov $0x08005000, %edi
      call *%edi                        # no such page: handler returns to the caller
      hlt                               # not allowed: handler ends the program
bad:  int $0x81

pf:   push %eax; push %edx
      mov $0x10, %eax; mov %ax, %ds
      inc %ebp
      mov %cr2, %eax
      mov %eax, %edx
      shr $12, %edx
      and $0x3ff, %edx
      cmp $5, %edx
      je 4f
      push %eax
      lea 0x50007(,%edx,4), %eax
      mov %edx, %eax
      shl $12, %eax
      add $0x4f007, %eax
      mov %eax, 0x42000(,%edx,4)
      pop %eax
      invlpg (%eax)
5:    mov $0x2b, %eax; mov %ax, %ds
      pop %edx; pop %eax
      add $4, %esp
      iret
4:    mov 20(%esp), %edx                # ...: the return address from the user's stack
      mov 24(%esp), %edx
      mov (%edx), %eax
      mov %eax, 12(%esp)
      addl $4, 24(%esp)
      jmp 5b
sys:  push %eax
      mov $0x10, %eax; mov %ax, %ds
      movl $0x53007, 0x42010
      invlpg 0x08004000
      mov $0x2b, %eax; mov %ax, %ds
      pop %eax
      iret
gp:   mov $0x10, %eax; mov %ax, %ds
      mov $0x600d, %eax
      cli
      hlt
fail: mov $0xbad, %eax
      cli
      hlt
      .balign 8
idt:  .fill 13, 8, 0
      .word gp - start, 8, 0x8e00, 1
      .word pf - start, 8, 0x8e00, 1
      .fill 0x80 - 15, 8, 0
      .word sys - start, 8, 0xee00, 1
      .word fail - start, 8, 0xee00, 1
idtr: .word . - idt - 1
      .long idt
gdt:  .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0, 0
      .quad 0x00cff3000000ffff, 0x00cffb000000ffff
gdtr: .word . - gdt - 1
      .long gdt
      .balign 16
tss:  .fill 26, 4, 0`;
