import { describe } from 'vitest';
import {
  InvalidDataError,
  InvalidOptionError,
  InvalidTriggerError,
  cron,
  date,
  defineTask,
  interval,
} from '../../src/index.js';
import { adding, minutely, noop, testRefusals } from '../support/refusals.js';
import type { Call, Refusal } from '../support/refusals.js';

function withData(data: unknown): Call {
  return adding(minutely, { data });
}

const cycle: { list: unknown[] } = { list: [] };
cycle.list.push(cycle);

const TRIGGERS: readonly Refusal[] = [
  [
    'an unknown zone',
    adding({ cron: '* * * * *', timezone: 'Mars/Olympus' }),
    InvalidTriggerError,
    'timezone',
    '"Mars/Olympus"',
  ],
  ['an expression that can never fire', adding('0 0 31 2 *'), InvalidTriggerError, 'cron', '0 0 31 2 *'],
  ['an expression with a minute too great', adding('60 * * * *'), InvalidTriggerError, 'minute', '60'],
  ['text that is no expression', adding('every day'), InvalidTriggerError, 'cron', 'every day'],
  ['an empty expression', adding(''), InvalidTriggerError, 'cron'],
  ['a trigger that is a number', adding(5000), InvalidTriggerError, 'trigger', '5000', 'number'],
  ['a trigger that is null', adding(null), InvalidTriggerError, 'trigger', 'null'],
  [
    'a record without a kind',
    adding({ every: 5 }),
    InvalidTriggerError,
    'trigger',
    'cron, date, interval',
    '"every":5',
  ],
  ['a record of two kinds', adding({ cron: '* * * * *', interval: 5 }), InvalidTriggerError, 'trigger'],
  [
    'a record with an unknown option',
    adding({ interval: 5, immediately: true }),
    InvalidTriggerError,
    'immediately',
  ],
  [
    'a negative period',
    adding({ interval: { seconds: -1 } }),
    InvalidTriggerError,
    'interval',
    'at least 1 ms',
    '-1',
  ],
  ['a period of zero', adding({ interval: 0 }), InvalidTriggerError, 'interval', '0'],
  ['a period of no number', adding({ interval: NaN }), InvalidTriggerError, 'interval', 'NaN'],
  ['a period in unknown units', adding({ interval: { fortnights: 1 } }), InvalidTriggerError, 'fortnights'],
  ['a date that is none', adding({ date: 'tomorrow' }), InvalidTriggerError, 'date', '"tomorrow"'],
  ['an invalid Date', () => date(new Date(NaN)), InvalidTriggerError, 'date', 'Invalid Date'],
  [
    'an interval that ends before it starts',
    () => interval(5, { start: '2026-02-01', end: '2026-01-01' }),
    InvalidTriggerError,
    'end',
  ],
  [
    'a cron trigger with an unknown option',
    () => cron('* * * * *', { tz: 'UTC' } as object),
    InvalidTriggerError,
    'tz',
  ],
  [
    'a trigger without a fire time left',
    adding({ interval: 5, start: '2025-01-01T00:00Z', end: '2025-01-02T00:00Z' }),
    InvalidTriggerError,
    'trigger',
  ],
];

const IDS: readonly Refusal[] = [
  [
    'an id with a control character',
    adding(minutely, { id: 'a\u0000b' }),
    InvalidOptionError,
    'options.id',
    'control characters',
    'string',
  ],
  [
    'an id with a line break',
    adding(minutely, { id: 'a\nb' }),
    InvalidOptionError,
    'options.id',
    'control characters',
  ],
  ['an id with spaces at its edge', adding(minutely, { id: ' a' }), InvalidOptionError, 'options.id', '" a"'],
  ['an empty id', adding(minutely, { id: '' }), InvalidOptionError, 'options.id', '1 to 191'],
  ['an id too long', adding(minutely, { id: 'x'.repeat(192) }), InvalidOptionError, 'options.id', '1 to 191'],
  ['an id that is a number', adding(minutely, { id: 7 }), InvalidOptionError, 'options.id', '7', 'number'],
  [
    'an id with half a character',
    adding(minutely, { id: 'a\ud800' }),
    InvalidOptionError,
    'options.id',
    'Unicode',
  ],
  ['an id of null', adding(minutely, { id: null }), InvalidOptionError, 'options.id', 'null'],
  [
    'a task name with a control character',
    () => defineTask('a\u0007', noop),
    InvalidOptionError,
    'name',
    'control',
  ],
  [
    'an owner with a control character',
    (s) => s.applySchedule('a\tb', []),
    InvalidOptionError,
    'owner',
    'control',
  ],
  [
    'a key with a control character',
    (s) => s.enqueue(defineTask('t', noop), undefined, { key: '\u0001' }),
    InvalidOptionError,
    'options.key',
  ],
];

const DATA: readonly Refusal[] = [
  ['data with a cycle', withData(cycle), InvalidDataError, 'data.list[0]', 'cycle'],
  ['data with a BigInt', withData({ deep: [1n] }), InvalidDataError, 'data.deep[0]', 'bigint'],
  [
    'data with a __proto__ key',
    withData(JSON.parse('{"a":{"__proto__":1}}')),
    InvalidDataError,
    'data.a',
    '__proto__',
  ],
  ['data with a function', withData({ f: noop }), InvalidDataError, 'data.f', 'function'],
  ['data with a symbol', withData(Symbol('s')), InvalidDataError, 'data', 'symbol'],
  ['data with NaN', withData([NaN]), InvalidDataError, 'data[0]', 'NaN'],
  ['data with an undefined element', withData([undefined]), InvalidDataError, 'data[0]', 'undefined'],
  ['data with a Map', withData(new Map()), InvalidDataError, 'data', 'Map'],
  ['data that is too large', withData('x'.repeat(300_000)), InvalidDataError, 'data', '262144', '300002'],
  [
    'data of enqueue with a cycle',
    (s) => s.enqueue(defineTask('t', noop), cycle),
    InvalidDataError,
    'data.list[0]',
  ],
];

describe('as a trigger', () => {
  testRefusals(TRIGGERS);
});

describe('as an id', () => {
  testRefusals(IDS);
});

describe('as data', () => {
  testRefusals(DATA);
});
