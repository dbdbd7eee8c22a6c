import {
  callSiteParameterValue,
  callSiteValue,
  evaluateFrameBase,
  SymbolError,
  type CallSite,
  type EvaluationContext,
} from '../symbols';
import { DebuggerError, type Frame } from './api';
import { linkedAddress } from './modules';
import type { Target } from './target';

/**
 * What DWARF expressions ask of a frame.
 * @param callerOf gives the frame that called this physical frame (not the one it is inlined in)
 */
export function contextOf(
  frame: Frame,
  target: Target,
  callerOf: (frame: Frame) => Frame | undefined,
): EvaluationContext {
  const { module } = frame;
  const site = (caller: Frame): CallSite | undefined =>
    caller.module?.symbols.callSiteAt(linkedAddress(caller.module, caller.address));
  const context: EvaluationContext = {
    pc: module ? linkedAddress(module, frame.lookupPc) : frame.lookupPc,
    loadBias: module?.loadBias,
    readMemory: (address, size) => frame.readMemory(address, size),
    register: (number) => frame.registers.byNumber(number)?.value,
    wideRegister(number) {
      // 11 to 18 are st0 to st7; only the innermost frame's are known.
      if (number < 11 || number > 18 || frame.registers.get('eip')?.place.kind !== 'register') return undefined;
      return target.floatRegisters()[number - 11]?.bytes;
    },
    cfa() {
      const cfa = frame.cfa();
      if (cfa === undefined) throw new SymbolError('unavailable', 'The canonical frame address is not known here.');
      return cfa;
    },
    frameBase() {
      const base = frame.function && evaluateFrameBase(frame.function, context);
      if (base === undefined) throw new SymbolError('unavailable', 'This function has no frame base.');
      return base;
    },
    entryValue(expression) {
      const caller = callerOf(frame);
      const call = caller && site(caller);
      if (!caller || !call) return undefined;
      // A tail call on the way would make the call site another function's.
      if (call.calleeAddress !== undefined && call.calleeAddress !== frame.function?.lowPc) return undefined;
      return callSiteValue(call, expression, caller.evaluationContext());
    },
    parameterReference(die) {
      const caller = callerOf(frame);
      const call = caller && site(caller);
      return caller && call && callSiteParameterValue(call, die, caller.evaluationContext());
    },
    tlsAddress() {
      throw new DebuggerError('Thread-local variables cannot be located: the program’s thread area is not known.');
    },
  };
  return context;
}
