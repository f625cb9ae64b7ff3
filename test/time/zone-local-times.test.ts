import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../src/errors/input-errors.js';
import { instantMs, isLocalTime } from '../../src/time/instants.js';

const read = (text: string, zone = 'America/New_York'): string =>
  new Date(instantMs(text, 'at', zone)).toISOString();

describe('an instant given as text', () => {
  it('is read in the zone when it carries no offset', () => {
    expect(read('2026-12-01T09:00')).toBe('2026-12-01T14:00:00.000Z');
    expect(read('2026-12-01T09:00:01.250')).toBe('2026-12-01T14:00:01.250Z');
    expect(read('2026-12-01')).toBe('2026-12-01T05:00:00.000Z');
    expect(read('1850-06-01T12:00:00', 'Europe/London')).toBe('1850-06-01T12:00:00.000Z');
    expect(read('1960-01-01T00:00:00.001', 'UTC')).toBe('1960-01-01T00:00:00.001Z');
  });

  it('means what its offset says, whatever the zone', () => {
    expect(read('2026-12-01T09:00Z')).toBe('2026-12-01T09:00:00.000Z');
    expect(read('2026-12-01T09:00+05:30')).toBe('2026-12-01T03:30:00.000Z');
    expect(read('20261201T0900-02')).toBe('2026-12-01T11:00:00.000Z');
  });

  it('moves on by the gap when it is skipped, and is the first when it comes twice', () => {
    expect(read('2025-03-09T02:30')).toBe('2025-03-09T07:30:00.000Z');
    expect(read('2025-11-02T01:30')).toBe('2025-11-02T05:30:00.000Z');
  });

  it.each([
    '',
    '09:00',
    'T09:00',
    'tomorrow',
    '2026-13-01',
    '2026-12-01T25:00',
    '2026-12-01T09:00[Europe/Paris]',
    '2026-02-30',
  ])('is refused when it is %j, which is not a date', (text) => {
    expect(() => instantMs(text, 'at', 'UTC')).toThrow(InvalidOptionError);
  });

  it('is local when it has no offset', () => {
    expect(isLocalTime('2026-12-01')).toBe(true);
    expect(isLocalTime('2026-12-01T09:00')).toBe(true);
    expect(isLocalTime('2026-12-01T09:00Z')).toBe(false);
    expect(isLocalTime('2026-12-01T09:00-0500')).toBe(false);
  });
});

describe('an instant given as an object', () => {
  it('is read from a Date and from a DateTime', () => {
    expect(instantMs(new Date(5), 'at', 'UTC')).toBe(5);
    expect(instantMs(DateTime.fromMillis(7), 'at', 'UTC')).toBe(7);
  });

  it.each([[new Date(NaN)], [DateTime.fromISO('no')], [42], [null], [{}]])(
    'is refused when it is %o',
    (input) => {
      expect(() => instantMs(input, 'at', 'UTC')).toThrow(InvalidOptionError);
    },
  );
});
