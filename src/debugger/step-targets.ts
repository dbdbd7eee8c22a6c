import type { Frame, StepTarget } from './api';
import { linkedAddress, placedAddress } from './modules';

/**
 * The calls of a frame's line that a step into could enter: inlined ones that are not entered yet, and those that the debug
 * information lists as call sites (DWARF 3.4).
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
        if (!site || site.isTailCall) continue;
        if (symbols.inlinesAt(address - 1)[0]?.id !== depth) continue;
        add(site.calleeName ?? 'call through a pointer', address, undefined);
      }
    }
  }
  return targets;
}
