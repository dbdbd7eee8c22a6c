/** Calls whose command decides what their other arguments are: fcntl, futex, prctl (uapi/linux/fcntl.h, futex.h, prctl.h). */

/** What a command of fcntl takes; none takes a third argument where it is missing here but in NO_ARGUMENT. */
const FILE_COMMANDS: Readonly<Record<number, string>> = {
  0: 'arg:d',
  2: 'arg:|descriptor',
  4: 'arg:openFlags',
  5: 'arg:>heldLock',
  6: 'arg:lock',
  7: 'arg:lock',
  8: 'arg:d',
  10: 'arg:signal',
  12: 'arg:>heldLock64',
  13: 'arg:lock64',
  14: 'arg:lock64',
  15: 'arg:owner',
  16: 'arg:>owner',
  36: 'arg:>heldLock64',
  37: 'arg:lock64',
  38: 'arg:lock64',
  1024: 'arg:=lockType',
  1026: 'arg:|notify',
  1030: 'arg:d',
  1031: 'arg:d',
  1033: 'arg:|seal',
};
/** F_GETFD, F_GETFL, F_GETOWN, F_GETSIG, F_GETLEASE, F_GETPIPE_SZ, F_GET_SEALS. */
const NO_ARGUMENT = new Set([1, 3, 9, 11, 1025, 1032, 1034]);

export function describeFileControl([, command]: readonly number[]): string {
  return `fd:fd cmd:=fcntl ${NO_ARGUMENT.has(command) ? '' : (FILE_COMMANDS[command] ?? 'arg:x')}`;
}

/** By operation, without the flags that say whose the futex is and which clock counts; `T` stands for the timeout's structure. */
const FUTEX_OPERATIONS: Readonly<Record<number, string>> = {
  0: 'val:u utime:T',
  1: 'val:u',
  2: 'val:u',
  3: 'val:u val2:u uaddr2:address',
  4: 'val:u val2:u uaddr2:address val3:u',
  5: 'val:u val2:u uaddr2:address val3:futexOperation',
  6: 'utime:T@3',
  7: '',
  8: '',
  9: 'val:u utime:T val3:futexBits@5',
  10: 'val:u val3:futexBits@5',
  11: 'val:u utime:T uaddr2:address',
  12: 'val:u val2:u uaddr2:address val3:u',
  13: 'utime:T@3',
};

/** @param time shape of the call's timeout */
export function describeFutex([, operation]: readonly number[], time: string): string {
  const FUTEX_COMMAND = 127;
  const rest = FUTEX_OPERATIONS[operation & FUTEX_COMMAND] ?? 'val:u utime:address uaddr2:address val3:x';
  return `uaddr:address op:=futex ${rest.replace('utime:T', `utime:${time}`)}`;
}

const REST = 'arg3:x arg4:x arg5:x';
const ALL = `arg2:x ${REST}`;
/** By option (PR_…); those that are not here have all five words. */
const PROCESS_OPTIONS: Readonly<Record<number, string>> = {
  1: 'arg2:deathSignal',
  2: 'arg2:>signalAt',
  3: '',
  4: 'arg2:=dumpable',
  5: 'arg2:>uint',
  6: 'arg2:u',
  7: '',
  8: 'arg2:u',
  9: 'arg2:>uint',
  10: 'arg2:u',
  11: 'arg2:>uint',
  12: 'arg2:u',
  13: '',
  14: 'arg2:u',
  15: 'arg2:name15',
  16: 'arg2:>name16',
  19: 'arg2:>uint',
  20: 'arg2:u',
  21: '',
  23: 'arg2:capabilityNumber',
  24: 'arg2:capabilityNumber',
  25: 'arg2:>tscAt',
  26: 'arg2:=tsc',
  27: '',
  28: 'arg2:|securebits',
  29: 'arg2:d',
  30: '',
  31: '',
  32: '',
  36: 'arg2:u',
  37: 'arg2:>uint',
  38: `arg2:u ${REST}`,
  40: 'arg2:>addressAt',
  41: `arg2:u ${REST}`,
  57: `arg2:u ${REST}`,
};

export function describeProcessControl([option]: readonly number[]): string {
  return `option:=prctl ${PROCESS_OPTIONS[option] ?? ALL}`;
}
