/** Assembly for i386 as the kernel writes it: AT&T syntax of the GNU assembler, through the C preprocessor. */
import { BRANCH, INSTRUCTION, PREFIX, REGISTER } from './words.mjs';

const raw = String.raw;
const include = (...names) => names.map((name) => ({ include: `#${name}` }));
const scope = (name) => ({ name: `${name}.i386asm` });
const captures = (...names) =>
  Object.fromEntries(names.map((name, index) => [String(index + 1), scope(name)]).filter(([, { name }]) => name !== '.i386asm')); // prettier-ignore

/** A symbol, possibly put together of a macro's parameters: `.Lend_\@`, `__get_user_\size`, `\name\()_end`. */
const SYMBOL = raw`(?:[A-Za-z_.$]|\\[A-Za-z_@])(?:[\w.$]|\\@|\\\(\)|\\[A-Za-z_]\w*)*`;
/** Where a statement ends: at the line's end or at the separator. */
const END = raw`$|(?=;)`;

/** Where a statement may begin inside of something else. */
const START = raw`(?:\G|^|(?<=;|\\n))[ \t]*`;

/** A statement that begins with what `begin` captures first. */
const statement = (meta, begin, names, patterns = include('operands')) => ({
  ...scope(meta),
  begin,
  end: END,
  beginCaptures: captures(...names),
  patterns,
});

