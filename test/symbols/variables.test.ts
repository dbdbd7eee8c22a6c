import assert from 'node:assert/strict';
import {
  type EvaluationContext,
  type LocationDescription,
  type Scope,
  type Variable,
  callSiteParameterValue,
  callSiteValue,
  evaluate,
  evaluateFrameBase,
  readLocation,
  typeName,
} from '../../src/symbols';
import { DW_OP } from '../../src/symbols/constants';
import { DwarfExpression } from '../../src/symbols/operations';
import { type Subject, compile, fixture, gdb, hex, kernel, open, run, sample } from './tools';

const UNITS = ['net/socket.c', 'net/ipv4/af_inet.c', 'kernel/fork.c'];

/** Operands that the tools show in different terms: types by name or offset, jumps by distance or target. */
const UNCOMPARED_OPERANDS =
  /(DW_OP_(?:GNU_)?(?:convert|implicit_value|bra|skip|const_type|deref_type|regval_type|implicit_pointer|parameter_ref))(?: (?:\([^)]*\)|"[^"]*"|[^,()"])*)?/g;

/** Operations without what the two tools write differently: register names, bases of numbers, names of types. */
function normalized(text: string): string {
  return text
    .replaceAll('entry_value (', 'entry_value(')
    .replace(/; /g, ', ')
    .replace(/(DW_OP_regx?\d*) [A-Z][A-Z0-9]*/g, '$1')
    .replace(/(DW_OP_breg\d+) [A-Z]+([+-]\d+)/g, (_, op: string, n: string) => `${op} ${Number(n)}`)
    .replace(UNCOMPARED_OPERANDS, '$1')
    .replace(/0x[0-9a-f]+/g, (n) => `${Number(n)}`)
    .replace(/([ (])([+-]?\d+)/g, (_, before: string, n: string) => `${before}${BigInt.asUintN(32, BigInt(n))}`);
}

/** Locations of all variables of a unit as llvm-dwarfdump lists them, by offset of the entry. */
function dumpedLocations(file: string, unit: string): Map<number, string[]> {
  const found = new Map<number, string[]>();
  let id = -1;
  let inLocation = false;
  for (const line of run('llvm-dwarfdump', ['--debug-info', '--show-children', `--name=${unit}`, file]).split('\n')) {
    const entry = /^0x([0-9a-f]{8}): +DW_TAG_(\w+)/.exec(line);
    if (entry) {
      id = /^(variable|formal_parameter)$/.test(entry[2]) ? parseInt(entry[1], 16) : -1;
      inLocation = false;
      continue;
    }
    if (id < 0) continue;
    const simple = /^\s+DW_AT_location\s+\((DW_OP_.*)\)$/.exec(line);
    if (simple) found.set(id, [normalized(simple[1])]);
    else if (/^\s+DW_AT_location\s+\(0x[0-9a-f]+: *$/.test(line)) {
      inLocation = true;
      found.set(id, []);
    } else if (inLocation) {
      const range = /^\s+\[(0x[0-9a-f]+), *(0x[0-9a-f]+)\): (.*?)(\))?$/.exec(line);
      if (!range) inLocation = false;
      else {
        // The list's own closing parenthesis follows the last expression.
        const opened = (range[3].match(/\(/g) ?? []).length - (range[3].match(/\)/g) ?? []).length;
        const text = opened > 0 ? `${range[3]}${range[4] ?? ''}` : range[3];
        if (Number(range[1]) < Number(range[2])) found.get(id)?.push(`${range[1]} ${range[2]} ${normalized(text)}`);
      }
    }
  }
  return found;
}

function printed(location: LocationDescription): string[] {
  if (location.kind === 'expression') return [normalized(location.expression.toString())];
  if (location.kind !== 'list') return [];
  return location.entries.map((entry) => {
    const { start, end } = entry.range ?? { start: 0, end: 0 };
    const address = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;
    return `${address(start)} ${address(end)} ${normalized(entry.expression.toString())}`;
  });
}

function compareLocations({ path, symbols }: Subject, unit: string): number {
  let compared = 0;
  for (const [id, expected] of dumpedLocations(path, unit)) {
    const variable = symbols.variableById(id);
    assert.ok(variable, hex(id));
    // llvm-dwarfdump 14 can't decode some operations; what it shows before them is compared.
    const ours = printed(variable.location);
    const cut = expected.map((text, i) => {
      const known = text.indexOf('<decoding error>');
      return known < 0 ? ours[i] : (ours[i] ?? '').slice(0, known);
    });
    assert.deepEqual(
      cut,
      expected.map((text) => text.replace(/<decoding error>.*/, '')),
      `${variable.name} at ${hex(id)}`,
    );
    assert.equal(ours.length, expected.length);
    compared += expected.length;
  }
  return compared;
}

/** Frames at an address as gdb's blocks give them, innermost first: `name: variable, variable`. */
const BLOCKS_SCRIPT = `
def sockscope_blocks(pc):
  block = gdb.block_for_pc(pc)
  names = []
  while block is not None and not block.is_static and not block.is_global:
    for s in block:
      # Of abstract instances gdb also shows what this copy dropped: those have no location.
      if s.name != '__func__' and s.addr_class != gdb.SYMBOL_LOC_OPTIMIZED_OUT and (s.is_argument or s.is_variable or s.addr_class == gdb.SYMBOL_LOC_CONST):
        names.append(s.name)
    if block.function is not None:
      print("%s: %s" % (block.function.name, " ".join(sorted(set(names)))))
      names = []
    block = block.superblock
`;

function gdbFrames(file: string, addresses: readonly number[]): string[][] {
  const commands = [
    `python exec(${JSON.stringify(BLOCKS_SCRIPT)})`,
    ...addresses.map((a) => `python sockscope_blocks(${a})`),
  ];
  return gdb(file, commands)
    .slice(1)
    .map((text) =>
      text
        .trim()
        .split('\n')
        .map((line) => line.trimEnd()),
    );
}

function variablesAt(scope: Scope | undefined): Variable[] {
  return scope ? [...scope.variables, ...variablesAt(scope.outer)] : [];
}

function framesAt({ symbols }: Subject, address: number): string[] {
  const fn = symbols.functionAt(address);
  return [...symbols.inlinesAt(address), ...(fn ? [fn] : [])].map((frame) => {
    const names = variablesAt(symbols.scopeAt(address, frame))
      .filter((variable) => variable.location.kind !== 'none' && variable.name !== '__func__')
      .map((variable) => variable.name);
    return `${frame.name}: ${[...new Set(names)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join(' ')}`.trimEnd();
  });
}

describe('symbols: variables', function () {
  this.timeout(180_000);

  it("have llvm-dwarfdump's locations and location lists in whole units of the kernel", async () => {
    const subject = await kernel();
    const compared = UNITS.map((unit) => compareLocations(subject, unit)).reduce((a, b) => a + b);
    assert.ok(compared > 6000, `${compared} locations compared`);
  });

  for (const version of [3, 4, 5]) {
    it(`have llvm-dwarfdump's locations in DWARF ${version}`, () => {
      const file = compile(fixture('everything.c'), [`-gdwarf-${version}`, '-O2']);
      const subject = open(file);
      const compared = compareLocations(subject, subject.symbols.units()[0].name);
      assert.ok(compared > 60, `${compared} locations compared`);
    });
  }

  it("are in the frames and scopes that gdb's blocks say (400 addresses)", async () => {
    const subject = await kernel();
    const functions = subject.elf.symbols.filter((s) => s.kind === 'function' && s.size > 64);
    const addresses = sample(functions, 400).map((s, i) => s.address + ((i * 53) % s.size));
    const expected = gdbFrames(subject.path, addresses);
    let frames = 0;
    let inlined = 0;
    addresses.forEach((address, i) => {
      if (subject.symbols.unitAt(address)?.language === 0x8001 || !subject.symbols.functionAt(address)) return;
      const ours = framesAt(subject, address);
      assert.deepEqual(ours, expected[i], hex(address));
      frames += ours.length;
      if (ours.length > 1) inlined++;
    });
    assert.ok(frames > 500 && inlined > 100, `${frames} frames, ${inlined} addresses in inlined calls`);
  });

  it('at file scope have their addresses and types', async () => {
    const { symbols, elf, path } = await kernel();
    const names = ['tcp_prot', 'inet_stream_ops', 'init_task', 'jiffies', 'sys_call_table', 'net_families'];
    const [first] = gdb(path, ['info address tcp_prot']);
    assert.match(first, /static storage at address/);
    for (const name of names) {
      const variable = symbols.findVariable(name);
      assert.ok(variable, name);
      assert.ok(variable.location.kind === 'expression', name);
      const [symbol] = elf.symbolsNamed(name);
      assert.equal(variable.location.expression.toString(), `DW_OP_addr ${hex(symbol.address)}`);
    }
    assert.equal(typeName(symbols.findVariable('tcp_prot')?.type as Variable['type']), 'struct proto');
    const socket = symbols.units().find((u) => u.name === 'net/socket.c');
    assert.ok(socket);
    assert.equal(symbols.findVariable('net_families', socket)?.file?.path, 'net/socket.c');
    assert.ok(symbols.globals(socket).some((v) => v.name === 'net_families' && !v.isExternal));
    assert.equal(symbols.findVariable('no_such_variable'), undefined);
  });

  it('that are gone say where they last were', async () => {
    const { symbols, elf } = await kernel();
    const [entry] = elf.symbolsNamed('__ia32_sys_socketcall');
    const fn = symbols.functionAt(entry.address);
    assert.ok(fn);
    const regs = fn.parameters[0];
    assert.equal(regs.name, 'regs');
    assert.ok(regs.location.kind === 'list');
    const [first] = regs.location.entries;
    assert.ok(first.range);
    const context: EvaluationContext = {
      pc: first.range.end,
      readMemory: () => assert.fail('no memory is needed'),
      register: () => 0,
      cfa: () => 0,
      frameBase: () => 0,
    };
    const [piece] = symbols.locate(regs, context).pieces;
    assert.ok(piece.place.kind === 'optimizedOut');
    assert.equal(piece.place.before?.description, 'in %eax');
    assert.match(piece.place.reason, /its value on entry .* it was in %eax until 0xc1/);
    const known = symbols.locate(regs, { ...context, entryValue: () => 0x1234 });
    assert.deepEqual([...readLocation(known, 4, context).bytes], [0x34, 0x12, 0, 0]);
  });
});

describe('symbols: call sites', () => {
  it('tell what a caller passed: values on entry', async () => {
    const subject = await kernel();
    const { symbols, elf } = subject;
    let known = 0;
    let total = 0;
    for (const symbol of sample(
      elf.symbols.filter((s) => s.kind === 'function' && s.size > 200),
      200,
    )) {
      for (let pc = symbol.address; pc < symbol.address + symbol.size; pc++) {
        const site = symbols.callSiteAt(pc);
        if (!site) continue;
        total++;
        if (site.calleeName !== undefined && site.calleeAddress !== undefined) {
          // What the debug information says is called has to be what the call instruction calls.
          const code = elf.read(pc - 5, 5);
          if (code?.[0] !== 0xe8) continue;
          const target = (pc + new DataView(code.buffer, code.byteOffset).getInt32(1, true)) >>> 0;
          const names = elf.symbols.filter((s) => s.address === target).map((s) => s.name);
          assert.ok(target === site.calleeAddress || names.includes(site.calleeName), `${hex(pc)}: ${site.calleeName}`);
          known++;
        }
      }
    }
    assert.ok(total > 1000 && known > 500, `${total} call sites, ${known} direct calls checked`);
  });

  for (const version of [4, 5]) {
    it(`give parameters by register and by stack slot (DWARF ${version})`, () => {
      const source = `
__attribute__((noinline)) int callee(int a, int b) { __asm__ volatile("" ::: "memory"); return a + b; }
__attribute__((noinline, regparm(2))) int fast(int a, int b) { __asm__ volatile("" ::: "eax", "edx", "memory"); return a - b; }
__attribute__((noinline)) int caller(int x) { int s = callee(x + 1, 77); return s + fast(5, x) + 1; }
int main(int argc, char **argv) { (void)argv; return caller(argc); }`;
      const { symbols } = open(
        compile(source, [
          '-O2',
          `-gdwarf-${version}`,
          '-mpreferred-stack-boundary=2',
          '-maccumulate-outgoing-args',
          '-fno-ipa-cp',
          '-fno-ipa-sra',
        ]),
      );
      const [caller] = symbols.findFunctions('caller').concrete;
      const sites = [];
      for (let pc = caller.lowPc; pc <= caller.ranges[0].end; pc++) {
        const site = symbols.callSiteAt(pc);
        if (site) sites.push(site);
      }
      assert.deepEqual(
        sites.map((site) => site.calleeName),
        ['callee', 'fast'],
      );
      const fast = sites[1];
      assert.equal(fast.calleeAddress, symbols.findFunctions('fast').concrete[0].lowPc);
      const context: EvaluationContext = {
        pc: fast.returnAddress - 1,
        readMemory: () => Uint8Array.of(9, 0, 0, 0),
        register: () => 9,
        cfa: () => 0x1000,
        frameBase: () => 0x1000,
        entryValue: () => 9,
      };
      const [parameter] = fast.parameters.filter((p) => p.location?.toString() === 'DW_OP_reg0');
      assert.ok(parameter?.location);
      assert.equal(callSiteValue(fast, parameter.location, context), 5n);
      // In the callee's words its stack arguments are at its CFA (the frame base) and above.
      const slot = (offset: number): DwarfExpression =>
        new DwarfExpression(Uint8Array.of(DW_OP.fbreg, offset, DW_OP.deref), undefined);
      assert.equal(callSiteValue(sites[0], slot(0), context), 10n);
      assert.equal(callSiteValue(sites[0], slot(4), context), 77n);
      assert.equal(callSiteValue(sites[0], slot(8), context), undefined);
      assert.equal(callSiteParameterValue(fast, 1, context), undefined);
    });
  }
});

describe('symbols: values in a running program', function () {
  this.timeout(180_000);

  it("are what gdb prints: locals and globals at -O0 (through gdb's registers and memory)", () => {
    const file = compile(fixture('everything.c'), ['-g', '-O0', '-no-pie']);
    const { symbols } = open(file);
    const [fn] = symbols.findFunctions('widen').concrete;
    const pc = symbols.functionBreakpointAddress(fn);
    const [, , , ebp, low, high] = gdb(file, [`break *${hex(pc)}`, 'run', 'nop', 'p/x $ebp', 'p low', 'p high']);
    assert.match(ebp, /0x/, 'the program runs under gdb');
    const number = (text: string): number => Number(/= (\S+)/.exec(text)?.[1]);
    const frame = number(ebp);
    const context: EvaluationContext = {
      pc,
      readMemory: () => assert.fail('no memory is needed'),
      register: (n) => (n === 5 ? frame : undefined),
      cfa: () => frame + 8,
      frameBase: () => evaluateFrameBase(fn, context) ?? 0,
    };
    const addresses = fn.parameters.map((parameter) => {
      assert.ok(parameter.location.kind === 'expression');
      const [{ place }] = evaluate(parameter.location.expression, context).pieces;
      assert.ok(place.kind === 'memory');
      return place.address;
    });
    const read = gdb(file, [`break *${hex(pc)}`, 'run', ...addresses.map((a) => `p *(int *) ${hex(a)}`)]).slice(2);
    assert.deepEqual(read.map(number), [number(low), number(high)]);
  });

  it("have functions stop behind the prologue where gdb's breakpoints are (-O0) and at the entry (-O2)", () => {
    for (const flags of [
      ['-O0'],
      ['-O0', '-gdwarf-4'],
      ['-O2'],
      ['-O2', '-gdwarf-4'],
      ['-O1', '-fomit-frame-pointer'],
    ]) {
      const file = compile(fixture('everything.c'), ['-g', ...flags, '-no-pie']);
      const { symbols } = open(file);
      const functions = symbols.functionsOf(symbols.units()[0]);
      assert.ok(functions.length > 8);
      const outputs = gdb(
        file,
        functions.map((fn) => `break ${fn.name}`),
      );
      functions.forEach((fn, i) => {
        const address = /at (0x[0-9a-f]+)/.exec(outputs[i])?.[1];
        // gdb lists several places if the function is inlined elsewhere too.
        if (address) assert.equal(hex(symbols.functionBreakpointAddress(fn)), address, `${fn.name} ${flags.join(' ')}`);
      });
    }
  });

  it('have functions of the kernel stop where gdb stops (200 functions)', async () => {
    const { path, symbols, elf } = await kernel();
    const names = sample(
      elf.symbols.filter(
        (s) => s.kind === 'function' && s.binding === 'global' && elf.symbolsNamed(s.name).length === 1,
      ),
      200,
    ).map((s) => s.name);
    const outputs = gdb(
      path,
      names.map((name) => `break *${name}`.replace('*', '')),
    );
    let compared = 0;
    const different: string[] = [];
    names.forEach((name, i) => {
      const address = /^Breakpoint \d+ at (0x[0-9a-f]+)/.exec(outputs[i])?.[1];
      const { concrete, inlined } = symbols.findFunctions(name);
      if (!address || concrete.length !== 1 || concrete[0].unit.language === 0x8001) return;
      // gdb also lists weak definitions that the linker replaced; nothing ever calls those.
      if (inlined.length > 0 || outputs[i].includes('locations)')) return;
      compared++;
      const ours = hex(symbols.functionBreakpointAddress(concrete[0]));
      if (ours !== address) different.push(`${name} ours ${ours} gdb ${address}`);
    });
    assert.ok(compared > 140 && different.length === 0, `${compared} compared; ${different.join('; ')}`);
  });

  it('find concrete functions and inlined instances by name', async () => {
    const { symbols, elf } = await kernel();
    const bind = symbols.findFunctions('__sys_bind');
    assert.equal(bind.concrete.length, 1);
    assert.equal(bind.concrete[0].lowPc, elf.symbolsNamed('__sys_bind')[0].address);
    assert.equal(bind.concrete[0].file?.path, 'net/socket.c');
    assert.deepEqual(
      bind.concrete[0].parameters.map((p) => `${typeName(p.type)} ${p.name}`),
      ['int fd', 'struct sockaddr * umyaddr', 'int addrlen'],
    );
    const inlined = symbols.findFunctions('__do_sys_socketcall').inlined;
    assert.equal(inlined.length, 1);
    assert.equal(inlined[0].function.name, '__ia32_sys_socketcall');
    assert.equal(inlined[0].callFile?.path, 'net/socket.c');
    assert.ok(symbols.findFunctions('get_current').inlined.length > 100, 'a header function is inlined everywhere');
    assert.deepEqual(symbols.findFunctions('no_such_function'), { concrete: [], inlined: [] });
  });
});
