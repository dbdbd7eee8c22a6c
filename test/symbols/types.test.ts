import assert from 'node:assert/strict';
import {
  type StructType,
  type Type,
  declaration,
  sizeOf,
  stripQualifiers,
  stripTypedefs,
  typeName,
} from '../../src/symbols';
import { type Subject, compile, fixture, gdb, kernel, open, sample } from './tools';

/** Layout of a structure as `offset[:bit:bits] declaration`, anonymous members opened, as `ptype/o` shows it. */
function layout(struct: StructType, base = 0): string[] {
  return struct.members.flatMap((member) => {
    const inner = stripTypedefs(member.type);
    const isOpened = isTagged(inner) && inner.name === undefined && stripQualifiers(member.type) === inner;
    const lines = isOpened ? layout(inner, base + member.offset) : [];
    if (member.bitField) {
      const { bitOffset, bitSize } = member.bitField;
      return [`${base * 8 + bitOffset} ${bitSize} ${member.name}`];
    }
    return [...lines, `${(base + member.offset) * 8} ${(sizeOf(member.type) ?? 0) * 8} ${member.name ?? ''}`];
  });
}

function isTagged(type: Type): type is StructType {
  return type.kind === 'struct' || type.kind === 'union' || type.kind === 'class';
}

/** The same from gdb's own Python interface to types, so that no pretty-printing has to be understood. */
const LAYOUT_SCRIPT = `python
def sockscope_layout(t, base):
  for f in t.fields():
    i = f.type
    if f.bitsize:
      print("%d %d %s" % (base + f.bitpos, f.bitsize, f.name))
      continue
    if i.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION) and i.tag is None and i.name is None:
      sockscope_layout(i, base + f.bitpos)
    d = i.strip_typedefs()
    flexible = d.code == gdb.TYPE_CODE_ARRAY and d.range()[1] < d.range()[0]
    print("%d %d %s" % (base + f.bitpos, 0 if flexible else i.sizeof * 8, f.name or ""))
def sockscope_type(name):
  t = gdb.lookup_type(name)
  print("size %d" % t.sizeof)
  sockscope_layout(t, 0)
`.replace(/^python\n/, '');

function gdbLayouts(path: string, names: readonly string[]): string[][] {
  const define = `python exec(${JSON.stringify(LAYOUT_SCRIPT)})`;
  const [, ...outputs] = gdb(path, [define, ...names.map((name) => `python sockscope_type("${name}")`)]);
  return outputs.map((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => line.trim()),
  );
}

function compareLayouts({ path, symbols }: Subject, names: readonly string[]): number {
  const expected = gdbLayouts(path, names);
  let members = 0;
  names.forEach((name, i) => {
    const type = symbols.findType(name);
    assert.ok(type && isTagged(type), name);
    const ours = [`size ${type.byteSize}`, ...layout(type)].map((line) => line.trim());
    assert.deepEqual(ours, expected[i], name);
    members += ours.length - 1;
  });
  return members;
}

/** Structures whose definition is the same in all units, so that any of them may be shown. */
function structNames({ symbols }: Subject): string[] {
  const names = new Set<string>();
  for (const file of [
    'net/socket.c',
    'kernel/fork.c',
    'net/ipv4/tcp.c',
    'fs/read_write.c',
    'mm/memory.c',
    'net/ipv4/tcp_input.c',
    'kernel/sched/core.c',
    'net/core/dev.c',
    'fs/namei.c',
    'mm/page_alloc.c',
    'net/unix/af_unix.c',
    'kernel/exit.c',
    'fs/exec.c',
  ]) {
    const unit = symbols.units().find((u) => u.name === file);
    assert.ok(unit, file);
    for (const fn of symbols.functionsOf(unit)) {
      for (const parameter of fn.parameters) {
        let type = stripTypedefs(parameter.type);
        if (type.kind === 'pointer') type = stripTypedefs(type.target);
        if (!isTagged(type)) continue;
        if (type.name !== undefined) names.add(`${type.kind} ${type.name}`);
        for (const member of type.members) {
          let inner = stripTypedefs(member.type);
          if (inner.kind === 'pointer') inner = stripTypedefs(inner.target);
          if (isTagged(inner) && inner.name !== undefined && !inner.isIncomplete)
            names.add(`${inner.kind} ${inner.name}`);
        }
      }
    }
  }
  return [...names].sort();
}