export const grammar = {
  name: 'i386 Assembly',
  scopeName: 'source.asm.i386',
  fileTypes: ['S', 's'],
  patterns: include('comments', 'preprocessor', 'statements'),
  repository: {
    comments: {
      patterns: [
        {
          ...scope('comment.block'),
          begin: raw`/\*`,
          end: raw`\*/`,
          captures: { 0: scope('punctuation.definition.comment') },
        },
        { ...scope('comment.line.double-slash'), match: raw`//.*$` },
        // A line of its own that begins with # and no word of the preprocessor, or the rest of any other line.
        {
          ...scope('comment.line.number-sign'),
          match: raw`^\s*#(?!\s*(?:if|ifdef|ifndef|elif|else|endif|define|undef|include|error|warning|line|pragma)\b).*$`,
        },
        { ...scope('comment.line.number-sign'), match: raw`(?<!^)(?<=[\s,;:)])#(?!#).*$` },
      ],
    },

    preprocessor: {
      patterns: [
        {
          ...scope('meta.preprocessor.include'),
          match: raw`^\s*(#)\s*(include)\s*(<[^>]*>|"[^"]*")`,
          captures: captures(
            'punctuation.definition.directive',
            'keyword.control.directive.include',
            'string.quoted.include',
          ),
        },
        {
          ...scope('meta.preprocessor.diagnostic'),
          match: raw`^\s*(#)\s*(error|warning)\b(.*)$`,
          captures: captures(
            'punctuation.definition.directive',
            'keyword.control.directive.diagnostic',
            'string.unquoted.diagnostic',
          ),
        },
        {
          ...scope('meta.preprocessor.define'),
          begin: raw`^\s*(#)\s*(define)\s+([A-Za-z_]\w*)(?:(\()([^()]*)(\)))?`,
          // A backslash at a line's end takes the next line in.
          end: raw`(?<!\\)(?=\n)`,
          beginCaptures: {
            ...captures(
              'punctuation.definition.directive',
              'keyword.control.directive.define',
              'entity.name.function.preprocessor',
              'punctuation.definition.parameters.begin',
            ),
            5: { patterns: [{ match: raw`[A-Za-z_]\w*|\.\.\.`, ...scope('variable.parameter.preprocessor') }] },
            6: scope('punctuation.definition.parameters.end'),
          },
          patterns: [
            { match: raw`\\$`, ...scope('constant.character.escape.line-continuation') },
            { match: raw`##?`, ...scope('keyword.operator.preprocessor') },
            ...include('embedded', 'operands'),
            { match: ';', ...scope('punctuation.separator.statement') },
          ],
        },
        {
          ...scope('meta.preprocessor'),
          begin: raw`^\s*(#)\s*(if|ifdef|ifndef|elif|else|endif|undef|line|pragma)\b`,
          end: raw`(?<!\\)(?=\n)`,
          beginCaptures: captures('punctuation.definition.directive', 'keyword.control.directive.conditional'),
          patterns: [
            { match: raw`\\$`, ...scope('constant.character.escape.line-continuation') },
            { match: raw`\bdefined\b`, ...scope('keyword.operator.defined') },
            ...include('operands'),
          ],
        },
      ],
    },

    statements: {
      patterns: [
        { match: ';', ...scope('punctuation.separator.statement') },
        {
          match: raw`(\d+)(:)`,
          captures: captures('entity.name.label.local', 'punctuation.separator.label'),
        },
        {
          match: raw`(${SYMBOL})(:)(?!:)`,
          captures: captures('entity.name.label', 'punctuation.separator.label'),
        },
        // SYM_FUNC_START(name), SYM_CODE_END(name), SYM_INNER_LABEL(name, …) (include/linux/linkage.h)
        {
          ...scope('meta.symbol'),
          match: raw`\b(SYM_[A-Z_]+|ENTRY|END|ENDPROC|EXPORT_SYMBOL\w*|_ASM_NOKPROBE|__?INIT\w*)(\()\s*(${SYMBOL})`,
          captures: captures('keyword.other.symbol.macro', 'punctuation.section.parens.begin', 'entity.name.function'),
        },
        {
          match: raw`(${SYMBOL})\s*(=)(?!=)`,
          captures: captures('variable.other.assignment', 'keyword.operator.assignment'),
        },
        {
          match: raw`\b(${PREFIX})(?=\s*(?:;|\s))`,
          captures: captures('keyword.other.prefix.mnemonic'),
        },
        {
          ...scope('meta.macro.definition'),
          begin: raw`(\.macro)\s+([A-Za-z_]\w*)`,
          end: END,
          beginCaptures: captures('storage.type.directive.macro', 'entity.name.function.macro'),
          patterns: [
            {
              match: raw`([A-Za-z_]\w*)(?:(:)(req|vararg)\b)?`,
              captures: captures('variable.parameter.macro', 'punctuation.separator', 'storage.modifier.macro'),
            },
            // Behind = is a default, no parameter.
            {
              begin: '=',
              end: raw`(?=[\s,;])|$`,
              beginCaptures: { 0: scope('keyword.operator.assignment') },
              patterns: include('operands'),
            },
            ...include('operands'),
          ],
        },
        statement(
          'meta.directive.conditional',
          raw`(\.(?:if\w*|else|elseif|endif|rept|irpc?|endr|exitm|altmacro|noaltmacro))(?![\w.])`,
          ['keyword.control.conditional.directive'],
        ),
        statement('meta.directive.macro', raw`(\.(?:endm|purgem|macro))(?![\w.])`, ['storage.type.directive.macro']),
        statement('meta.directive.cfi', raw`(\.cfi_\w+)`, ['keyword.control.directive.cfi']),
        statement('meta.directive.section', raw`(\.(?:section|pushsection))\s+([\w.$]+|"[^"]*")`, [
          'keyword.control.directive.section',
          'entity.name.section',
        ]),
        statement('meta.directive', raw`(\.[A-Za-z_]\w*)(?![\w.$\\])`, ['keyword.control.directive']),
        statement(
          'meta.instruction.branch',
          raw`\b(${BRANCH})`,
          ['keyword.control.branch.mnemonic'],
          [
            {
              match: raw`(?<![$\w.\\%])(?![\d$])(${SYMBOL})(?!\s*\()(?=\s*(?:$|[;,#/@+-]))`,
              captures: { 1: { ...scope('entity.name.function.target'), patterns: include('parameters') } },
            },
            ...include('operands'),
          ],
        ),
        statement('meta.instruction', raw`\b(${INSTRUCTION})`, ['keyword.mnemonic']),
        // Instructions in the strings of the alternatives (arch/x86/include/asm/alternative.h).
        statement(
          'meta.macro.alternative',
          raw`\b(ALTERNATIVE\w*)\b`,
          ['entity.name.function.macro'],
          [...include('code-strings', 'operands')],
        ),
        statement(
          'meta.macro',
          raw`([A-Za-z_]\w*|\\[A-Za-z_]\w*)`,
          ['entity.name.function.macro'],
          [
            // A statement as a macro's argument, with its label: EXC(1: movl (%esi), %ebx)
            {
              match: raw`(\d+)(:)[ \t]*(?:(${BRANCH})|(${INSTRUCTION}))`,
              captures: captures(
                'entity.name.label.local',
                'punctuation.separator.label',
                'keyword.control.branch.mnemonic',
                'keyword.mnemonic',
              ),
            },
            { match: raw`(?<=\()[ \t]*(${INSTRUCTION})(?=\s+[%$(\\\d*-])`, captures: captures('keyword.mnemonic') },
            {
              match: raw`\b([A-Za-z_]\w*)(=)(?!=)`,
              captures: captures('variable.parameter.macro', 'keyword.operator.assignment'),
            },
            ...include('operands'),
          ],
        ),
        // What is left begins no statement: the rest of a macro's parentheses, for instance.
        ...include('operands'),
      ],
    },

    /** What begins a statement inside of a macro's body, of a string or of __stringify(…). */
    embedded: {
      patterns: [
        { match: raw`${START}(${PREFIX})(?=\s|;)`, captures: captures('keyword.other.prefix.mnemonic') },
        { match: raw`${START}(${BRANCH})`, captures: captures('keyword.control.branch.mnemonic') },
        { match: raw`${START}(${INSTRUCTION})`, captures: captures('keyword.mnemonic') },
        { match: raw`${START}(\.[A-Za-z_]\w*)`, captures: captures('keyword.control.directive') },
      ],
    },

    'code-strings': {
      patterns: [
        {
          ...scope('meta.embedded.statement'),
          begin: '"',
          end: '"',
          beginCaptures: { 0: scope('punctuation.definition.string.begin') },
          endCaptures: { 0: scope('punctuation.definition.string.end') },
          patterns: [
            { match: raw`\\[nt"\\]`, ...scope('constant.character.escape') },
            ...include('embedded'),
            { match: ';', ...scope('punctuation.separator.statement') },
            ...include('operands'),
          ],
        },
      ],
    },

    operands: {
      patterns: include(
        'comments',
        'stringify',
        'strings',
        'registers',
        'parameters',
        'numbers',
        'symbols',
        'operators',
      ),
    },

    /** Instructions that the preprocessor turns into a string. */
    stringify: {
      begin: raw`\b(__stringify)(\()`,
      end: raw`\)`,
      beginCaptures: captures('support.function.preprocessor', 'punctuation.section.parens.begin'),
      endCaptures: { 0: scope('punctuation.section.parens.end') },
      patterns: [
        ...include('embedded'),
        { match: ';', ...scope('punctuation.separator.statement') },
        ...include('parentheses', 'operands'),
      ],
    },
    parentheses: {
      begin: raw`\(`,
      end: raw`\)`,
      beginCaptures: { 0: scope('punctuation.section.parens.begin') },
      endCaptures: { 0: scope('punctuation.section.parens.end') },
      patterns: include('parentheses', 'operands'),
    },

    strings: {
      patterns: [
        {
          ...scope('string.quoted.double'),
          begin: '"',
          end: '"',
          beginCaptures: { 0: scope('punctuation.definition.string.begin') },
          endCaptures: { 0: scope('punctuation.definition.string.end') },
          patterns: [
            { match: raw`\\(?:[0-7]{1,3}|x[0-9A-Fa-f]+|[bfnrt"\\])`, ...scope('constant.character.escape') },
            ...include('parameters'),
          ],
        },
        { match: raw`'(?:\\.|[^\\'])'?`, ...scope('string.quoted.single') },
      ],
    },

    registers: {
      patterns: [
        {
          // The kernel's names for registers of either size (arch/x86/include/asm/asm.h).
          match: raw`(%)(${REGISTER}|_ASM_\w+)(\s*:(?=[\w($%\\-]))?`,
          captures: captures('punctuation.definition.register', 'variable.register', 'keyword.operator.segment'),
        },
        { match: raw`%(?=\\)`, ...scope('punctuation.definition.register') },
      ],
    },

    parameters: {
      patterns: [{ match: raw`\\@|\\\(\)|\\[A-Za-z_]\w*`, ...scope('variable.parameter.macro') }],
    },

    numbers: {
      patterns: [
        { match: raw`\b0[xX][0-9A-Fa-f]+[uUlL]*(?!\w)`, ...scope('constant.numeric.hex') },
        { match: raw`\b0[bB][01]+(?!\w)`, ...scope('constant.numeric.binary') },
        { match: raw`\b\d+[fb](?!\w)`, ...scope('entity.name.label.local.reference') },
        { match: raw`\b0[0-7]+[uUlL]*(?!\w)`, ...scope('constant.numeric.octal') },
        { match: raw`\b\d+[uUlL]*(?!\w)`, ...scope('constant.numeric.decimal') },
      ],
    },

    symbols: {
      patterns: [
        {
          match: raw`@(?:function|object|progbits|nobits|note|gnu_unique_object|PLT|GOT\w*|plt)\b`,
          ...scope('storage.type.symbol'),
        },
        { match: raw`\b[A-Za-z_]\w*(?=\((?!\s*[%,\\]))`, ...scope('support.function.macro') },
        { match: raw`(?<![\w.])\.(?!\w)`, ...scope('variable.language.location-counter') },
        { match: raw`(?<![\w.])\.L(?:[\w.$]|\\@|\\\(\))*`, ...scope('entity.name.label.reference') },
        { match: raw`\b[A-Z_][A-Z0-9_]*\b(?![.$])`, ...scope('variable.other.constant') },
        { match: raw`[A-Za-z_][\w.$]*`, ...scope('meta.symbol.reference') },
        { match: raw`(?<!\w)\.[A-Za-z_][\w.$]*`, ...scope('meta.symbol.reference') },
      ],
    },

    operators: {
      patterns: [
        { match: raw`\$`, ...scope('keyword.operator.immediate') },
        { match: raw`<<|>>|==|!=|<=|>=|&&|\|\||[-+*/%~!&|^<>=?]`, ...scope('keyword.operator') },
        { match: ',', ...scope('punctuation.separator.operand') },
        { match: ':', ...scope('punctuation.separator') },
        { match: raw`\(`, ...scope('punctuation.section.parens.begin') },
        { match: raw`\)`, ...scope('punctuation.section.parens.end') },
      ],
    },
  },
};
