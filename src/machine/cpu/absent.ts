/**
 * Opcodes that the manual defines and this processor does not have (SDM volume 2, appendix A, tables A-2 to A-5 with the groups of A-6; AMD's
 * and VIA's in their manuals' maps). A guest that meets one is stopped: what it would do next on the processor that it was made for is not
 * known here. An opcode that neither is here nor in opcodes.ts is undefined (#UD).
 *
 * Not here, because a processor without the feature executes them as something else: LZCNT and TZCNT (BSR, BSF), PAUSE, ENDBR32 and the other hint
 * NOPs 0F 0D and 0F 18 to 0F 1F. RSM is not here either: outside of system-management mode it is undefined.
 */

/**
 * Map (-- one byte, 0f, 0f38, 0f3a) | opcodes | mandatory prefixes (np none) | forms | feature. Forms: M memory, R register; behind a slash the values
 * of ModRM.reg, and behind a colon those of ModRM.rm.
 */
const TABLE = `
  -- | db dd df | np 66 f3 f2 | M/1 | SSE3
  -- | c6 c7 | np 66 f3 f2 | R/7:0 | TSX
  0f | 01 | 66 | R/1:4 | TDX
  0f | 01 | f2 | R/5:01 | TSX
  0f | 01 | f2 | R/7:7 | SEV-SNP
  0f | 01 | f3 f2 | R/3:0234567 | SVM
  0f | 01 | f3 f2 | R/3:1 | SEV-ES
  0f | 01 | f3 | M/5 R/5:02 | CET shadow stack
  0f | 01 | f3 | R/7:2 | MCOMMIT
  0f | 01 | np 66 f3 f2 | R/7:1 | RDTSCP
  0f | 01 | np 66 f3 f2 | R/7:4 | CLZERO
  0f | 01 | np 66 | R/3 | SVM
  0f | 01 | np | R/0:0 R/1:7 R/2:7 | SGX
  0f | 01 | np | R/0:1234 R/2:4 | VMX
  0f | 01 | np | R/0:5 | PCONFIG
  0f | 01 | np | R/0:6 | WRMSRNS
  0f | 01 | np | R/1:01 | MONITOR
  0f | 01 | np | R/1:23 | SMAP
  0f | 01 | np | R/2:01 | XSAVE
  0f | 01 | np | R/2:5 R/2:6 | TSX
  0f | 01 | np | R/5:0 | SERIALIZE
  0f | 01 | np | R/5:67 | protection keys
  0f | 01 | np | R/7:23 | MONITORX
  0f | 01 | np | R/7:5 | RDPRU
  0f | 01 | np | R/7:67 | INVLPGB
  0f | 05 07 | np 66 f3 f2 | M R | SYSCALL
  0f | 0e | np 66 f3 f2 | M R | 3DNow!
  0f | 10 11 14 15 28-2a 2c-2f 51 54-70 74-76 7e 7f c2 c4 c6 d1-d6 d8-e6 e8-ef f1-f6 f8-fe | 66 | M R | SSE2
  0f | 10 11 2a 2c 2d 51 58-5a 5c-5f 70 c2 e6 | f2 | M R | SSE2
  0f | 10 11 2a 2c 2d 51-53 58 59 5c-5f c2 | f3 | M R | SSE
  0f | 10-12 14-16 28-2a 2c-2f 51-59 5c-5f 70 c2 c4 c6 da de e0 e3 e4 ea ee f6 | np | M R | SSE
  0f | 12 13 16 17 2b e7 | 66 | M | SSE2
  0f | 12 16 | f3 | M R | SSE3
  0f | 12 7c 7d d0 | f2 | M R | SSE3
  0f | 13 17 2b e7 | np | M | SSE
  0f | 2b | f3 f2 | M | SSE4A
  0f | 37 | np | M R | SMX
  0f | 50 c5 d7 f7 | 66 | R | SSE2
  0f | 50 c5 d7 f7 | np | R | SSE
  0f | 5a 5b 6f 70 7e 7f e6 | f3 | M R | SSE2
  0f | 5a 5b f4 fb | np | M R | SSE2
  0f | 60-6b 6e 6f 74-77 7e 7f d1-d5 d8 d9 db-dd df e1 e2 e5 e8 e9 eb-ed ef f1-f3 f5 f8-fa fc-fe | np | M R | MMX
  0f | 71 72 | 66 | R/246 | SSE2
  0f | 71 72 | np | R/246 | MMX
  0f | 73 | 66 | R/2367 | SSE2
  0f | 73 | np | R/26 | MMX
  0f | 78 79 | f2 | R | SSE4A
  0f | 78 79 | np | M R | VMX
  0f | 78 | 66 | R/0 | SSE4A
  0f | 79 | 66 | R | SSE4A
  0f | 7c 7d d0 | 66 | M R | SSE3
  0f | a6 a7 | f3 | R | PadLock
  0f | a7 | np 66 f2 | R/0 | PadLock
  0f | ae | 66 f3 f2 | R/6 | WAITPKG
  0f | ae | 66 | M/6 | CLWB
  0f | ae | 66 | M/7 | CLFLUSHOPT
  0f | ae | f3 | M/4 R/4 | PTWRITE
  0f | ae | f3 | M/6 R/5 | CET shadow stack
  0f | ae | np | M/01 | FXSAVE
  0f | ae | np | M/23 R/7 | SSE
  0f | ae | np | M/456 | XSAVE
  0f | ae | np | M/7 | CLFLUSH
  0f | ae | np | R/56 | SSE2
  0f | b8 | f3 | M R | POPCNT
  0f | c3 | np | M | SSE2
  0f | c7 | 66 f3 | M/6 | VMX
  0f | c7 | f3 | R/7 | RDPID
  0f | c7 | np 66 | R/6 | RDRAND
  0f | c7 | np 66 | R/7 | RDSEED
  0f | c7 | np | M/345 | XSAVE
  0f | c7 | np | M/67 | VMX
  0f | d6 | f3 f2 | R | SSE2
  0f | f0 | f2 | M | SSE3
  0f38 | 00-0b 1c-1e | np 66 | M R | SSSE3
  0f38 | 10 14 15 17 20-25 28 29 2b 30-35 38-41 | 66 | M R | SSE4.1
  0f38 | 2a | 66 | M | SSE4.1
  0f38 | 37 | 66 | M R | SSE4.2
  0f38 | 80 | 66 | M | VMX
  0f38 | 81 | 66 | M | VMX
  0f38 | 82 | 66 | M | INVPCID
  0f38 | c8-cd | np | M R | SHA
  0f38 | cf | 66 | M R | GFNI
  0f38 | d8 | f3 | M/0123 | Key Locker
  0f38 | db-df | 66 | M R | AES
  0f38 | dc | f3 | R | Key Locker
  0f38 | dc-df | f3 | M | Key Locker
  0f38 | f0 f1 | f2 | M R | SSE4.2
  0f38 | f0 f1 | np 66 | M | MOVBE
  0f38 | f5 | 66 | M | CET shadow stack
  0f38 | f6 | 66 f3 | M R | ADX
  0f38 | f6 | np | M | CET shadow stack
  0f38 | f8 | 66 | M | MOVDIR64B
  0f38 | f8 | f3 f2 | M | ENQCMD
  0f38 | f9 | np | M | MOVDIRI
  0f38 | fa fb | f3 | R | Key Locker
  0f38 | fc | np 66 f3 f2 | M | RAO-INT
  0f3a | 08-0e 14-17 20-22 40-42 | 66 | M R | SSE4.1
  0f3a | 0f | np 66 | M R | SSSE3
  0f3a | 44 | 66 | M R | PCLMULQDQ
  0f3a | 60-63 | 66 | M R | SSE4.2
  0f3a | cc | np | M R | SHA
  0f3a | ce cf | 66 | M R | GFNI
  0f3a | df | 66 | M R | AES
  0f3a | f0 | f3 | R/0:0 | HRESET
`;

