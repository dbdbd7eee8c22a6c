import { type ElfFile, type UnwindRow } from './api';
import { FrameSection } from './frame';
import { type Sections } from './sections';

/** Call-frame information of a file: .debug_frame first, .eh_frame for what that does not cover. */
export class Frames {
  readonly sections: readonly FrameSection[];

  constructor(elf: ElfFile, sections: Sections) {
    const names = ['.debug_frame', '.eh_frame'] as const;
    this.sections = names
      .filter((name) => sections.has(name === '.debug_frame' ? 'debug_frame' : 'eh_frame'))
      .map((name) => {
        const bytes = sections.get(name === '.debug_frame' ? 'debug_frame' : 'eh_frame');
        return new FrameSection(bytes, name, elf.section(name)?.address ?? 0);
      });
  }

  /** @throws SymbolError for bad instructions */
  row(pc: number): UnwindRow | undefined {
    for (const section of this.sections) {
      const row = section.row(pc);
      if (row) return row;
    }
    return undefined;
  }
}
