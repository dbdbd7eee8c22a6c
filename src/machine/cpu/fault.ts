/**
 * Thrown (as one preallocated object per processor, so that faults allocate nothing) to leave an instruction with an exception.
 * The engine that catches it delivers the exception (SDM volume 3, chapter 6) with EIP at the start of the instruction.
 */
export class GuestFault {
  vector = 0;
  /** Error code to push, or −1 for none. */
  errorCode = -1;
}

/** Thrown to leave an instruction before it has any effect, because a watchpoint covers an access it was about to make. */
export class WatchpointHit {
  linear = 0;
  size = 0;
  write = false;
}

/** Thrown when the guest meets something this machine does not have; the session stops there, and never runs on. */
export class Unimplemented extends Error {
  /** @param feature the processor's feature that is missing, by its name */
  constructor(
    readonly feature: string,
    readonly eip: number,
  ) {
    super(`This machine has no ${feature}, which the instruction at 0x${(eip >>> 0).toString(16)} belongs to.`);
  }
}