/** The features, by the number that `absentFeature` gives; the first three are known by their first byte alone. */
export const ABSENT_FEATURES: string[] = ['AVX', 'XOP', '3DNow!'];
export const AVX = 0;
export const XOP = 1;
const THREE_D_NOW = 2;

const PREFIXES = ['np', '66', 'f2', 'f3'];
const MAPS: Record<string, number> = { '--': 0, '0f': 0x0f00, '0f38': 0x0f3800, '0f3a': 0x0f3a00 };

/** By opcode and prefix: for each ModRM.mod = 3 (64 values of reg and rm) and memory (8 values of reg), the feature's number, or −1. */
const ABSENT = new Map<number, Int8Array>();
const MEMORY = 64;

function key(opcode: number, prefix: number): number {
  return opcode * PREFIXES.length + prefix;
}

function digits(text: string | undefined): number[] {
  return text === undefined ? [0, 1, 2, 3, 4, 5, 6, 7] : [...text].map(Number);
}

function addForm(slots: Int8Array, form: string, feature: number): void {
  const [, kind, regs, rms] = /^([MR])(?:\/(\d+))?(?::(\d+))?$/.exec(form)!;
  for (const reg of digits(regs))
    if (kind === 'M') slots[MEMORY + reg] = feature;
    else for (const rm of digits(rms)) slots[reg * 8 + rm] = feature;
}

