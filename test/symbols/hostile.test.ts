import assert from 'node:assert/strict';
import { unzlibSync } from 'fflate';
import {
  type EvaluationContext,
  type Scope,
  SymbolError,
  SymbolFile,
  type Type,
  openElf,
  sizeOf,
  typeName,
} from '../../src/symbols';
import { compile, fixture, open, random } from './tools';

const CONTEXT: EvaluationContext = {
  pc: 0,
  readMemory: (_, size) => new Uint8Array(size),
  register: (number) => number,
  cfa: () => 0x1000,
  frameBase: () => 0x1000,
};

/** Runs a question; a SymbolError is an answer, anything else fails the test. */
function ask(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof SymbolError)) throw error;
  }
}

function visitType(type: Type, depth = 0): void {
  ask(() => void typeName(type));
  ask(() => void sizeOf(type));
  if (depth > 4) return;
  ask(() => {
    if (type.kind === 'struct' || type.kind === 'union')
      for (const member of type.members) visitType(member.type, depth + 1);
    if (type.kind === 'enum') void type.enumerators;
    if (type.kind === 'array') void [type.dimensions, type.dynamicBounds, type.byteSize];
    if (type.kind === 'pointer' || type.kind === 'typedef' || type.kind === 'qualified')
      visitType(type.target, depth + 1);
    if (type.kind === 'subroutine') type.parameters.forEach((p) => visitType(p.type, depth + 1));
  });
}

function visitScope(symbols: SymbolFile, pc: number, scope: Scope | undefined): void {
  for (let s = scope; s; s = s.outer) {
    for (const variable of s.variables) {
      ask(() => void symbols.locate(variable, { ...CONTEXT, pc }));
      ask(() => void [variable.name, variable.line, variable.file?.path]);
      ask(() => visitType(variable.type));
    }
  }
}

/** Asks a file everything. */
function interrogate(bytes: Uint8Array): void {
  let symbols: SymbolFile | undefined;
  ask(() => {
    symbols = SymbolFile.load(openElf(bytes, 'fuzzed', { inflate: (b) => unzlibSync(b) }));
  });
  const file = symbols;
  if (!file) return;
  ask(() => file.requireDebugInfo());
  ask(() => void file.elf.buildId);
  ask(() => void file.elf.symbolAt(0x1234));
  ask(() => void file.indexNames());
  for (const name of ['walk', 'square', 'main', 'mix']) ask(() => void file.findFunctions(name));
  for (const name of ['struct node', 'int', 'union number', 'struct opaque']) {
    ask(() => {
      const type = file.findType(name);
      if (type) visitType(type);
    });
  }
  ask(() => void file.findEnumerator('BLUE'));
  ask(() => void file.findVariable('names')?.location);
  ask(() =>
    file
      .sourceFiles()
      .slice(0, 5)
      .forEach((source) => ask(() => void file.addressesForLine(source, 100))),
  );
  for (const unit of file.units().slice(0, 4)) {
    ask(() => void unit.name);
    ask(() => file.globals(unit).forEach((v) => ask(() => void v.location)));
    ask(() => {
      for (const fn of file.functionsOf(unit).slice(0, 20)) {
        const [range] = fn.ranges;
        for (let i = 0; i < 4; i++) {
          const pc = range.start + Math.floor(((range.end - range.start) * i) / 4);
          ask(() => void file.lineAt(pc));
          ask(() => void file.inlinesAt(pc).map((call) => [call.name, call.callLine, call.entryPc, call.callFile]));
          ask(() => visitScope(file, pc, file.scopeAt(pc)));
          ask(() => void file.unwindRow(pc));
          ask(() => void file.callSiteAt(pc));
        }
        ask(() => void file.functionBreakpointAddress(fn));
      }
    });
  }
}

