import * as fc from 'fast-check';
import { daysOfChange, ZONES } from './zones.js';

const DAY_MS = 86_400_000;

/** Is a zone with a span of three days, in most zones around a change of the clock. */
export interface ZonedSpan {
  readonly zone: string;
  readonly from: number;
  readonly to: number;
}

const spans: readonly ZonedSpan[] = ZONES.flatMap((zone) =>
  daysOfChange(zone).map((day) => ({ zone, from: day - DAY_MS, to: day + 2 * DAY_MS })),
);

/** Gives zones with spans around each of their changes from 2024 to 2030. */
export const zonedSpans: fc.Arbitrary<ZonedSpan> = fc
  .constantFrom(...ZONES)
  .chain((zone) => fc.constantFrom(...spans.filter((span) => span.zone === zone)));

/** Gives field texts: stars, steps, values, ranges (wrapping ones too), lists. */
function fieldText(
  min: number,
  max: number,
  likely: fc.Arbitrary<number> = fc.integer({ min, max }),
): fc.Arbitrary<string> {
  const value = fc.oneof(likely, fc.integer({ min, max }));
  const step = fc.integer({ min: 1, max: max - min + 1 });
  const item = fc.oneof(
    { weight: 3, arbitrary: value.map(String) },
    { weight: 2, arbitrary: fc.tuple(value, value).map(([a, b]) => `${a}-${b}`) },
    { weight: 1, arbitrary: fc.tuple(value, value, step).map(([a, b, n]) => `${a}-${b}/${n}`) },
    { weight: 1, arbitrary: fc.tuple(value, step).map(([a, n]) => `${a}/${n}`) },
  );
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant('*') },
    { weight: 1, arbitrary: step.map((n) => `*/${n}`) },
    { weight: 3, arbitrary: fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(',')) },
  );
}

const days = fc.oneof(
  { weight: 6, arbitrary: fc.constant(['*', '*', '*'] as const) },
  { weight: 1, arbitrary: fc.tuple(fieldText(1, 31), fc.constant('*'), fieldText(0, 6)) },
  { weight: 1, arbitrary: fc.tuple(fieldText(1, 31), fieldText(1, 12), fc.constant('*')) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('*'),
      fc.constant('*'),
      fc.constantFrom('sun', 'SAT-mon', '0,7', '5-7', '1/2'),
    ),
  },
);

const minutes = fieldText(0, 59, fc.constantFrom(0, 15, 30, 45, 59));
const hours = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('*', '0-23', '*/1', '0-11,12-23') },
  { weight: 2, arbitrary: fieldText(0, 23, fc.integer({ min: 0, max: 4 })) },
);

/** Gives expressions of five fields. */
export const minuteExpressions: fc.Arbitrary<string> = fc
  .tuple(minutes, hours, days)
  .map(([minute, hour, [date, month, weekday]]) => `${minute} ${hour} ${date} ${month} ${weekday}`);

/** Gives expressions of six fields, seconds first. */
export const secondExpressions: fc.Arbitrary<string> = fc
  .tuple(fieldText(0, 59), minuteExpressions)
  .map(([second, rest]) => `${second} ${rest}`);

/** Gives rules for skipped and repeated times, each of them at times left to its default. */
export const dstRules = fc.record({
  gap: fc.constantFrom(undefined, 'after' as const, 'shift' as const, 'skip' as const),
  overlap: fc.constantFrom(undefined, 'first' as const, 'last' as const, 'both' as const),
});