function addRow(row: string): void {
  const [map, opcodes, prefixes, forms, name] = row.split('|').map((cell) => cell.trim());
  let feature = ABSENT_FEATURES.indexOf(name);
  if (feature < 0) feature = ABSENT_FEATURES.push(name) - 1;
  for (const range of opcodes.split(' ')) {
    const [first, last = first] = range.split('-').map((text) => parseInt(text, 16));
    for (let opcode = first; opcode <= last; opcode++)
      for (const prefix of prefixes.split(' ')) {
        const at = key(MAPS[map] | opcode, PREFIXES.indexOf(prefix));
        let slots = ABSENT.get(at);
        if (!slots) ABSENT.set(at, (slots = new Int8Array(MEMORY + 8).fill(-1)));
        for (const form of forms.split(' ')) addForm(slots, form, feature);
      }
  }
}

for (const row of TABLE.trim().split('\n')) addRow(row);

/** Whether an opcode of three bytes begins so. */
export function isEscape(opcode: number): boolean {
  return opcode === 0x0f38 || opcode === 0x0f3a;
}

/** Whether a ModRM byte decides about an undefined opcode (0f00 and 0f3800, 0f3a00 added for longer ones). */
export function needsModrm(opcode: number): boolean {
  return PREFIXES.some((_, prefix) => ABSENT.has(key(opcode, prefix)));
}

/**
 * The feature (index in ABSENT_FEATURES) that an opcode belongs to which this processor does not have, or −1 where it is undefined.
 * `repeat`: the last of the prefixes F2 (1) and F3 (2). Behind VEX, EVEX and XOP prefixes, and 3DNow!'s 0F 0F, nothing is looked at.
 */
export function absentFeature(opcode: number, modrm: number, operandPrefix: boolean, repeat: 0 | 1 | 2): number {
  // Of VEX, EVEX and XOP the byte that selects the map is at ModRM's place: they are what BOUND, LES, LDS and POP cannot be. Prefixes
  // that would be part of them make them undefined.
  const alone = !operandPrefix && repeat === 0;
  switch (opcode) {
    case 0x62:
      return alone && modrm >= 0xc0 && [1, 2, 3, 5, 6].includes(modrm & 0x0f) ? AVX : -1;
    case 0xc4:
      return alone && modrm >= 0xc0 && [1, 2, 3].includes(modrm & 0x1f) ? AVX : -1;
    case 0xc5:
      return alone && modrm >= 0xc0 ? AVX : -1;
    case 0x8f:
      return alone && [8, 9, 10].includes(modrm & 0x1f) ? XOP : -1;
    case 0x0f0f:
      return THREE_D_NOW;
  }
  const prefix = repeat === 1 ? 2 : repeat === 2 ? 3 : operandPrefix ? 1 : 0;
  const slots = ABSENT.get(key(opcode, prefix));
  if (!slots) return -1;
  return slots[modrm >= 0xc0 ? modrm & 0x3f : MEMORY + ((modrm >> 3) & 7)];
}
