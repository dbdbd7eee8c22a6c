import type { Frame, StepTarget } from './api';
import { callBefore } from './instructions';
import { linkedAddress, placedAddress, type Module } from './modules';

/**
 * The calls of a frame's line that a step into could enter: inlined ones that are not entered yet, those that the debug
 * information lists as call sites (DWARF 3.4), and, because code that is not optimised has none of these, direct calls of functions.
 */
export function stepTargetsOf(frame: Frame, hidden: number): StepTarget[] {
  const { module, location } = frame;
  if (!module || !location) return [];
  const { symbols } = module;
  const fn = frame.function;
  const targets: StepTarget[] = [];
  const add = (label: string, linked: number, inlined: StepTarget['inlined']): void => {
    const address = placedAddress(module, linked);
    if (targets.some((target) => target.address === address && target.inlined === inlined)) return;
    targets.push({ id: targets.length + 1, label, address, inlined });
  };
  const here = linkedAddress(module, frame.address);
  if (hidden > 0) {
    const call = symbols.inlinesAt(here)[hidden - 1];
    add(`${call.name} (inlined)`, here, call);
  }
  const depth = frame.inlined?.id;
  for (const range of fn?.ranges ?? []) {
    for (const row of symbols.lineRows(range.start, range.end)) {
      if (row.line !== location.line || row.file !== location.file) continue;
      for (let address = row.address + 1; address <= row.endAddress; address++) {
        const site = symbols.callSiteAt(address);
        if (site?.isTailCall) continue;
        const label = site ? (site.calleeName ?? 'call through a pointer') : directlyCalled(module, address);
        if (label === undefined || symbols.inlinesAt(address - 1)[0]?.id !== depth) continue;
        add(label, address, undefined);
      }
    }
  }
  return targets;
}

/** Name of the function whose direct call ends right before an address; only a target where a function begins counts. */
function directlyCalled(module: Module, returnsTo: number): string | undefined {
  const before = module.elf.read(returnsTo - 5, 5);
  const target = before && callBefore(before, returnsTo);
  if (typeof target !== 'number') return undefined;
  const symbol = module.elf.symbolAt(target);
  return symbol?.offset === 0 ? symbol.symbol.name : undefined;
}
