import { describe, expect, it } from 'vitest';
import { InvalidOptionError, InvalidTriggerError } from '../../src/errors/input-errors.js';
import type { JsonObject } from '../../src/internal/json-value.js';
import { anyOf } from '../../src/triggers/combinations/any-of-trigger.js';
import { excluding } from '../../src/triggers/combinations/excluding-trigger.js';
import { cron, CronTrigger } from '../../src/triggers/cron-trigger.js';
import { DateTrigger } from '../../src/triggers/date-trigger.js';
import { interval, IntervalTrigger } from '../../src/triggers/interval-trigger.js';
import { isValidCron, parseTrigger } from '../../src/triggers/parse-trigger.js';
import type { Trigger, TriggerCodec } from '../../src/triggers/trigger.js';
import { TriggerRegistry } from '../../src/triggers/trigger-registry.js';

class TideTrigger implements Trigger {
  readonly kind = 'tide';
  readonly #record: JsonObject;
  constructor(record: JsonObject) {
    this.#record = record;
  }
  next(after: number): number {
    return after + 1;
  }
  toJSON(): JsonObject {
    return this.#record;
  }
}

const tide: TriggerCodec = { kind: 'tide', parse: (record) => new TideTrigger(record) };

describe('a registry', () => {
  const registry = new TriggerRegistry([tide]);

  it('knows the built-in kinds and those of its codecs', () => {
    expect(registry.kinds).toEqual([
      'cron',
      'date',
      'interval',
      'calendarInterval',
      'anyOf',
      'allOf',
      'excluding',
      'tide',
    ]);
    expect(registry.has('tide')).toBe(true);
    expect(registry.has('solar')).toBe(false);
  });

  it('reads cron expressions, records and triggers', () => {
    const trigger = interval(1000);
    expect(registry.parse('*/5 * * * *')).toBeInstanceOf(CronTrigger);
    expect(registry.parse({ cron: { hour: 3 } })).toBeInstanceOf(CronTrigger);
    expect(registry.parse({ interval: { minutes: 5 } })).toBeInstanceOf(IntervalTrigger);
    expect(registry.parse({ date: '2026-12-01' })).toBeInstanceOf(DateTrigger);
    expect(registry.parse({ tide: 'high' })).toBeInstanceOf(TideTrigger);
    expect(registry.parse(trigger)).toBe(trigger);
  });

  it('leaves the zone open, or gives the one asked for to what names none', () => {
    expect(registry.parse('0 9 * * *').toJSON()).toEqual({ cron: '0 9 * * *' });
    const options = { timezone: 'Asia/Shanghai' };
    expect(registry.parse('0 9 * * *', options).toJSON()).toEqual({
      cron: '0 9 * * *',
      timezone: 'Asia/Shanghai',
    });
    expect(registry.parse(cron('0 9 * * *'), options).next(0)).toBe(3_600_000);
    expect(registry.parse({ cron: '0 9 * * *', timezone: 'UTC' }, options).next(0)).toBe(32_400_000);
    expect(() => registry.parse('0 9 * * *', { timezone: 'Mars/Olympus' })).toThrow(InvalidTriggerError);
    expect(() => registry.parse(interval(5), { timezone: 'Mars/Olympus' })).toThrow(InvalidTriggerError);
  });

  it('hands nested triggers to the codec with the same zone', () => {
    const codec: TriggerCodec = {
      kind: 'nested',
      parse: (record, context) => context.parse(record['nested']),
    };
    const parsed = new TriggerRegistry([codec, tide]).parse(
      { nested: '0 9 * * *' },
      { timezone: 'Asia/Tokyo' },
    );
    expect(parsed.toJSON()).toEqual({ cron: '0 9 * * *', timezone: 'Asia/Tokyo' });
  });

  it.each([
    [null],
    [undefined],
    [42],
    [[]],
    [{}],
    [{ crn: '* * * * *' }],
    [{ cron: '* * * * *', interval: 5 }],
    [{ timezone: 'UTC' }],
    [{ next: () => null }],
  ])('refuses %o, which is no trigger', (input) => {
    expect(() => registry.parse(input)).toThrow(InvalidTriggerError);
  });

  it.each<[string, JsonObject]>([
    ['tz', { cron: '* * * * *', tz: 'UTC' }],
    ['zone', { interval: 5, zone: 'UTC' }],
    ['start', { date: '2026-12-01', start: '2026-12-01' }],
    ['timezone', { cron: '* * * * *', timezone: 'Mars/Olympus' }],
    ['dst.gap', { cron: '* * * * *', dst: { gap: 'jump' } }],
    ['dst.gaps', { cron: '* * * * *', dst: { gaps: 'skip' } }],
    ['dst', { cron: '* * * * *', dst: 'skip' }],
    ['dst', { cron: '@every 5m', dst: { gap: 'skip' } }],
    ['end', { cron: '* * * * *', start: '2026-12-02', end: '2026-12-01' }],
    ['cron', { cron: 5 }],
  ])('names the field at fault: %s', (field, record) => {
    expect(() => registry.parse(record)).toThrow(
      expect.objectContaining({ code: 'ESC_INVALID_TRIGGER', field }),
    );
  });

  it('refuses a trigger of a kind that it could not read back', () => {
    expect(() => new TriggerRegistry().parse(new TideTrigger({ tide: 'high' }))).toThrow('triggers: [codec]');
  });

  it('refuses a combination with such a trigger in it, however deep', () => {
    const nested = anyOf(excluding(new TideTrigger({ tide: 'high' }), { weekdays: ['sun'] }));
    expect(() => new TriggerRegistry().parse(nested)).toThrow('triggers: [codec]');
    expect(registry.parse(nested)).toBe(nested);
    expect(registry.parse(JSON.parse(JSON.stringify(nested))).toJSON()).toEqual(nested.toJSON());
  });

  it('refuses triggers that lie within each other too deep', () => {
    let record: JsonObject = { cron: '* * * * *' };
    for (let depth = 0; depth < 5000; depth += 1) record = { anyOf: [record] };
    expect(() => registry.parse(record)).toThrow('at most 16 triggers within each other');
  });

  it('refuses codecs whose kind is taken, or which are none', () => {
    expect(() => new TriggerRegistry([tide, tide])).toThrow(InvalidOptionError);
    expect(() => new TriggerRegistry([{ ...tide, kind: 'cron' }])).toThrow(InvalidOptionError);
    expect(() => new TriggerRegistry([{ ...tide, kind: 'timezone' }])).toThrow(InvalidOptionError);
    expect(() => new TriggerRegistry([{ kind: 'tide' } as unknown as TriggerCodec])).toThrow(
      InvalidOptionError,
    );
    expect(() => new TriggerRegistry([null as unknown as TriggerCodec])).toThrow(InvalidOptionError);
  });
});

