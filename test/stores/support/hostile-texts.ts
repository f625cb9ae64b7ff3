/** Holds ids that a database may mangle, take for SQL, or take for one another. */
export const HOSTILE: readonly string[] = [
  ...["o'clock", '"quoted"', '`ticked`', 'back\\slash', "\\'", "'; drop table jobs; --", '/* comment */'],
  ...['%', '_', '?', '$1', ':name', '@name', '{"a":1}', '[1]', '\\u0000', '\\n', '${id}', '{0}'],
  ...['null', 'NULL', '0', '00', '0.0', '1e3', 'true', '__proto__', 'constructor', 'toString'],
  ...['job', 'Job', 'JOB', 'jOB', 'a', 'a b', 'a  b', 'ab', 'a-b', 'a_b', 'a.b', 'a\u00a0b', 'a\u200bb'],
  ...[
    'e',
    'é',
    'e\u0301',
    'É',
    'naive',
    'naïve',
    'ss',
    'ß',
    'SS',
    'fi',
    'ﬁ',
    'i',
    'ı',
    'İ',
    'I',
    'ａ',
    '\u00c5',
    '\u212b',
  ],
  ...['🎉', '🎊', '👩‍👩‍👧', '👩👩👧', '日本', '日本語', '\u{10ffff}', '\uffff', '\ue000', 'ا', 'א'],
  ...['x'.repeat(191), 'x'.repeat(190), '🎉'.repeat(95), `${'x'.repeat(190)}y`],
];

/** Holds what is no id. */
export const REFUSED: readonly string[] = [
  '',
  ' ',
  ' a',
  'a ',
  '\ta',
  'a\n',
  'a\u0000',
  '\u0000',
  'a\u0000b',
  'a\u007f',
  '\u00a0a',
  'a\u3000',
].concat(['\ud800', 'a\udc00', 'x'.repeat(192), '🎉'.repeat(96)]);

/** Holds texts that not every database can keep. */
export const UNKEEPABLE: readonly string[] = ['a\u0000b', '\u0000', '\ud800', 'a\udfffb'];
