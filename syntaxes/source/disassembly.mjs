/** Disassembled code as objdump, gdb and SockScope list it, in AT&T or Intel syntax. */
import { BRANCH, INSTRUCTION, PREFIX, REGISTER } from './words.mjs';

const raw = String.raw;
const include = (...names) => names.map((name) => ({ include: `#${name}` }));
const scope = (name) => ({ name: `${name}.disassembly` });
const captures = (...names) =>
  Object.fromEntries(names.map((name, index) => [String(index + 1), scope(name)]).filter(([, { name }]) => name !== '.disassembly')); // prettier-ignore

const ADDRESS = raw`(?:0x)?[0-9a-fA-F]+`;

export const grammar = {
  name: 'Disassembly',
  scopeName: 'source.disassembly.i386',
  fileTypes: ['disasm', 'objdump'],
  patterns: include('headings', 'instructions', 'sources'),
  repository: {
    headings: {
      patterns: [
        {
          ...scope('meta.function'),
          match: raw`^(${ADDRESS}) (<)([^<>]+)(>)(:)\s*$`,
          captures: captures(
            'constant.numeric.address',
            'punctuation.definition.symbol.begin',
            'entity.name.function',
            'punctuation.definition.symbol.end',
            'punctuation.separator',
          ),
        },
        {
          match: raw`^(Disassembly of section) ([^:]+)(:)\s*$`,
          captures: captures('keyword.other.heading', 'entity.name.section', 'punctuation.separator'),
        },
        {
          match: raw`^(.+):(\s+)(file format) (\S+)\s*$`,
          captures: captures('string.unquoted.path', '', 'keyword.other.heading', 'storage.type.format'),
        },
        {
          match: raw`^(Dump of assembler code for function) (\S+)(:)\s*$`,
          captures: captures('keyword.other.heading', 'entity.name.function', 'punctuation.separator'),
        },
        { match: raw`^End of assembler dump\.\s*$`, ...scope('keyword.other.heading') },
        { match: raw`^\s*\.\.\.\s*$`, ...scope('comment.line.elided') },
      ],
    },

    instructions: {
      patterns: [
        {
          ...scope('meta.instruction'),
          begin: raw`^\s*(=>)?\s*(${ADDRESS})(?:\s*(<)([^<>]*)(>))?(:|(?=\s))[ \t]*((?:[0-9a-f]{2}(?:[ \t]+|$))*)(?=\S|$)(?![^<>\t]*>:)`,
          end: '$',
          beginCaptures: captures(
            'keyword.other.current',
            'constant.numeric.address',
            'punctuation.definition.symbol.begin',
            'entity.name.function.reference',
            'punctuation.definition.symbol.end',
            'punctuation.separator',
            'comment.line.bytes',
          ),
          patterns: [
            { match: raw`\G[ \t]*(${PREFIX})(?=\s|$)`, captures: captures('keyword.other.prefix.mnemonic') },
            // A prefix may come before the instruction: its end is no \G any more.
            ...[
              '\\G[ \\t]*',
              raw`(?<=\b(?:rep|repz|repe|repnz|repne|lock|data16|addr16|notrack|bnd|cs|ds|es|fs|gs|ss) )`,
            ].flatMap((start) => [
              { match: raw`${start}(${BRANCH})`, captures: captures('keyword.control.branch.mnemonic') },
              { match: raw`${start}(${INSTRUCTION})`, captures: captures('keyword.mnemonic') },
            ]),
            { match: raw`\(bad\)`, ...scope('invalid.illegal.instruction') },
            { match: raw`\G[ \t]*(\.[a-z]\w*)`, captures: captures('keyword.control.directive') },
            ...include('operands'),
          ],
        },
      ],
    },

    /** Lines of source between the instructions (objdump -dl). */
    sources: {
      patterns: [
        {
          match: raw`^(\S+\.[A-Za-z]+)(:)(\d+)(?: (\(discriminator \d+\)))?\s*$`,
          captures: captures(
            'string.unquoted.path',
            'punctuation.separator',
            'constant.numeric.line',
            'comment.line.discriminator',
          ),
        },
        {
          match: raw`^([A-Za-z_][\w.]*)(\(\):)\s*$`,
          captures: captures('entity.name.function', 'punctuation.separator'),
        },
        { match: raw`^.*$`, ...scope('comment.line.source') },
      ],
    },

    operands: {
      patterns: [
        { match: raw`[#;].*$`, ...scope('comment.line') },
        {
          match: raw`(<)([^<>]+?)([+-]0x[0-9a-f]+|\+\d+)?(>)`,
          captures: captures(
            'punctuation.definition.symbol.begin',
            'entity.name.function.reference',
            'constant.numeric.offset',
            'punctuation.definition.symbol.end',
          ),
        },
        {
          match: raw`(%?)\b(${REGISTER})(:(?=[\w($%\[*-]))?`,
          captures: captures('punctuation.definition.register', 'variable.register', 'keyword.operator.segment'),
        },
        {
          match: raw`\b(BYTE|WORD|DWORD|FWORD|QWORD|TBYTE|XMMWORD|YMMWORD|ZMMWORD|byte|word|dword|fword|qword|tbyte|xmmword)(\s+)(PTR|ptr)\b`,
          captures: captures('storage.type.size', '', 'storage.modifier.pointer'),
        },
        { match: raw`\b(?:short|near|far|FAR|SHORT)\b`, ...scope('storage.modifier.distance') },
        { match: raw`\$`, ...scope('keyword.operator.immediate') },
        { match: raw`(?<![\w.])-?0x[0-9a-fA-F]+\b`, ...scope('constant.numeric.hex') },
        { match: raw`(?<=[\s*,])[0-9a-f]{5,16}(?=\s|$)`, ...scope('constant.numeric.hex') },
        { match: raw`(?<![\w.])\d+\b`, ...scope('constant.numeric.decimal') },
        { match: raw`[A-Za-z_.][\w.$@]*`, ...scope('meta.symbol.reference') },
        { match: ',', ...scope('punctuation.separator.operand') },
        { match: raw`[-+*]`, ...scope('keyword.operator') },
        { match: raw`[()\[\]]`, ...scope('punctuation.section') },
      ],
    },
  },
};
