import {
  type BreakpointLine,
  type CallSite,
  type ElfFile,
  type EnumType,
  type EvaluationContext,
  type FunctionInfo,
  type FunctionMatches,
  type InlinedCall,
  type LineInfo,
  type LineLocation,
  type LineQuery,
  type LineRow,
  type Location,
  type Scope,
  type SourceFile,
  type SymbolFileApi,
  type SymbolFileOptions,
  type Type,
  type UnitInfo,
  type UnwindRow,
  type Variable,
} from './api';
import { addressesForLine, breakpointLines, functionBreakpointAddress } from './breakpoints';
import { callSiteAt } from './callSites';
import { DW_AT, DW_TAG, DW_UT } from './constants';
import { Dwarf } from './dwarf';
import { SymbolError } from './errors';
import { findEnumerator, findFunctions, findTaggedTypeIn, findType } from './lookup';
import { locate } from './locations';

/** An ELF file's debug information. What a question doesn't need is not read. */
export class SymbolFile implements SymbolFileApi {
  private readonly dwarf: Dwarf;

  private constructor(
    readonly elf: ElfFile,
    private readonly options: SymbolFileOptions,
  ) {
    this.dwarf = new Dwarf(elf);
  }

  /**
   * Reads the headers of the units. A file without debug information loads too: its symbols still serve.
   *
   * @throws SymbolError if a section can't be read (truncated, or compressed in an unknown way)
   */
  static load(elf: ElfFile, options: SymbolFileOptions = {}): SymbolFile {
    return new SymbolFile(elf, options);
  }

  get hasDebugInfo(): boolean {
    return this.dwarf.info.units.length > 0;
  }

  requireDebugInfo(): void {
    const { elf, dwarf } = this;
    const { units } = dwarf.info;
    const says = (reason: string): SymbolError => new SymbolError('no-debug-info', `${elf.name} ${reason}`);
    if (units.length === 0) {
      const [warning] = dwarf.info.warnings;
      if (warning !== undefined) throw says(`has no readable debug information: ${warning}`);
      if (elf.section('.gnu_debuglink')) throw says('has its debug information in a separate file (.gnu_debuglink)');
      throw says('has no debug information: build it with -g (for a kernel: CONFIG_DEBUG_INFO_DWARF5=y)');
    }
    const isElsewhere = units.every(
      (unit) => unit.type === DW_UT.skeleton || (unit.version < 5 && unit.root.has(DW_AT.GNU_dwo_name)),
    );
    if (isElsewhere) throw says('has its debug information in .dwo files: build it without -gsplit-dwarf');
  }

  units(): readonly UnitInfo[] {
    return this.dwarf.info.units;
  }

  unitAt(address: number): UnitInfo | undefined {
    return this.dwarf.unitAt(address);
  }

  get warnings(): readonly string[] {
    const { info, frames } = this.dwarf;
    return [...info.warnings, ...frames.sections.flatMap((section) => section.warnings)];
  }

  sourceFiles(): readonly SourceFile[] {
    return this.dwarf.lines.all();
  }

  findFiles(path: string): readonly SourceFile[] {
    return this.dwarf.lines.find(path);
  }

  addressesForLine(file: SourceFile, line: number, query: LineQuery = {}): LineLocation[] {
    return addressesForLine(this.dwarf, file, line, query);
  }

  lineAt(address: number): LineInfo | undefined {
    return this.dwarf.lines.lineAt(address);
  }

  lineRows(start: number, end: number): LineRow[] {
    return this.dwarf.lines.rows(start, end);
  }

  breakpointLines(file: SourceFile, from: number, to: number): BreakpointLine[] {
    return breakpointLines(this.dwarf, file, from, to);
  }

  functionAt(address: number): FunctionInfo | undefined {
    return this.dwarf.functions.at(address);
  }

  inlinesAt(address: number): readonly InlinedCall[] {
    return this.dwarf.functions.at(address)?.inlinesAt(address) ?? [];
  }

  findFunctions(name: string): FunctionMatches {
    return findFunctions(this.dwarf, name);
  }

  functionBreakpointAddress(fn: FunctionInfo): number {
    return functionBreakpointAddress(this.dwarf, fn);
  }

  functionsOf(unit: UnitInfo): readonly FunctionInfo[] {
    return this.dwarf.functions.of(this.dwarf.info.units[unit.index]).all;
  }

  scopeAt(address: number, frame?: FunctionInfo | InlinedCall): Scope | undefined {
    return this.dwarf.functions.at(address)?.scopeAt(address, frame);
  }

  globals(unit: UnitInfo): readonly Variable[] {
    return this.dwarf.variables.globals(this.dwarf.info.units[unit.index]);
  }

  findVariable(name: string, nearUnit?: UnitInfo): Variable | undefined {
    return this.dwarf.variables.find(name, nearUnit && this.dwarf.info.units[nearUnit.index]);
  }

  variableById(die: number): Variable | undefined {
    const found = this.dwarf.info.die(die);
    const isVariable = found.tag === DW_TAG.variable || found.tag === DW_TAG.formal_parameter;
    return isVariable ? this.dwarf.variables.get(found) : undefined;
  }

  callSiteAt(returnAddress: number): CallSite | undefined {
    return callSiteAt(this.dwarf, returnAddress);
  }

  locate(variable: Variable, context: EvaluationContext): Location {
    return locate(variable.location, context);
  }

  findTaggedTypeIn(name: string, unit: UnitInfo): Type | undefined {
    return findTaggedTypeIn(this.dwarf, name, this.dwarf.info.units[unit.index]);
  }

  findType(name: string, nearUnit?: UnitInfo): Type | undefined {
    return findType(this.dwarf, name, nearUnit && this.dwarf.info.units[nearUnit.index]);
  }

  findEnumerator(name: string, nearUnit?: UnitInfo): { readonly type: EnumType; readonly value: bigint } | undefined {
    return findEnumerator(this.dwarf, name, nearUnit && this.dwarf.info.units[nearUnit.index]);
  }

  indexNames(budget?: number): boolean {
    const { now } = this.options;
    if (budget === undefined || !now) return this.dwarf.names.build();
    const end = now() + budget;
    return this.dwarf.names.build(() => now() >= end);
  }

  unwindRow(pc: number): UnwindRow | undefined {
    return this.dwarf.frames.row(pc);
  }
}
