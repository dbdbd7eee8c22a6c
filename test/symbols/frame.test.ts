import assert from 'node:assert/strict';
import { type RegisterRule, SymbolFile, type UnwindRow, registerName } from '../../src/symbols';
import { compile, fixture, kernel, open, run } from './tools';

/** A row as `readelf --debug-dump=frames-interp` prints it: `c12a8333 esp+8 ebp=c-8 ra=c-4`. */
interface PrintedRow {
  readonly pc: number;
  readonly cfa: string;
  readonly rules: ReadonlyMap<string, string>;
  readonly section: string;
}

function parseInterpreted(text: string): PrintedRow[] {
  const rows: PrintedRow[] = [];
  let section = '';
  let columns: string[] = [];
  let inFde = false;
  for (const line of text.split('\n')) {
    const heading = /^Contents of the (\S+) section/.exec(line);
    if (heading) section = heading[1];
    if (/ (CIE|FDE|ZERO) /.test(line)) inFde = / FDE /.test(line);
    if (/^ +LOC +CFA/.test(line)) columns = line.trim().split(/\s+/).slice(2);
    else if (inFde && /^[0-9a-f]{8} /.test(line) && !/ (FDE|ZERO) /.test(line)) {
      const cells = line
        .replace(/(r\d+) \(\w+\)/g, '$1')
        .trim()
        .split(/\s+/);
      const rules = new Map(columns.map((column, i) => [column, cells[i + 2]]));
      rows.push({ pc: parseInt(cells[0], 16), cfa: cells[1], rules, section });
    }
  }
  return rows;
}

function printRule(rule: RegisterRule | undefined): string {
  const signed = (offset: number): string => (offset < 0 ? `${offset}` : `+${offset}`);
  switch (rule?.kind) {
    case undefined:
    case 'undefined':
      return 'u';
    case 'sameValue':
      return 's';
    case 'offset':
      return `c${signed(rule.offset)}`;
    case 'valueOffset':
      return `v${signed(rule.offset)}`;
    case 'register':
      return `r${rule.register}`;
    case 'expression':
      return 'exp';
    case 'valueExpression':
      return 'vexp';
  }
}

function printCfa(row: UnwindRow): string {
  if (row.cfa.kind === 'expression') return 'exp';
  return `${registerName(row.cfa.register)}${row.cfa.offset < 0 ? '' : '+'}${row.cfa.offset}`;
}

/** Compares every row of a file with readelf's and returns how many there were. */
function compareRows(file: string, symbols: SymbolFile, sections: readonly string[]): number {
  const numbers = new Map(Array.from({ length: 46 }, (_, i) => [registerName(i), i]));
  let compared = 0;
  for (const printed of parseInterpreted(run('readelf', ['--debug-dump=frames-interp', '-W', file]))) {
    if (!sections.includes(printed.section)) continue;
    const row = symbols.unwindRow(printed.pc);
    assert.ok(row, `no row for 0x${printed.pc.toString(16)}`);
    const where = `at 0x${printed.pc.toString(16)}`;
    assert.equal(row.source, printed.section, where);
    assert.equal(printCfa(row), printed.cfa, where);
    for (const [column, text] of printed.rules) {
      const number: number | undefined = column === 'ra' ? row.returnAddressRegister : numbers.get(column);
      assert.ok(number !== undefined, `readelf's column ${column}`);
      assert.equal(printRule(row.registers.get(number)), text, `${column} ${where}`);
    }
    assert.ok(printed.pc >= row.range.start && printed.pc < row.range.end, where);
    compared++;
  }
  return compared;
}

