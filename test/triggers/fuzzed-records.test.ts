import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidTriggerError } from '../../src/errors/input-errors.js';
import { solarCodec } from '../../src/solar/index.js';
import { TriggerRegistry } from '../../src/triggers/trigger-registry.js';

const junk = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, undefined, [], {}),
);

const text = fc.constantFrom(
  '0 9 * * *',
  '*/7 * * * * *',
  '0 0 29 2 *',
  'H H * * *',
  '@every 1s',
  '@daily',
  '* * 31 2 *',
);
const instant = fc.constantFrom(
  '2026-01-31',
  '2026-12-25T09:00',
  '1970-01-01T00:00Z',
  '2099-12-31T23:59:59Z',
);
const zone = fc.constantFrom('UTC', 'America/New_York', 'Australia/Lord_Howe', 'Mars/Olympus');
const amount = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(-1, 0.5, 1e5, 1e9));

/** Gives a value that is right, or now and then one that is not. */
const or = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 9, arbitrary: value }, { weight: 1, arbitrary: junk });

/** Gives records that are nearly right, within each other. */
const { record } = fc.letrec((tie) => ({
  calendar: fc.record(
    {
      dates: or(
        fc.array(or(fc.constantFrom('2026-12-25', '12-25', '02-29', { from: '12-24', to: '01-02' })), {
          maxLength: 3,
        }),
      ),
      weekdays: or(fc.array(or(fc.constantFrom('sat', 'mon-fri', 'fri-mon', 'sun/2')), { maxLength: 2 })),
      times: or(
        fc.array(or(fc.constantFrom({ from: '22:00', to: '06:00' }, { from: '9:00', to: '24:00' })), {
          maxLength: 2,
        }),
      ),
      daysOf: tie('record'),
      instantsOf: tie('record'),
      timezone: or(zone),
    },
    { requiredKeys: [] },
  ),
  record: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    or(text),
    fc.record(
      { cron: or(text), timezone: or(zone), start: or(instant), end: or(instant) },
      { requiredKeys: ['cron'] },
    ),
    fc.record(
      { interval: or(fc.integer({ min: 1, max: 1e9 })), start: or(instant), end: or(instant) },
      { requiredKeys: ['interval'] },
    ),
    fc.record({ date: or(instant), timezone: or(zone) }, { requiredKeys: ['date'] }),
    fc.record(
      {
        calendarInterval: or(
          fc.record({ years: amount, months: amount, weeks: amount, days: amount }, { requiredKeys: [] }),
        ),
        time: or(fc.constantFrom('09:00', '2:30', '23:59:59')),
        timezone: or(zone),
        start: or(instant),
        missingDay: or(fc.constantFrom('skip', 'last')),
      },
      { requiredKeys: ['calendarInterval'] },
    ),
    fc.record({
      solar: or(fc.constantFrom('sunrise', 'solar_noon')),
      latitude: or(fc.integer({ min: -90, max: 90 })),
      longitude: or(fc.constant(0)),
    }),
    fc.record({ anyOf: or(fc.array(tie('record'), { maxLength: 3 })) }),
    fc.record({ allOf: or(fc.array(tie('record'), { maxLength: 3 })) }),
    fc.record({ excluding: tie('record'), calendar: tie('calendar') }),
    junk,
  ),
}));

describe('any record', () => {
  const registry = new TriggerRegistry([solarCodec]);

  it('is a trigger whose answers lie on the right side, or is refused with the one error for it', () => {
    let made = 0;
    fc.assert(
      fc.property(record, fc.integer({ min: 0, max: 4e12 }), (input, instant) => {
        try {
          const trigger = registry
            .parse(input)
            .bind?.({ now: instant, jobId: 'job', timezone: 'Europe/London' });
          if (trigger === undefined) return;
          made += 1;
          const next = trigger.next(instant);
          expect(next === null || next > instant).toBe(true);
          const previous = trigger.previous?.(instant) ?? null;
          expect(previous === null || previous < instant).toBe(true);
          expect(JSON.stringify(registry.parse(JSON.parse(JSON.stringify(trigger))))).toBe(
            JSON.stringify(trigger),
          );
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidTriggerError);
        }
      }),
      { numRuns: 600 },
    );
    expect(made).toBeGreaterThan(80);
  });
});
