/**
 * The public types of src/symbols. Everything here is data or an interface; the implementations are behind
 * `index.ts`, which exports `openElf`, `SymbolFile`, `evaluate` and the helpers on types.
 *
 * Addresses are unsigned 32-bit numbers as linked (the caller adds a load bias where there is one). All ranges are
 * half-open: `start <= a < end`. DWARF section numbers refer to DWARF version 5.
 */

export { SymbolError, type SymbolErrorCode } from './errors';

/** A half-open range of addresses. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

// ---------------------------------------------------------------------------------------------------------- ELF

/** Inflates a zlib stream (RFC 1950) to `size` bytes; hosts inject theirs (fflate's `unzlibSync`, for example). */
export type Inflate = (compressed: Uint8Array, size: number) => Uint8Array;

/** One section header (ELF specification, figure 1-9). */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  /** SHT_*. */
  readonly type: number;
  /** SHF_*. */
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  /** Size in the file (compressed, if SHF_COMPRESSED). */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly alignment: number;
  readonly entrySize: number;
  /** The contents, decompressed if need be; empty for SHT_NOBITS. @throws SymbolError */
  readonly data: Uint8Array;
}

/** One program header (ELF specification, figure 2-1). */
export interface ElfSegment {
  /** PT_*: 1 is PT_LOAD. */
  readonly type: number;
  /** PF_X 1, PF_W 2, PF_R 4. */
  readonly flags: number;
  readonly offset: number;
  readonly virtualAddress: number;
  readonly physicalAddress: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly alignment: number;
  /** The segment's `fileSize` bytes. @throws SymbolError */
  readonly data: Uint8Array;
}

export type ElfSymbolKind = 'none' | 'object' | 'function' | 'section' | 'file' | 'common' | 'tls' | 'ifunc' | 'other';

export interface ElfSymbol {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  readonly kind: ElfSymbolKind;
  readonly binding: 'local' | 'global' | 'weak' | 'other';
  /** Index of its section; 0 undefined, 0xfff1 absolute. */
  readonly sectionIndex: number;
}

export interface ElfHeader {
  /** ET_REL 1, ET_EXEC 2, ET_DYN 3, ET_CORE 4. */
  readonly type: number;
  /** EM_386 is 3. */
  readonly machine: number;
  readonly flags: number;
  readonly entry: number;
}

export interface ElfFile {
  /** The name given to `openElf`, used in messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly header: ElfHeader;
  readonly entry: number;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  /** NT_GNU_BUILD_ID as lower-case hexadecimal, if there is one. */
  readonly buildId: string | undefined;
  /** The first section of that name. */
  section(name: string): ElfSection | undefined;
  /** The allocated section that covers an address. */
  sectionAt(address: number): ElfSection | undefined;
  /** All defined, named symbols of .symtab (.dynsym if there is no .symtab), sorted by address. */
  readonly symbols: readonly ElfSymbol[];
  /** Every symbol of that name, in address order: static functions may share a name. */
  symbolsNamed(name: string): readonly ElfSymbol[];
  /** The symbol that covers an address (function and object symbols first) and the distance from its start. */
  symbolAt(address: number): { readonly symbol: ElfSymbol; readonly offset: number } | undefined;
  /** Bytes as the file initialises them at an address (zeros for .bss); undefined if not wholly inside a segment. */
  read(address: number, size: number): Uint8Array | undefined;
}

export interface ElfOptions {
  readonly inflate?: Inflate;
}

// -------------------------------------------------------------------------------------------------------- lines

/** A compilation unit, as messages and views name it. */
export interface UnitInfo {
  /** Number of the unit in order of .debug_info; the handle for `nearUnit`. */
  readonly index: number;
  /** DW_AT_name. */
  readonly name: string;
  readonly compilationDirectory: string;
  readonly producer: string;
  /** DW_LANG_*; 0x8001 is DW_LANG_Mips_Assembler, which gas uses. */
  readonly language: number;
  readonly dwarfVersion: number;
}