describe('symbols: hostile input', function () {
  this.timeout(180_000);

  const SECTIONS = [
    '.debug_info',
    '.debug_abbrev',
    '.debug_line',
    '.debug_loclists',
    '.debug_loc',
    '.debug_rnglists',
    '.debug_ranges',
    '.debug_aranges',
    '.eh_frame',
    '.debug_str',
    '.debug_line_str',
    '.symtab',
    '.strtab',
  ];

  for (const version of [4, 5]) {
    it(`raises nothing but SymbolError and always ends: 100 damaged files in DWARF ${version}`, () => {
      const original = open(compile(fixture('everything.c'), ['-O2', `-gdwarf-${version}`]));
      const sections = SECTIONS.map((name) => original.elf.section(name)).filter((s) => s !== undefined && s.size > 0);
      const next = random(version);
      for (let round = 0; round < 100; round++) {
        const bytes = original.elf.bytes.slice();
        const count = 1 + next(6);
        for (let i = 0; i < count; i++) {
          const section = sections[next(sections.length)];
          assert.ok(section);
          const position = section.offset + next(section.size);
          // A random byte, an extreme one, or a flipped bit.
          const kind = next(3);
          bytes[position] =
            kind === 0 ? next(256) : kind === 1 ? [0, 0xff, 0x7f, 0x80][next(4)] : bytes[position] ^ (1 << next(8));
        }
        const start = performance.now();
        interrogate(bytes);
        const time = performance.now() - start;
        assert.ok(time < 20_000, `round ${round} took ${time} ms`);
      }
    });
  }

  it('raises nothing but SymbolError for 150 files with damaged headers and 60 cut ones', () => {
    const { elf } = open(compile(fixture('everything.c'), ['-O2', '-g']));
    const next = random(77);
    for (let round = 0; round < 150; round++) {
      const bytes = elf.bytes.slice();
      const inHeader = next(2) === 0;
      const table = new DataView(bytes.buffer).getUint32(32, true);
      const position = inHeader ? 4 + next(48) : table + next(elf.sections.length * 40);
      bytes[position] = next(256);
      interrogate(bytes);
    }
    for (let i = 0; i < 60; i++) interrogate(elf.bytes.slice(0, Math.floor((elf.bytes.length * i) / 60)));
  });

  it('bounds what refers to itself', () => {
    // A typedef and a const that are each other's type, and an entry that is its own abstract origin.
    const assembly = `
  .text
  .globl main
main: ret
main_end:
  .section .debug_abbrev,"",@progbits
  .byte 1, 0x11, 1, 0x03, 0x08, 0x11, 0x01, 0x12, 0x06, 0, 0
  .byte 2, 0x16, 0, 0x03, 0x08, 0x49, 0x13, 0, 0
  .byte 3, 0x26, 0, 0x49, 0x13, 0, 0
  .byte 4, 0x2e, 0, 0x31, 0x13, 0x11, 0x01, 0x12, 0x06, 0, 0
  .byte 5, 0x01, 1, 0x49, 0x13, 0, 0
  .byte 6, 0x21, 0, 0x2f, 0x0b, 0, 0
  .byte 7, 0x13, 1, 0x03, 0x08, 0x0b, 0x0b, 0, 0
  .byte 8, 0x0d, 0, 0x49, 0x13, 0, 0
  .byte 0
  .section .debug_info,"",@progbits
start:
  .long end - version
version:
  .value 4
  .long .debug_abbrev
  .byte 4
  .uleb128 1
  .asciz "loop.c"
  .long main
  .long main_end - main
loop:
  .uleb128 2
  .asciz "loop"
  .long constant - start
constant:
  .uleb128 3
  .long loop - start
function:
  .uleb128 4
  .long function - start
  .long main
  .long main_end - main
array:
  .uleb128 5
  .long array - start
  .uleb128 6
  .byte 3
  .byte 0
  .uleb128 2
  .asciz "array"
  .long array - start
anonymous:
  .uleb128 7
  .asciz "nest"
  .byte 4
  .uleb128 8
  .long anonymous - start
  .byte 0
  .byte 0
end:
  .section .note.GNU-stack,"",@progbits
`;
    const { symbols } = open(compile(assembly, ['-nostdlib', '-Wl,-e,main', '-no-pie'], 'assembler'));
    assert.deepEqual(symbols.warnings, []);
    const loop = symbols.findType('loop');
    assert.ok(loop);
    assert.throws(() => sizeOf(loop), /a type that is defined by itself/);
    assert.equal(typeName(loop), 'loop');
    const array = symbols.findType('array');
    assert.ok(array);
    assert.throws(() => sizeOf(array), /a type that is defined by itself/);
    const nest = symbols.findType('struct nest');
    assert.ok(nest?.kind === 'struct');
    assert.equal(nest.member('missing'), undefined);
    const [fn] = symbols.functionsOf(symbols.units()[0]);
    assert.equal(fn.name, '');
    assert.equal(fn.parameters.length, 0);
  });
});
