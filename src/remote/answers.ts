/**
 * Which packets can be the answer to which question (gdb manual, appendix E.2 "Packets" and E.3 "Stop Reply Packets"): a stub
 * that sends a packet nobody asked for must not shift all answers that follow.
 *
 * One self-contained function, because the connection's worker gets its source text.
 */
export function answerForms() {
  const HEX = /^([0-9a-fA-F]{2})*$/;

  function isError(data: string): boolean {
    return /^E[0-9a-fA-F]{2}$/.test(data) || data.startsWith('E.');
  }

  /** A stop reply: T, S, W, X with its code, or N (no threads left). */
  function isStop(data: string): boolean {
    return data === 'N' || /^[TSWX][0-9a-fA-F]{2}/.test(data);
  }

  /** Whether the stop was asked for by a ctrl-C (SIGINT, or signal 0 as some stubs have it). */
  function isInterrupt(data: string): boolean {
    return /^[TS]0[02]/.test(data);
  }

  /** Output of the target or of a monitor command: O and hexadecimal text. */
  function isOutput(data: string): boolean {
    return data.length > 1 && data[0] === 'O' && HEX.test(data.slice(1));
  }

  /** Whether `data` can be the answer to `packet`. The empty answer says that the stub does not know the packet. */
  function fits(packet: string, data: string): boolean {
    if (packet === '?') return isStop(data) || isError(data);
    if (data === '' || isError(data)) return true;
    if (isStop(data)) return false;
    const [name] = packet.split(/[:,;]/, 1);
    switch (name[0]) {
      case 'm': {
        const length = parseInt(packet.slice(packet.indexOf(',') + 1), 16);
        return HEX.test(data) && data.length <= 2 * length;
      }
      case 'g':
        return /^([0-9a-fA-F]{2}|xx)+$/.test(data);
      case 'q':
        if (name === 'qXfer') return data[0] === 'm' || data[0] === 'l';
        if (name === 'qRcmd') return data === 'OK' || HEX.test(data);
        return data !== 'OK' && !(name === 'qSupported' && HEX.test(data));
      default:
        // G, M, P, Q, X, Z, z, D change something.
        return data === 'OK';
    }
  }

  return { isStop, isInterrupt, isOutput, fits };
}