/** A source file that line tables or declarations name. One object a path: compare with `===`. */
export interface SourceFile {
  /** Compilation directory, directory and name joined and normalised: `net/socket.c`, `/usr/include/stdio.h`. */
  readonly path: string;
  /** DW_LNCT_MD5 as hexadecimal, if the compiler wrote it. */
  readonly md5: string | undefined;
  /** The units whose line tables name it (they need not have code from it). */
  readonly units: readonly UnitInfo[];
}

/** What `lineAt` says of an address. */
export interface LineInfo {
  readonly file: SourceFile;
  /** 1-based; 0 means the compiler attributes the code to no line (DWARF 6.2.2). */
  readonly line: number;
  /** 1-based; 0 means the left edge or unknown. */
  readonly column: number;
  readonly isStmt: boolean;
  /** Address range of the row that covers the address. */
  readonly range: AddressRange;
}

/** One row of the line matrix (DWARF 6.2.2), without end-of-sequence rows. */
export interface LineRow {
  readonly address: number;
  /** Address of the next row of the sequence; equals `address` for an empty row. */
  readonly endAddress: number;
  readonly file: SourceFile;
  readonly line: number;
  readonly column: number;
  readonly isStmt: boolean;
  readonly basicBlock: boolean;
  readonly prologueEnd: boolean;
  readonly epilogueBegin: boolean;
  readonly discriminator: number;
}

/** Where a breakpoint on a source line goes. */
export interface LineLocation {
  readonly address: number;
  readonly file: SourceFile;
  readonly requestedLine: number;
  /** The line that has the code; greater than `requestedLine` if that line has none. */
  readonly actualLine: number;
  readonly column: number;
  /** The function around the address and the inlined instance (innermost), if debug information tells. */
  readonly functionName: string | undefined;
  readonly inlined: InlinedCall | undefined;
}

export interface LineQuery {
  /**
   * Every contiguous run of the line's code. By default only the first run in each distinct block (function,
   * inlined instance or lexical block) counts, as in gdb: one stop for each execution of the statement.
   */
  readonly everyRun?: boolean;
  /** Only code at this column. */
  readonly column?: number;
}

export interface BreakpointLine {
  readonly line: number;
  readonly column: number;
}

// ---------------------------------------------------------------------------------------------------- functions

/** A concrete (out-of-line) subprogram (DWARF 3.3). */
export interface FunctionInfo {
  readonly kind: 'function';
  /** Identity: offset of the DIE. */
  readonly id: number;
  readonly name: string;
  readonly linkageName: string | undefined;
  /** Entry address. */
  readonly lowPc: number;
  /** All its code; more than one range if hot and cold parts are apart. The one with `lowPc` comes first. */
  readonly ranges: readonly AddressRange[];
  readonly file: SourceFile | undefined;
  /** Declaration line, 0 if unknown. */
  readonly line: number;
  readonly isExternal: boolean;
  readonly isNoReturn: boolean;
  /** DW_AT_prototyped or a parameter list; false for `f()`. */
  readonly isPrototyped: boolean;
  readonly returnType: Type;
  /** DW_AT_frame_base. */
  readonly frameBase: LocationDescription;
  readonly unit: UnitInfo;
  /** The formal parameters in order; the same objects as in its scope. */
  readonly parameters: readonly Variable[];
}

/** One inlined instance of a subroutine (DWARF 3.3.8.2). */
export interface InlinedCall {
  readonly kind: 'inlined';
  readonly id: number;
  readonly name: string;
  /** Offset of the abstract instance's DIE: equal for all copies within a unit. */
  readonly origin: number;
  readonly ranges: readonly AddressRange[];
  /** DW_AT_entry_pc, or the lowest address. */
  readonly entryPc: number;
  /** Where the inlined function is written. */
  readonly file: SourceFile | undefined;
  readonly line: number;
  /** Where it is called from. */
  readonly callFile: SourceFile | undefined;
  readonly callLine: number;
  readonly callColumn: number;
  /** The concrete function that contains it. */
  readonly function: FunctionInfo;
  /** The inlined instance that contains it, if not directly in `function`. */
  readonly outer: InlinedCall | undefined;
  readonly returnType: Type;
  readonly parameters: readonly Variable[];
}

