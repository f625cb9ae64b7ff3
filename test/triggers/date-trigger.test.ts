import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { InvalidTriggerError } from '../../src/errors/input-errors.js';
import { date, type DateOptions } from '../../src/triggers/date-trigger.js';

describe('a date', () => {
  it('fires once', () => {
    const trigger = date(new Date(1000));
    expect(trigger.next(999)).toBe(1000);
    expect(trigger.next(1000)).toBeNull();
    expect(trigger.previous(1001)).toBe(1000);
    expect(trigger.previous(1000)).toBeNull();
    expect(trigger.count(1000, 1000)).toBe(1);
    expect(trigger.count(1001, 2000)).toBe(0);
  });

  it('is read in its zone', () => {
    const trigger = date('2026-12-01T09:00', { timezone: 'Asia/Shanghai' });
    expect(trigger.toJSON()).toEqual({ date: '2026-12-01T01:00:00.000Z' });
    expect(date(DateTime.fromISO('2026-12-01T09:00', { zone: 'Asia/Shanghai' })).toJSON()).toEqual(
      trigger.toJSON(),
    );
  });

  it('is read in the zone of the binding when it has none', () => {
    const trigger = date('2026-12-01T09:00');
    expect(trigger.toJSON()).toEqual({ date: '2026-12-01T09:00' });
    expect(trigger.next(0)).toBe(Date.parse('2026-12-01T09:00Z'));
    const bound = trigger.bind({ now: 0, jobId: 'job', timezone: 'Asia/Shanghai' });
    expect(bound.toJSON()).toEqual({ date: '2026-12-01T01:00:00.000Z' });
    expect(bound.bind({ now: 0, jobId: 'job', timezone: 'UTC' })).toBe(bound);
    expect(trigger.bind({ now: 0, jobId: 'job' }).next(0)).toBe(Date.parse('2026-12-01T09:00Z'));
  });

  it('takes no zone when it has an offset', () => {
    const trigger = date('2026-12-01T09:00+01:00');
    expect(trigger.inTimezone('Asia/Shanghai')).toBe(trigger);
  });

  it.each([['soon'], ['09:00'], [new Date(NaN)], [5], [null]])('is refused when it is %o', (at) => {
    expect(() => date(at as string)).toThrow(InvalidTriggerError);
  });

  it('refuses options that it does not know', () => {
    expect(() => date('2026-12-01', { zone: 'UTC' } as DateOptions)).toThrow(
      'Expected `zone` to be absent: the options are timezone, got `"UTC"` (string).',
    );
  });
});
