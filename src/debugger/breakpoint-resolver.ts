import type { FunctionInfo, InlinedCall, LineLocation } from '../symbols/api';
import type { BreakpointLocation } from './api';
import { placedAddress, linkedAddress, type Module, type ModuleList } from './modules';
import type { Platform, PlatformBreakpoint } from './platform';
import { shownLine } from './shown-line';

/** What became of a breakpoint's text or line. */
export interface Resolution {
  readonly locations: BreakpointLocation[];
  /** What was changed, or why there is no place. */
  readonly message: string | undefined;
  /** Decides at each hit, where the platform does. */
  readonly platform?: PlatformBreakpoint;
}

/** Up to so many places of a platform's breakpoint are shown with their lines, which have to be read for each. */
const DESCRIBED_PLACES = 8;

/** Finds the addresses that a breakpoint means, in all modules. */
export class BreakpointResolver {
  constructor(
    private readonly modules: ModuleList,
    private readonly platform: () => Platform,
    /** Value of an expression as an address. */
    private readonly address: (expression: string) => number,
  ) {}

  /** A line of a source file; a line without code stands for the next one that has some. */
  line(path: string, line: number, column?: number): Resolution {
    const locations: BreakpointLocation[] = [];
    let known = false;
    let others = false;
    for (const module of this.inMemory()) {
      if (!module.symbols.hasDebugInfo) continue;
      for (const file of module.symbols.findFiles(path)) {
        known = true;
        const found = this.atColumn(line, column, (query) => module.symbols.addressesForLine(file, line, query));
        others ||= found.length > 0;
        locations.push(...found.map((location) => ofLine(module, location)));
      }
    }
    if (!known) {
      const waiting = this.waitingFor((module) => module.symbols.findFiles(path).length > 0);
      if (waiting) return { locations, message: waiting };
    }
    if (!known) return { locations, message: `No loaded module was compiled from ${path} (${this.moduleNames()}).` };
    if (!others) return { locations, message: `No code belongs to line ${line} of ${path} or a line after it.` };
    // Of several files that the path may mean, those that have code nearest to the line count.
    const nearest = Math.min(...locations.map((location) => location.line));
    const chosen = unique(locations.filter((location) => location.line === nearest));
    if (nearest === line) return { locations: chosen, message: undefined };
    return {
      locations: chosen,
      message: `Line ${line} has no code of its own; the breakpoint is on the statement in line ${nearest}.`,
    };
  }

  /** A function breakpoint's text: see `FunctionBreakpointRequest`. */
  named(text: string): Resolution {
    const name = text.trim();
    if (name === '') return { locations: [], message: 'The name of a function is missing.' };
    try {
      if (name.startsWith('*')) return this.at(this.address(name.slice(1)));
      if (/^0x[0-9a-f]+$/i.test(name)) return this.at(parseInt(name, 16));
      const special = this.platform().specialBreakpoint(name);
      if (special && 'hit' in special) return this.ofPlatform(special);
      if (special) {
        const found = 'address' in special ? this.at(special.address) : this.line(special.file, special.line);
        return { locations: found.locations, message: special.message ?? found.message };
      }
      const inFile = this.inFile(name);
      if (inFile) return inFile;
      // The symbol table is asked first: only a name that it lacks needs the index of all debug information.
      const names = [name, ...this.platform().functionAliases(name)];
      for (const each of [...names.filter((n) => this.hasSymbol(n)), ...names.filter((n) => !this.hasSymbol(n))]) {
        const locations = this.functions(each);
        if (locations.length > 0) {
          return { locations, message: each === name ? undefined : `${name} is ${each} in this kernel.` };
        }
      }
    } catch (error) {
      if (error instanceof Error) return { locations: [], message: error.message };
      throw error;
    }
    const waiting = this.waitingFor((module) => module.elf.symbolsNamed(name).length > 0);
    if (waiting) return { locations: [], message: waiting };
    return { locations: [], message: `There is no function ${name} in ${this.moduleNames()}.` };
  }

  /** An address in memory. */
  at(address: number): Resolution {
    const platform = this.platform();
    const module =
      platform.moduleAt(address, platform.currentThread()) ??
      [...this.modules].find((each) => each.elf.sectionAt(linkedAddress(each, address)) !== undefined);
    if (!module) return { locations: [placeAt(address)], message: undefined };
    return { locations: [this.ofAddress(module, linkedAddress(module, address))], message: undefined };
  }