export interface FunctionMatches {
  readonly concrete: readonly FunctionInfo[];
  readonly inlined: readonly InlinedCall[];
}

/** A block of source with its own declarations (DWARF 3.5), innermost first through `outer`. */
export interface Scope {
  readonly kind: 'function' | 'inlined' | 'block';
  readonly id: number;
  readonly ranges: readonly AddressRange[];
  /** In order of declaration; parameters first in function and inlined scopes. */
  readonly variables: readonly Variable[];
  /** The enclosing scope; undefined at the function (or inlined instance) that was asked for. */
  readonly outer: Scope | undefined;
}

export interface Variable {
  readonly id: number;
  readonly name: string;
  readonly type: Type;
  readonly location: LocationDescription;
  readonly file: SourceFile | undefined;
  /** Declaration line, 0 if unknown. */
  readonly line: number;
  readonly isParameter: boolean;
  readonly isArtificial: boolean;
  readonly isExternal: boolean;
  /** Declared here and defined elsewhere (`location` is then that of the definition, if it was found). */
  readonly isDeclaration: boolean;
  readonly unit: UnitInfo;
}

/** A call as the caller's debug information describes it (DWARF 3.4, or DW_TAG_GNU_call_site). */
export interface CallSite {
  /** DW_AT_call_return_pc. */
  readonly returnAddress: number;
  /** DW_AT_call_pc, if given. */
  readonly callAddress: number | undefined;
  readonly isTailCall: boolean;
  /** Name and entry address of the called function if it is known statically. */
  readonly calleeName: string | undefined;
  readonly calleeAddress: number | undefined;
  /** DW_AT_call_target: where an indirect call goes. */
  readonly target: Expression | undefined;
  readonly parameters: readonly CallSiteParameter[];
}

export interface CallSiteParameter {
  /** DW_AT_location: where the callee finds it, `DW_OP_reg0` for example. */
  readonly location: Expression | undefined;
  /** DW_AT_call_value: computes the value in the caller's frame. */
  readonly value: Expression | undefined;
  /** DW_AT_call_data_location and DW_AT_call_data_value: the value behind a reference parameter. */
  readonly dataLocation: Expression | undefined;
  readonly dataValue: Expression | undefined;
  /** DW_AT_call_parameter: the callee's parameter DIE (DW_OP_GNU_parameter_ref refers to it). */
  readonly parameter: number | undefined;
  readonly name: string | undefined;
}

// -------------------------------------------------------------------------------------------------------- types

export type Type =
  | BaseType
  | PointerType
  | StructType
  | ArrayType
  | EnumType
  | TypedefType
  | QualifiedType
  | SubroutineType
  | UnspecifiedType
  | VoidType;

interface TypeCommon {
  /** Identity: offset of the DIE; -1 for void. */
  readonly id: number;
  /** The declared name without `struct` and the like; undefined if anonymous. */
  readonly name: string | undefined;
}

/** DW_ATE_* (DWARF 5.1.1). */
export type Encoding =
  | 'address'
  | 'boolean'
  | 'complex_float'
  | 'float'
  | 'signed'
  | 'signed_char'
  | 'unsigned'
  | 'unsigned_char'
  | 'imaginary_float'
  | 'packed_decimal'
  | 'numeric_string'
  | 'edited'
  | 'signed_fixed'
  | 'unsigned_fixed'
  | 'decimal_float'
  | 'UTF'
  | 'UCS'
  | 'ASCII'
  | 'unknown';

export interface BaseType extends TypeCommon {
  readonly kind: 'base';
  readonly name: string;
  readonly encoding: Encoding;
  readonly byteSize: number;
  /** DW_AT_bit_size, if the value does not fill its bytes. */
  readonly bitSize: number | undefined;
}

export interface PointerType extends TypeCommon {
  readonly kind: 'pointer';
  /** `reference` and `rvalue_reference` come from C++ only. */
  readonly flavour: 'pointer' | 'reference' | 'rvalue_reference' | 'member';
  readonly byteSize: number;
  readonly target: Type;
}

