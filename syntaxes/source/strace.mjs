/** Traces of system calls in strace's notation, with the columns that SockScope puts before each call and those of strace's options. */
const raw = String.raw;
const include = (...names) => names.map((name) => ({ include: `#${name}` }));
const scope = (name) => ({ name: `${name}.strace` });
const captures = (...names) =>
  Object.fromEntries(names.map((name, index) => [String(index + 1), scope(name)]).filter(([, { name }]) => name !== '.strace')); // prettier-ignore

const brackets = (name, open, close) => ({
  ...scope(`meta.${name}`),
  begin: open,
  end: close,
  beginCaptures: { 0: scope(`punctuation.section.${name}.begin`) },
  endCaptures: { 0: scope(`punctuation.section.${name}.end`) },
  patterns: include('resumption', 'values'),
});

export const grammar = {
  name: 'System-Call Trace',
  scopeName: 'source.strace',
  fileTypes: ['strace'],
  patterns: include('columns', 'events', 'unfinished', 'results', 'calls', 'values', 'end'),
  repository: {
    /** Before a call: the time (-r, -t, -tt, -ttt, -T), the count of instructions, the task (-f), the instruction pointer (-i). */
    columns: {
      patterns: [
        {
          match: raw`^\s*(\d+\.\d+) (\d+) (\[)(pid) +(\d+) +([^\]]*?)(\])`,
          captures: captures(
            'constant.numeric.time',
            'constant.numeric.instructions',
            'punctuation.definition.task.begin',
            'keyword.other.pid',
            'constant.numeric.pid',
            'entity.name.type.task',
            'punctuation.definition.task.end',
          ),
        },
        {
          match: raw`^\s*(\[)(pid) +(\d+)(?: +([^\]]*?))?(\])(?:\s+(\d\d:\d\d:\d\d(?:\.\d+)?|\d+\.\d+)(?=\s))?`,
          captures: captures(
            'punctuation.definition.task.begin',
            'keyword.other.pid',
            'constant.numeric.pid',
            'entity.name.type.task',
            'punctuation.definition.task.end',
            'constant.numeric.time',
          ),
        },
        {
          match: raw`^\s*(?:(\d+)\s+)?(\d\d:\d\d:\d\d(?:\.\d+)?|\d+\.\d+)\s+(?=[a-z_<+\-\[])`,
          captures: captures('constant.numeric.pid', 'constant.numeric.time'),
        },
        { match: raw`^\s*(\d+)\s+(?=[a-z_<+\-\[])`, captures: captures('constant.numeric.pid') },
        {
          match: raw`(\[)([0-9a-f]{8,16})(\])(?=\s+[a-z_]\w*\()`,
          captures: captures(
            'punctuation.definition.address.begin',
            'constant.numeric.hex.address',
            'punctuation.definition.address.end',
          ),
        },
      ],
    },

    /** Signals and ends of tasks. */
    events: {
      patterns: [
        {
          ...scope('meta.signal'),
          begin: raw`(---) (SIG\w+)`,
          end: raw`(---)|$`,
          beginCaptures: captures('punctuation.definition.event', 'constant.language.signal'),
          endCaptures: captures('punctuation.definition.event'),
          patterns: include('values'),
        },
        {
          match: raw`(\+\+\+) (exited with|killed by) (\w+)( \(core dumped\))? (\+\+\+)`,
          captures: captures(
            'punctuation.definition.event',
            'keyword.control.exit',
            'constant.language.exit',
            'comment.line.note',
            'punctuation.definition.event',
          ),
        },
        { match: raw`^(strace:.*|Process \d+ (?:attached|detached).*)$`, captures: captures('comment.line.note') },
      ],
    },

    calls: {
      patterns: [
        {
          match: raw`(<\.\.\.) ([a-z_]\w*) (resumed)(?:(>)|( *)(?=\)))`,
          captures: captures(
            'comment.line.unfinished',
            'entity.name.function.system-call',
            'comment.line.unfinished',
            'comment.line.unfinished',
          ),
        },
        {
          ...scope('meta.call'),
          begin: raw`\b([a-z_]\w*)(\()`,
          end: raw`(\))|$`,
          beginCaptures: captures('entity.name.function.system-call', 'punctuation.section.arguments.begin'),
          endCaptures: captures('punctuation.section.arguments.end'),
          patterns: include('unfinished', 'values'),
        },
      ],
    },
    unfinished: {
      patterns: [
        { match: raw`<unfinished \.\.\.>|<detached \.\.\.>`, ...scope('comment.line.unfinished') },
        { match: raw`/\*.*?\*/`, ...scope('comment.block') },
      ],
    },

    /** Behind the call: its value, its error, its time (-T). */
    results: {
      patterns: [
        {
          match: raw`(?<=[)\s>])(=) (-1|-\d+) (E[A-Z0-9]+)(?: (\([^()]*(?:\([^()]*\))?[^()]*\)))?`,
          captures: captures(
            'keyword.operator.result',
            'constant.numeric.result.failed',
            'keyword.control.errno',
            'comment.line.explanation',
          ),
        },
        {
          match: raw`(?<=[)\s>])(=) (\?) (ERESTART\w+)(?: (\([^()]*\)))?`,
          captures: captures(
            'keyword.operator.result',
            'constant.language.unknown',
            'keyword.control.errno',
            'comment.line.explanation',
          ),
        },
        {
          match: raw`(?<=[)\s>])(=) (?:(\?)|(0x[0-9a-f]+)|(-?\d+))(?=$|[\s<])(?:(<[^<>\d][^<>]*>))?(?: (\([^()]*(?:\[[^\]]*\])?[^()]*\)))?`,
          captures: captures(
            'keyword.operator.result',
            'constant.language.unknown',
            'constant.numeric.hex.result',
            'constant.numeric.result',
            'string.unquoted.path',
            'comment.line.explanation',
          ),
        },
        {
          match: raw`(<)(\d+\.\d+)(>)\s*$`,
          captures: captures(
            'punctuation.definition.time.begin',
            'constant.numeric.time',
            'punctuation.definition.time.end',
          ),
        },
      ],
    },

    /** The arguments that follow `<... read resumed>` end with a parenthesis that began a line before. */
    end: { match: raw`\)`, ...scope('punctuation.section.arguments.end') },

    resumption: { match: raw`<unfinished \.\.\.>`, ...scope('comment.line.unfinished') },

    values: {
      patterns: [
        {
          ...scope('string.quoted.double'),
          begin: '"',
          end: raw`(")(\.\.\.)?|$`,
          beginCaptures: { 0: scope('punctuation.definition.string.begin') },
          endCaptures: captures('punctuation.definition.string.end', 'keyword.operator.ellipsis'),
          patterns: [{ match: raw`\\(?:x[0-9a-fA-F]{2}|[0-7]{1,3}|.)`, ...scope('constant.character.escape') }],
        },
        { match: raw`/\*.*?\*/`, ...scope('comment.block') },
        { match: raw`(\w+)(=)(?!>)`, captures: captures('variable.other.member', 'keyword.operator.assignment') },
        // What a function of the C library says of a number: htons(5001), inet_addr("127.0.0.1"), makedev(…)
        {
          ...scope('meta.function-call'),
          begin: raw`\b([a-z_]\w*)(\()`,
          end: raw`(\))|$`,
          beginCaptures: captures('support.function', 'punctuation.section.arguments.begin'),
          endCaptures: captures('punctuation.section.arguments.end'),
          patterns: include('values'),
        },
        brackets('braces', raw`\{`, raw`\}|$`),
        brackets('brackets', raw`\[`, raw`\]|$`),
        { match: raw`\bNULL\b`, ...scope('constant.language.null') },
        { match: raw`\b(?:E[A-Z][A-Z0-9]+)\b(?= \()`, ...scope('keyword.control.errno') },
        { match: raw`\b[A-Z_][A-Z0-9_]*[A-Z0-9]\b`, ...scope('variable.other.constant') },
        { match: raw`(?<![\w.])-?0x[0-9a-fA-F]+\b`, ...scope('constant.numeric.hex') },
        { match: raw`(?<![\w.])0[0-7]+\b`, ...scope('constant.numeric.octal') },
        { match: raw`(?<![\w.])-?\d+(?:\.\d+)?\b`, ...scope('constant.numeric.decimal') },
        {
          match: raw`(?<=\d)(<)([^<>]+)(>)`,
          captures: captures(
            'punctuation.definition.path.begin',
            'string.unquoted.path',
            'punctuation.definition.path.end',
          ),
        },
        { match: raw`\.\.\.`, ...scope('keyword.operator.ellipsis') },
        { match: raw`=>`, ...scope('keyword.operator.changed') },
        { match: raw`\?+`, ...scope('constant.language.unknown') },
        { match: raw`<<|>>|==|&&|\|\||[|&~^*+=-]`, ...scope('keyword.operator') },
        { match: ',', ...scope('punctuation.separator.argument') },
      ],
    },
  },
};
