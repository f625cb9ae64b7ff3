import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { InvalidOptionError, InvalidTriggerError } from '../../src/errors/input-errors.js';
import { calendarInterval } from '../../src/triggers/calendar-interval-trigger.js';
import { anyOf } from '../../src/triggers/combinations/any-of-trigger.js';
import { cron } from '../../src/triggers/cron-trigger.js';
import { date } from '../../src/triggers/date-trigger.js';
import { interval } from '../../src/triggers/interval-trigger.js';
import type { Trigger } from '../../src/triggers/trigger.js';
import { past, upcoming, type PastOptions, type UpcomingOptions } from '../../src/triggers/upcoming.js';
import { CountingTrigger } from './support/walk.js';

const nine = cron('0 9 * * *', { timezone: 'Asia/Shanghai' });
const from = '2026-01-01';

const texts = (dates: Iterable<Date>): readonly string[] =>
  [...dates].map((at) => at.toISOString().slice(0, 16));

describe('the upcoming fire times', () => {
  it('come in their order, as many as asked for', () => {
    expect(texts(nine.upcoming({ from, count: 2 }))).toEqual(['2026-01-01T01:00', '2026-01-02T01:00']);
    expect(texts(upcoming(nine, { from, count: 0 }))).toEqual([]);
  });

  it('run from one instant to another, both included', () => {
    const options = { from: new Date('2026-01-01T01:00Z'), until: new Date('2026-01-03T01:00Z') };
    expect(texts(nine.upcoming(options))).toEqual([
      '2026-01-01T01:00',
      '2026-01-02T01:00',
      '2026-01-03T01:00',
    ]);
    expect(texts(nine.upcoming({ ...options, count: 1 }))).toEqual(['2026-01-01T01:00']);
  });

  it('take instants in every form, and read text in the zone of the trigger', () => {
    const first = { from: '2026-01-01T09:00', count: 1 };
    expect(texts(nine.upcoming(first))).toEqual(['2026-01-01T01:00']);
    expect(texts(nine.upcoming({ ...first, from: '2026-01-01T09:00Z' }))).toEqual(['2026-01-02T01:00']);
    expect(texts(nine.upcoming({ ...first, from: Date.UTC(2026, 0, 1) }))).toEqual(['2026-01-01T01:00']);
    expect(texts(nine.upcoming({ ...first, from: DateTime.utc(2026, 1, 1) }))).toEqual(['2026-01-01T01:00']);
    expect(texts(interval(3_600_000).upcoming({ ...first, from: '2026-01-01T09:00' }))).toEqual([
      '2026-01-01T09:00',
    ]);
  });

  it('are computed when they are asked for', () => {
    const counting = new CountingTrigger(nine);
    const times = upcoming(counting, { from, count: 1_000_000 });
    expect(counting.questions).toBe(0);
    times.next();
    times.next();
    expect(counting.questions).toBe(2);
  });

  it('end when the trigger does', () => {
    expect(texts(date('2026-01-05').upcoming({ from, count: 5 }))).toEqual(['2026-01-05T00:00']);
    expect(texts(date('2025-01-05').upcoming({ from, count: 5 }))).toEqual([]);
  });

  it('are a method of every built-in kind', () => {
    const triggers = [nine, interval(5), date(from), calendarInterval({ days: 1 }), anyOf('* * * * *')];
    for (const trigger of triggers) expect([...trigger.upcoming({ from, count: 1 })]).toHaveLength(1);
  });

  it.each<[string, object]>([
    ['count', { from }],
    ['count', { from, count: -1 }],
    ['count', { from, count: 1.5 }],
    ['from', { count: 1 }],
    ['from', { from: 'now', count: 1 }],
    ['from', { from: NaN, count: 1 }],
    ['until', { from, until: 'later' }],
    ['options.to', { from, to: from }],
  ])('are refused at once when %s is not right: %j', (field, options) => {
    const ask = (): unknown => nine.upcoming(options as UpcomingOptions);
    expect(ask).toThrow(InvalidOptionError);
    expect(ask).toThrow(expect.objectContaining({ field }));
  });

  it('fail when the trigger goes back', () => {
    const still: Trigger = {
      kind: 'still',
      next: (after) => after,
      previous: (before) => before,
      toJSON: () => ({}),
    };
    expect(() => [...upcoming(still, { from, count: 5 })]).toThrow(InvalidTriggerError);
    expect(() => [...past(still, { before: from, count: 5 })]).toThrow(InvalidTriggerError);
  });
});

describe('the past fire times', () => {
  it('come the latest first, all before an instant', () => {
    const before = new Date('2026-01-03T01:00Z');
    expect(texts(nine.past({ before, count: 2 }))).toEqual(['2026-01-02T01:00', '2026-01-01T01:00']);
    expect(texts(past(nine, { before, since: '2026-01-02T09:00' }))).toEqual(['2026-01-02T01:00']);
    expect(texts(date(from).past({ before: from, count: 5 }))).toEqual([]);
  });

  it.each<[string, object]>([
    ['count', { before: from }],
    ['before', { count: 1 }],
    ['since', { before: from, since: NaN }],
    ['options.from', { before: from, from, count: 1 }],
  ])('are refused at once when %s is not right: %j', (field, options) => {
    expect(() => nine.past(options as PastOptions)).toThrow(
      expect.objectContaining({ code: 'ESC_INVALID_OPTION', field }),
    );
  });

  it('need a trigger that can look back', () => {
    const forwards: Trigger = { kind: 'tide', next: (after) => after + 1, toJSON: () => ({ tide: 1 }) };
    expect(() => past(forwards, { before: from, count: 1 })).toThrow('one that can look back');
    expect([...upcoming(forwards, { from: 5, count: 2 })].map(Number)).toEqual([5, 6]);
  });
});