export interface Member {
  /** undefined for an anonymous struct or union, whose members are reached directly. */
  readonly name: string | undefined;
  readonly type: Type;
  /** Offset in bytes from the start of the structure; of the storage unit's first byte for a bit-field. */
  readonly offset: number;
  /** Present for a bit-field. `bitOffset` counts from the structure's first byte, least significant bit first. */
  readonly bitField: { readonly bitOffset: number; readonly bitSize: number } | undefined;
  readonly line: number;
}

/** struct, union or class (DWARF 5.7). A declaration delegates to its definition elsewhere, once that is found. */
export interface StructType extends TypeCommon {
  readonly kind: 'struct' | 'union' | 'class';
  /** Only declared, and no definition exists in the file: size and members are unknown (0, empty). */
  readonly isIncomplete: boolean;
  readonly byteSize: number;
  /** Lazily read, in order of declaration. */
  readonly members: readonly Member[];
  /** The member of that name, also inside anonymous members; the offsets are relative to this type. */
  member(name: string): Member | undefined;
  readonly file: SourceFile | undefined;
  readonly line: number;
}

export interface ArrayType extends TypeCommon {
  readonly kind: 'array';
  readonly element: Type;
  /** Elements of each dimension, outermost first; undefined where unknown (`x[]`) or not constant. */
  readonly dimensions: readonly (number | undefined)[];
  /** For a VLA: the expression (or DIE) that gives the bound of a dimension with an `undefined` entry. */
  readonly dynamicBounds: readonly (DynamicBound | undefined)[];
  /** Undefined if a dimension is unknown. */
  readonly byteSize: number | undefined;
  /** DW_AT_GNU_vector. */
  readonly isVector: boolean;
}

/** A bound computed at run time: of a variable-length array. */
export interface DynamicBound {
  readonly is: 'upperBound' | 'count';
  readonly location: LocationDescription | undefined;
  readonly variable: Variable | undefined;
}

export interface Enumerator {
  readonly name: string;
  readonly value: bigint;
}

export interface EnumType extends TypeCommon {
  readonly kind: 'enum';
  readonly byteSize: number;
  readonly isSigned: boolean;
  readonly isIncomplete: boolean;
  readonly enumerators: readonly Enumerator[];
  /** DW_AT_type, if the compiler says what the enumeration is made of. */
  readonly underlying: Type | undefined;
}

export interface TypedefType extends TypeCommon {
  readonly kind: 'typedef';
  readonly name: string;
  readonly target: Type;
}

export interface QualifiedType extends TypeCommon {
  readonly kind: 'qualified';
  readonly qualifier: 'const' | 'volatile' | 'restrict' | 'atomic' | 'packed' | 'shared' | 'immutable';
  readonly target: Type;
}

export interface SubroutineType extends TypeCommon {
  readonly kind: 'subroutine';
  readonly returnType: Type;
  readonly parameters: readonly { readonly name: string | undefined; readonly type: Type }[];
  readonly isVariadic: boolean;
  readonly isPrototyped: boolean;
}

/** DW_TAG_unspecified_type (`decltype(nullptr)`) or a type that the debug information describes in no usable way. */
export interface UnspecifiedType extends TypeCommon {
  readonly kind: 'unspecified';
}

export interface VoidType extends TypeCommon {
  readonly kind: 'void';
}

// ---------------------------------------------------------------------------------------------------- locations

/** A DWARF expression together with what it needs of its unit. */
export interface Expression {
  readonly bytes: Uint8Array;
  readonly unit: UnitInfo | undefined;
  /** `DW_OP_fbreg -20`, operations separated by `; `. @throws SymbolError */
  toString(): string;
}

export interface LocationListEntry {
  /** Undefined for the default location (DW_LLE_default_location), which holds where no other entry does. */
  readonly range: AddressRange | undefined;
  readonly expression: Expression;
}

export type LocationDescription =
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'list'; readonly entries: readonly LocationListEntry[] }
  /** DW_AT_const_value: little-endian bytes of the value, as many as its type has. */
  | { readonly kind: 'constant'; readonly bytes: Uint8Array }
  /** No location attribute: optimised out, or only declared. */
  | { readonly kind: 'none' };