describe('symbols: call-frame information', function () {
  this.timeout(180_000);

  it("equals readelf's rows in the whole kernel (.debug_frame)", async () => {
    const { path, symbols } = await kernel();
    const compared = compareRows(path, symbols, ['.debug_frame']);
    assert.ok(compared > 50_000, `${compared} rows compared`);
  });

  for (const flags of [
    ['-O0'],
    ['-O2'],
    ['-O2', '-fomit-frame-pointer', '-mstackrealign'],
    ['-Os', '-mno-accumulate-outgoing-args'],
  ]) {
    it(`equals readelf's rows in a program's .eh_frame (${flags.join(' ')})`, () => {
      const file = compile(fixture('everything.c'), ['-g', ...flags]);
      const compared = compareRows(file, open(file).symbols, ['.eh_frame']);
      assert.ok(compared > 50, `${compared} rows compared`);
    });
  }

  it('says where a row and its function begin and end', async () => {
    const { symbols, elf } = await kernel();
    const [symbol] = elf.symbolsNamed('__sys_bind');
    const row = symbols.unwindRow(symbol.address);
    assert.equal(row?.range.start, symbol.address);
    assert.deepEqual(row?.functionRange, { start: symbol.address, end: symbol.address + symbol.size });
    assert.deepEqual(row?.cfa, { kind: 'register', register: 4, offset: 4 });
    assert.deepEqual(row?.registers.get(8), { kind: 'offset', offset: -4 });
  });

  it('has nothing for an address without code', async () => {
    const { symbols } = await kernel();
    assert.equal(symbols.unwindRow(0x1000), undefined);
  });

  it('executes every kind of instruction, as readelf does', () => {
    const assembly = `
  .text
  .globl main
main:
  .cfi_startproc
  .cfi_signal_frame
  push %ebp
  .cfi_adjust_cfa_offset 4
  .cfi_rel_offset %ebp, 0
  mov %esp, %ebp
  .cfi_def_cfa_register %ebp
  .cfi_remember_state
  .cfi_val_offset %esp, 0
  nop
  .cfi_register %ebx, %esi
  nop
  .cfi_undefined %eax
  .cfi_same_value %edi
  nop
  .cfi_escape 0x0f, 3, 0x74, 8, 0x06          # DW_CFA_def_cfa_expression: breg4 8, deref
  nop
  .cfi_escape 0x10, 3, 2, 0x75, 0x7c          # DW_CFA_expression edx... : breg5 -4
  .cfi_escape 0x16, 1, 2, 0x75, 0x04          # DW_CFA_val_expression ecx: breg5 4
  nop
  .cfi_restore %ebp
  nop
  .cfi_restore_state
  .cfi_escape 0x2e, 12                        # DW_CFA_GNU_args_size
  nop
  .cfi_escape 0x11, 6, 0x7f                   # DW_CFA_offset_extended_sf esi, factored -1
  .cfi_escape 0x15, 7, 0x7e                   # DW_CFA_val_offset_sf edi, factored -2
  .cfi_escape 0x12, 5, 0x7c                   # DW_CFA_def_cfa_sf ebp, factored -4
  nop
  .cfi_escape 0x13, 0x7e                      # DW_CFA_def_cfa_offset_sf, factored -2
  ret
  .fill 300, 1, 0x90
  .cfi_def_cfa_offset 24
  ret
  .cfi_endproc
  .section .note.GNU-stack,"",@progbits
`;
    const file = compile(assembly, ['-g'], 'assembler');
    const { symbols, elf } = open(file);
    const compared = compareRows(file, symbols, ['.eh_frame']);
    assert.ok(compared > 12, `${compared} rows compared`);
    const main = elf.symbolsNamed('main')[0].address;
    const row = (offset: number): UnwindRow => {
      const found = symbols.unwindRow(main + offset);
      assert.ok(found);
      return found;
    };
    assert.ok(row(0).isSignalFrame);
    const cfa = row(6).cfa;
    assert.equal(cfa.kind === 'expression' && cfa.expression.toString(), 'DW_OP_breg4 8; DW_OP_deref');
    const rule = row(7).registers.get(1);
    assert.equal(rule?.kind === 'valueExpression' && rule.expression.toString(), 'DW_OP_breg5 4');
    assert.equal(row(9).argumentsSize, 12);
    assert.equal(row(9).cfa.kind, 'register');
    assert.deepEqual(row(10).registers.get(7), { kind: 'valueOffset', offset: 8 });
    assert.deepEqual(row(10).cfa, { kind: 'register', register: 5, offset: 16 });
    assert.deepEqual(row(11 + 300).cfa, { kind: 'register', register: 5, offset: 8 });
    assert.deepEqual(row(12 + 300).cfa, { kind: 'register', register: 5, offset: 24 });
  });
});