describe('symbols: types of the kernel', function () {
  this.timeout(180_000);

  let subject: Subject;

  before(async () => {
    subject = await kernel();
  });

  it("have gdb's sizes, offsets and bit-fields (300 structures)", () => {
    const names = sample(structNames(subject), 300);
    const members = compareLayouts(subject, names);
    assert.ok(names.length >= 250 && members > 3000, `${names.length} structures, ${members} members`);
  });

  it("of parameters are spelled as gdb's `whatis` does (300 functions)", () => {
    const { path, symbols, elf } = subject;
    const names = sample(
      elf.symbols.filter(
        (s) => s.kind === 'function' && s.binding === 'global' && elf.symbolsNamed(s.name).length === 1,
      ),
      300,
    ).map((s) => s.name);
    const expected = gdb(
      path,
      names.map((name) => `whatis ${name}`),
    );
    let compared = 0;
    names.forEach((name, i) => {
      const [fn] = symbols.findFunctions(name).concrete;
      // gdb makes `void (void)` of the assembler's functions without a described type.
      if (!fn || fn.unit.language === 0x8001) return;
      const list = fn.parameters.map((p) => typeName(p.type)).join(', ') || (fn.isPrototyped ? 'void' : '');
      const match = /^type = (.*)\n/.exec(expected[i]);
      const ours = declaration(fn.returnType, `(${list})`);
      const wanted = match?.[1].replace(', ...)', ')');
      if (wanted?.includes('<data variable')) return;
      assert.equal(ours.replaceAll(' ', ''), wanted?.replaceAll(' ', ''), name);
      compared++;
    });
    assert.ok(compared > 230, `${compared} functions compared`);
  });

  it('of one name are found near the unit first', () => {
    const { symbols, elf } = subject;
    const unit = symbols.unitAt(elf.symbolsNamed('__sys_bind')[0].address);
    const type = symbols.findType('struct socket', unit);
    assert.ok(type && isTagged(type));
    assert.equal(type.member('ops') && typeName(type.member('ops')?.type as Type), 'const struct proto_ops *');
    assert.equal(type.file?.path, 'include/linux/net.h');
    assert.ok(type.line > 100);
  });

  it('that are only declared in a unit are completed from another', () => {
    const { symbols } = subject;
    // Some unit has a pointer to a structure that only another one defines.
    let completed = 0;
    for (const unit of sample(symbols.units(), 40)) {
      for (const fn of symbols.functionsOf(unit).slice(0, 20)) {
        for (const parameter of fn.parameters) {
          const type = stripTypedefs(parameter.type);
          const target = type.kind === 'pointer' ? stripTypedefs(type.target) : type;
          if (!isTagged(target) || target.name === undefined) continue;
          const near = symbols.findType(`struct ${target.name}`, unit);
          if (near && near.id !== target.id && isTagged(near) && target.byteSize === near.byteSize) completed++;
        }
      }
    }
    assert.ok(completed > 0, `${completed} completed`);
  });

  it('have enumerators with names and values', () => {
    const { symbols } = subject;
    assert.equal(symbols.findEnumerator('TCP_LISTEN')?.value, 10n);
    assert.equal(symbols.findEnumerator('IPPROTO_UDP')?.value, 17n);
    assert.equal(symbols.findEnumerator('SOCK_STREAM')?.type.name, 'sock_type');
    assert.equal(symbols.findEnumerator('NO_SUCH_ENUMERATOR'), undefined);
  });

  it('of C are found by all their spellings', () => {
    const { symbols } = subject;
    for (const [name, size] of Object.entries({
      int: 4,
      unsigned: 4,
      'unsigned long': 4,
      'long long': 8,
      char: 1,
      size_t: 4,
      u16: 2,
    })) {
      const type = symbols.findType(name);
      assert.ok(type, name);
      assert.equal(sizeOf(type), size, name);
    }
    assert.equal(symbols.findType('no_such_type'), undefined);
    assert.equal(symbols.findType('struct no_such_type'), undefined);
  });
});