/** Where a value last was (or will next be), for an optimised-out variable. */
export interface OtherPlace {
  readonly range: AddressRange;
  /** In words: `in %eax`, `in memory at fbreg -20`, `computed`. */
  readonly description: string;
  readonly expression: Expression;
}

export interface Unavailable {
  readonly kind: 'optimizedOut';
  /** One sentence: `no location at 0xc1…; it was in %eax until 0xc1…`. */
  readonly reason: string;
  readonly before: OtherPlace | undefined;
  readonly after: OtherPlace | undefined;
}

/** Where a part of a value is. */
export type Place =
  | { readonly kind: 'memory'; readonly address: number }
  /** DWARF register number of the i386 psABI. */
  | { readonly kind: 'register'; readonly register: number }
  /** The value itself; it has no address. */
  | { readonly kind: 'implicit'; readonly bytes: Uint8Array }
  /** A pointer that was optimised away, to a variable that still has a value (DWARF 2.6.1.1.4). */
  | { readonly kind: 'implicitPointer'; readonly die: number; readonly byteOffset: number }
  | Unavailable;

/** One piece of a value; sizes in bits. A simple location is one piece with `bitSize` undefined (the whole value). */
export interface Piece {
  readonly place: Place;
  readonly bitSize: number | undefined;
  /** First bit within the place (DW_OP_bit_piece). */
  readonly bitOffset: number;
}

export interface Location {
  readonly pieces: readonly Piece[];
}

/** What an expression may ask of the frame it is evaluated in. All may throw; errors pass through unchanged. */
export interface EvaluationContext {
  /** Address in the frame's function (for location lists): the pc, minus one in a caller's frame. */
  readonly pc: number;
  /** Address in memory minus the address that DW_OP_addr gives; 0 unless given. */
  readonly loadBias?: number;
  readMemory(address: number, size: number): Uint8Array;
  /** DWARF register number (0 eax, 1 ecx, 2 edx, 3 ebx, 4 esp, 5 ebp, 6 esi, 7 edi, 8 eip, 9 eflags …). */
  register(number: number): number | undefined;
  /** Registers wider than 32 bits (11–18: x87 as 10 bytes, 21–28: XMM as 16 bytes). */
  wideRegister?(number: number): Uint8Array | undefined;
  /** DW_OP_call_frame_cfa. */
  cfa(): number;
  /** DW_OP_fbreg: value of the function's DW_AT_frame_base. */
  frameBase(): number;
  /**
   * DW_OP_entry_value: what `expression` was on entry to the function. A debugger finds the caller's call site and
   * uses `callSiteValue`. Undefined: unknown.
   */
  entryValue?(expression: Expression): number | bigint | undefined;
  /** DW_OP_GNU_parameter_ref: the call-site value of the callee's parameter DIE. */
  parameterReference?(die: number): number | bigint | undefined;
  /** DW_OP_form_tls_address. */
  tlsAddress?(offset: number): number;
  /** DW_OP_push_object_address. */
  readonly objectAddress?: number;
}

// ---------------------------------------------------------------------------------------------------------- CFI

export type CfaRule =
  | { readonly kind: 'register'; readonly register: number; readonly offset: number }
  | { readonly kind: 'expression'; readonly expression: Expression };

/** How a caller's register is recovered (DWARF 6.4.1). */
export type RegisterRule =
  | { readonly kind: 'undefined' }
  | { readonly kind: 'sameValue' }
  /** Saved at CFA + offset. */
  | { readonly kind: 'offset'; readonly offset: number }
  /** Is CFA + offset. */
  | { readonly kind: 'valueOffset'; readonly offset: number }
  | { readonly kind: 'register'; readonly register: number }
  /** Saved at the address the expression computes (the CFA is pushed first). */
  | { readonly kind: 'expression'; readonly expression: Expression }
  /** Is the value the expression computes. */
  | { readonly kind: 'valueExpression'; readonly expression: Expression };

export interface UnwindRow {
  /** Addresses for which the row holds. */
  readonly range: AddressRange;
  /** Addresses of the whole FDE. */
  readonly functionRange: AddressRange;
  readonly cfa: CfaRule;
  /** Registers without a rule keep their value or are lost, as the ABI says. */
  readonly registers: ReadonlyMap<number, RegisterRule>;
  readonly returnAddressRegister: number;
  /** Augmentation `S`: the pc is not after a call. */
  readonly isSignalFrame: boolean;
  /** DW_CFA_GNU_args_size. */
  readonly argumentsSize: number;
  readonly source: '.debug_frame' | '.eh_frame';
}