  /** The places of a breakpoint that the platform decides on. */
  ofPlatform(platform: PlatformBreakpoint): Resolution {
    const { addresses, message } = platform;
    const described = addresses.length <= DESCRIBED_PLACES;
    const locations = addresses.flatMap((address) => (described ? this.at(address).locations : [placeAt(address)]));
    return { locations, message, platform };
  }

  /** `FILE:LINE`, `FILE:FUNCTION` or `MODULE:FUNCTION`. */
  private inFile(name: string): Resolution | undefined {
    const match = /^(.+?)[:!](.+)$/.exec(name);
    if (!match) return undefined;
    const [, place, what] = match;
    if (/^\d+$/.test(what)) return this.line(place, Number(what));
    const all = this.functions(what);
    const locations = all.filter(
      ({ module, file }) =>
        module?.name === place || (file !== undefined && module?.symbols.findFiles(place).includes(file)),
    );
    if (locations.length > 0) return { locations, message: undefined };
    const elsewhere = all.length > 0 ? ` (there is one in ${all[0].file?.path ?? all[0].module?.name})` : '';
    return { locations, message: `There is no function ${what} in ${place}${elsewhere}.` };
  }

  /** All places of functions of that name: concrete ones behind their prologue, and each inlined copy. */
  private functions(name: string): BreakpointLocation[] {
    const locations: BreakpointLocation[] = [];
    for (const module of this.inMemory()) {
      const { concrete, inlined } = module.symbols.hasDebugInfo
        ? module.symbols.findFunctions(name)
        : { concrete: [] as FunctionInfo[], inlined: [] as InlinedCall[] };
      for (const fn of concrete)
        locations.push(this.ofAddress(module, module.symbols.functionBreakpointAddress(fn), fn));
      for (const call of inlined) locations.push(this.ofAddress(module, call.entryPc, call));
      if (concrete.length > 0 || inlined.length > 0) continue;
      for (const symbol of module.elf.symbolsNamed(name)) {
        const isCode = symbol.kind === 'function' || symbol.kind === 'none';
        const section = module.elf.sections[symbol.sectionIndex];
        const SHF_EXECINSTR = 4;
        if (isCode && section && section.flags & SHF_EXECINSTR) locations.push(this.ofAddress(module, symbol.address));
      }
    }
    return unique(locations);
  }

  private hasSymbol(name: string): boolean {
    return this.inMemory().some((module) => module.elf.symbolsNamed(name).length > 0);
  }

  private ofAddress(module: Module, linked: number, code?: FunctionInfo | InlinedCall): BreakpointLocation {
    const info = shownLine(module, placedAddress(module, linked));
    const functionName =
      code?.name ?? module.symbols.functionAt(linked)?.name ?? module.elf.symbolAt(linked)?.symbol.name;
    return {
      module,
      address: placedAddress(module, linked),
      file: info?.file,
      line: info?.line ?? 0,
      column: info?.column ?? 0,
      functionName,
      inlined: code?.kind === 'inlined' ? code : undefined,
    };
  }

  /** Asks for the column first; editors send columns that no statement begins at. */
  private atColumn(
    line: number,
    column: number | undefined,
    find: (query: { column?: number }) => LineLocation[],
  ): LineLocation[] {
    if (column === undefined) return find({});
    const exact = find({ column }).filter((location) => location.actualLine === line);
    return exact.length > 0 ? exact : find({});
  }

  /** All modules as they are in memory. */
  private inMemory(): readonly Module[] {
    return this.platform().placements?.inMemory() ?? [...this.modules];
  }

  /** What is told where only a module that is not in memory yet has what is looked for. */
  private waitingFor(has: (module: Module) => boolean): string | undefined {
    const module = this.platform().placements?.waiting().find(has);
    return (
      module && `${module.name} gets its addresses when a program with it is started; the breakpoint waits for that.`
    );
  }

  private moduleNames(): string {
    const names = [...this.modules].map((module) => module.name);
    return names.length > 0 ? names.join(', ') : 'no module is loaded';
  }
}

function ofLine(module: Module, location: LineLocation): BreakpointLocation {
  return {
    module,
    address: placedAddress(module, location.address),
    file: location.file,
    line: location.actualLine,
    column: location.column,
    functionName: location.inlined?.name ?? location.functionName,
    inlined: location.inlined,
  };
}

function unique(locations: BreakpointLocation[]): BreakpointLocation[] {
  const seen = new Set<string>();
  return locations.filter((location) => {
    const key = `${location.module?.id}:${location.address}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** An address without a line. */
export function placeAt(address: number): BreakpointLocation {
  return {
    module: undefined,
    address,
    file: undefined,
    line: 0,
    column: 0,
    functionName: undefined,
    inlined: undefined,
  };
}