describe('parseTrigger', () => {
  it.each<[JsonObject]>([
    [{ cron: '0 2 * * *', timezone: 'Asia/Shanghai' }],
    [{ cron: '@daily' }],
    [{ cron: { day: 'last fri', hour: 17 }, timezone: 'UTC' }],
    [
      {
        cron: '0 0 1 * *',
        timezone: 'UTC',
        start: '2026-01-01T00:00:00.000Z',
        end: '2027-01-01T00:00:00.000Z',
        dst: { gap: 'shift', overlap: 'both' },
      },
    ],
    [{ interval: 300_000, start: '2026-01-01T00:00:00.000Z', end: '2027-01-01T00:00:00.000Z' }],
    [{ interval: 300_000, immediate: true }],
    [{ date: '2026-12-01T01:00:00.000Z' }],
    [{ calendarInterval: { months: 1 }, time: '09:00', timezone: 'Asia/Shanghai' }],
    [
      {
        calendarInterval: { years: 1, weeks: 2 },
        timezone: 'UTC',
        start: '2024-02-29T18:30:00',
        end: '2030-01-01T00:00:00.000Z',
        missingDay: 'last',
        dst: { gap: 'skip' },
      },
    ],
    [{ anyOf: [{ cron: '0 9 * * mon-fri', timezone: 'UTC' }, { date: '2026-12-01T01:00:00.000Z' }] }],
    [{ allOf: [{ cron: '0 9 * * mon' }, { cron: '0 9 1-7 * *' }] }],
    [
      {
        excluding: { interval: 300_000, start: '2026-01-01T00:00:00.000Z' },
        calendar: {
          dates: ['2026-12-25', '12-25', { from: '12-30', to: '01-02' }],
          weekdays: ['sat', 'mon-tue'],
          times: [{ from: '22:00', to: '06:00' }],
          daysOf: { cron: '0 0 1 * *', timezone: 'Asia/Shanghai' },
          instantsOf: { cron: '0 * * * *', timezone: 'Asia/Shanghai' },
          timezone: 'Asia/Shanghai',
        },
      },
    ],
  ])('reads a record into a trigger with the same record: %j', (record) => {
    expect(JSON.parse(JSON.stringify(parseTrigger(record)))).toEqual(record);
  });

  it('keeps fire times within start and end, both included', () => {
    const trigger = parseTrigger({
      cron: '0 0 * * *',
      timezone: 'UTC',
      start: '2026-01-02T00:00Z',
      end: '2026-01-04T00:00Z',
    });
    expect(trigger.next(0)).toBe(Date.UTC(2026, 0, 2));
    expect(trigger.next(Date.UTC(2026, 0, 3))).toBe(Date.UTC(2026, 0, 4));
    expect(trigger.next(Date.UTC(2026, 0, 4))).toBeNull();
    expect(trigger.previous?.(Date.UTC(2030, 0, 1))).toBe(Date.UTC(2026, 0, 4));
    expect(trigger.previous?.(Date.UTC(2026, 0, 2))).toBeNull();
    expect(trigger.count?.(0, 4e12)).toBe(3);
  });
});

describe('isValidCron', () => {
  it('tells expressions that fire from text that does not', () => {
    expect(isValidCron('*/5 * * * *')).toBe(true);
    expect(isValidCron('@every 5m')).toBe(true);
    expect(isValidCron('0 0 31 2 *')).toBe(false);
    expect(isValidCron('every day')).toBe(false);
    expect(isValidCron(5 as unknown as string)).toBe(false);
  });
});