// -------------------------------------------------------------------------------------------------- symbol file

export interface SymbolFileOptions {
  /** Milliseconds clock for `indexNames` budgets; without it a budget is ignored. */
  readonly now?: () => number;
}

/** What class `SymbolFile` (index.ts; made by `SymbolFile.load(elf, options)`) can answer. */
export interface SymbolFileApi {
  readonly elf: ElfFile;
  readonly hasDebugInfo: boolean;
  /** @throws SymbolError (`no-debug-info`) with one sentence that says what is missing. */
  requireDebugInfo(): void;
  units(): readonly UnitInfo[];
  unitAt(address: number): UnitInfo | undefined;
  /** What could not be read (a damaged unit is skipped, not fatal), as sentences. */
  readonly warnings: readonly string[];

  sourceFiles(): readonly SourceFile[];
  /**
   * The files a path means: the exact path if it exists; else those that end with all its components
   * (`socket.c` → `net/socket.c`); else, for a longer path, those that the path ends with (`/home/me/linux/net/socket.c`
   * → `net/socket.c`), of which only the longest.
   */
  findFiles(path: string): readonly SourceFile[];

  addressesForLine(file: SourceFile, line: number, query?: LineQuery): LineLocation[];
  lineAt(address: number): LineInfo | undefined;
  /** Rows that begin in [start, end), in address order; the row that covers `start` is included. */
  lineRows(start: number, end: number): LineRow[];
  /** Places with statements in lines from..to (inclusive), sorted, without duplicates. */
  breakpointLines(file: SourceFile, from: number, to: number): BreakpointLine[];

  functionAt(address: number): FunctionInfo | undefined;
  /** Inlined instances around an address, innermost first. */
  inlinesAt(address: number): readonly InlinedCall[];
  findFunctions(name: string): FunctionMatches;
  /** Where a breakpoint on a function goes: behind the prologue, or its entry where optimised code needs none. */
  functionBreakpointAddress(fn: FunctionInfo): number;
  /** All functions of a unit. */
  functionsOf(unit: UnitInfo): readonly FunctionInfo[];

  /**
   * Innermost scope at an address within one frame: of the concrete function, or of `frame` if that is given (an
   * inlined instance that covers the address, or the function itself). Without `frame`: of the innermost instance.
   */
  scopeAt(address: number, frame?: FunctionInfo | InlinedCall): Scope | undefined;
  /** File-scope variables of a unit. */
  globals(unit: UnitInfo): readonly Variable[];
  /** A file-scope variable: of the near unit first, then external ones, then static ones of other units. */
  findVariable(name: string, nearUnit?: UnitInfo): Variable | undefined;
  /** The variable a DIE describes: for `implicitPointer` places. */
  variableById(die: number): Variable | undefined;
  callSiteAt(returnAddress: number): CallSite | undefined;
  /** Where a variable is at `context.pc`. */
  locate(variable: Variable, context: EvaluationContext): Location;

  /** `int`, `size_t`, `struct sock`, `union x`, `enum y`, `sock` (typedef first, then tags). */
  findType(name: string, nearUnit?: UnitInfo): Type | undefined;
  /** `struct sock` and the like, only as that one unit has it: needs no index of names. */
  findTaggedTypeIn(name: string, unit: UnitInfo): Type | undefined;
  /** An enumerator by name, with its enumeration. */
  findEnumerator(name: string, nearUnit?: UnitInfo): { readonly type: EnumType; readonly value: bigint } | undefined;
  /**
   * Continues the index of names for at most `budget` milliseconds (to the end without one). Queries that need it
   * finish it by themselves. @returns whether the index is complete.
   */
  indexNames(budget?: number): boolean;

  /** The row of call-frame information for a pc (minus one in callers, unless `isSignalFrame`). */
  unwindRow(pc: number): UnwindRow | undefined;
}
