/** The kernel's system-call tables, such as arch/x86/entry/syscalls/syscall_32.tbl: number, ABI, name, entry point, compat entry point. */
const raw = String.raw;
const scope = (name) => ({ name: `${name}.syscall-table` });
const comment = { ...scope('comment.line.number-sign'), match: '#.*$' };

/** An entry point; a dash stands for none, sys_ni_syscall for a call that is not implemented. */
const entryPoint = (name) => ({
  patterns: [
    { match: raw`-`, ...scope('keyword.operator.none') },
    { match: raw`\bsys_ni_syscall\b`, ...scope('constant.language.not-implemented') },
    { match: raw`\w+`, ...scope(name) },
  ],
});

export const grammar = {
  name: 'Linux System-Call Table',
  scopeName: 'source.syscall-table',
  fileTypes: ['tbl'],
  patterns: [
    comment,
    {
      ...scope('meta.row'),
      match: raw`^\s*(\d+)(?:-(\d+))?\s+([\w,]+)\s+(\w+)(?:\s+(\w+|-))?(?:\s+(\w+|-))?(?:\s+(noreturn))?\s*(?=$|#)`,
      captures: {
        1: scope('constant.numeric.decimal'),
        2: scope('constant.numeric.decimal'),
        3: scope('storage.type.abi'),
        4: scope('entity.name.function.system-call'),
        5: entryPoint('support.function.entry-point'),
        6: entryPoint('support.function.entry-point.compat'),
        7: scope('storage.modifier.noreturn'),
      },
    },
    { ...scope('invalid.illegal.row'), match: raw`\S.*$` },
  ],
};
