/**
 * Memory as SockScope dumps it, an address, sixteen bytes and their characters a line, in which zeros step back so that the rest is seen;
 * and socket addresses, a member a line with its offset and bytes.
 */
const raw = String.raw;
const scope = (name) => ({ name: `${name}.memory-dump` });
const BYTE = '(?:[0-9a-f]{2}|[?]{2})';

export const grammar = {
  name: 'Memory Dump',
  scopeName: 'source.memory-dump',
  fileTypes: [],
  patterns: [
    {
      match: raw`^ +(\d+)  (?:[0-9a-f]{2} )+ +(\w+)  +(.*)$`,
      captures: {
        1: scope('constant.numeric.offset'),
        2: scope('variable.other.member'),
        3: scope('string.unquoted.value'),
      },
    },
    {
      begin: raw`^([0-9a-f]{8})(?=  ${BYTE})`,
      end: '$',
      beginCaptures: { 1: scope('constant.numeric.address') },
      patterns: [
        {
          match: raw`(\|)(.*)(\|)$`,
          captures: {
            1: scope('punctuation.definition.string.begin'),
            2: scope('string.unquoted.characters'),
            3: scope('punctuation.definition.string.end'),
          },
        },
        { match: raw`\b00\b`, ...scope('comment.zero') },
        { match: raw`[?]{2}`, ...scope('invalid.unreadable') },
      ],
    },
  ],
};