for (const version of [2, 3, 4, 5]) {
  describe(`symbols: types of a program in DWARF ${version}`, () => {
    const subject = (): Subject =>
      open(compile(fixture('everything.c'), [`-gdwarf-${version}`, '-O1', '-fno-eliminate-unused-debug-types']));
    const variable = (name: string): Type => {
      const found = subject().symbols.findVariable(name);
      assert.ok(found, name);
      return found.type;
    };

    it("have gdb's layout, bit-fields and packed members included", () => {
      const members = compareLayouts(subject(), ['struct flags', 'struct packed_flags', 'union number', 'struct node']);
      assert.ok(members > 30);
    });

    it('are spelled as C declares them', () => {
      assert.equal(declaration(variable('deep'), 'deep'), 'int (*(*deep)(int))[4]');
      assert.equal(typeName(variable('names')), 'const char * const [3]');
      assert.equal(typeName(variable('ports')), 'volatile word [4]');
      assert.equal(typeName(variable('origin')), 'point');
      assert.equal(typeName(variable('unknown_reference')), 'struct opaque *');
      const node = subject().symbols.findType('struct node');
      assert.ok(node?.kind === 'struct');
      const spelled = Object.fromEntries(node.members.map((m) => [m.name ?? '', typeName(m.type)]));
      assert.equal(spelled.table, 'int (*[3])(void)');
      assert.equal(spelled.matrix, 'int [2][3]');
      assert.equal(spelled.counter, 'volatile int * const');
      assert.equal(spelled.shade, 'enum colour');
      assert.equal(spelled.rest, 'int []');
      assert.equal(spelled[''], 'union {...}');
      const handler = stripTypedefs(node.member('handler')?.type as Type);
      assert.equal(typeName(handler), 'int (*)(int, const char *, ...)');
    });

    it('reach members of anonymous members', () => {
      const node = subject().symbols.findType('struct node');
      assert.ok(node?.kind === 'struct');
      assert.equal(node.member('kind')?.offset, 8);
      assert.equal(node.member('pair')?.offset, 8);
      assert.equal(node.member('nothing'), undefined);
    });

    it('give enumerators their sign', () => {
      const { symbols } = subject();
      assert.equal(symbols.findEnumerator('NEGATIVE')?.value, -3n);
      assert.equal(symbols.findEnumerator('GREEN')?.value, 5n);
      assert.equal(symbols.findEnumerator('ANONYMOUS_BIG')?.value, 0x80000000n);
    });

    it('know what has no size', () => {
      const { symbols } = subject();
      const type = stripTypedefs(variable('unknown_reference'));
      assert.ok(type.kind === 'pointer');
      assert.equal(sizeOf(type.target), undefined);
      assert.ok(stripTypedefs(type.target).kind === 'struct');
      const [quit] = symbols.findFunctions('quit').concrete;
      assert.equal(quit.returnType.kind, 'void');
      assert.equal(quit.isNoReturn, version > 4 || quit.isNoReturn);
    });

    it('have encodings', () => {
      const node = subject().symbols.findType('struct node');
      assert.ok(node?.kind === 'struct');
      const encoding = (name: string): string => {
        const type = stripTypedefs(node.member(name)?.type as Type);
        return type.kind === 'base' ? `${type.encoding} ${type.byteSize}` : type.kind;
      };
      assert.equal(encoding('flag'), 'boolean 1');
      assert.equal(encoding('extended'), 'float 12');
      assert.equal(encoding('complex_number'), 'complex_float 8');
      assert.equal(encoding('shade'), 'enum');
    });
  });
}
