import { readFileSync } from 'node:fs';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { cron } from '../../src/triggers/cron-trigger.js';
import { firesOf } from './support/walk.js';

const DOCUMENT = readFileSync(new URL('../../docs/daylight-saving.md', import.meta.url), 'utf8');

/** Are the rows of the tables, by the title above them: zone, day, schedule, what we do. */
const rows = DOCUMENT.split('\n### ')
  .slice(1)
  .flatMap((section) => {
    const [title = '', ...lines] = section.split('\n');
    return lines
      .filter((line) => line.startsWith('| ') && !/^\| (?:zone|---)/.test(line))
      .map((line) => [title, ...line.split('|').slice(1, 5)].map((cell) => cell.trim().replaceAll('`', '')));
  })
  .map(
    ([title = '', zone = '', day = '', schedule = '', ours = '']) =>
      [title, zone, schedule, day, ours] as const,
  );

/** Are titles of tables whose cells are not the fire times of a day. */
const ASKED = 'The next fire time, asked for within the second pass';

describe('the tables of docs/daylight-saving.md', () => {
  it('have a row for each case', () => {
    expect(rows.length).toBeGreaterThanOrEqual(40);
    expect(new Set(rows.map(([, zone]) => zone)).size).toBeGreaterThanOrEqual(8);
  });

  it.each(rows.filter(([title]) => title !== ASKED))(
    '%s: %s, %s on %s',
    (_title, zone, schedule, day, ours) => {
      const start = DateTime.fromISO(day, { zone }).startOf('day');
      const days = ours.includes('. ') ? 3 : 1;
      const end = start.plus({ days }).startOf('day');
      const fires = firesOf(cron(schedule, { timezone: zone }), start.toMillis(), end.toMillis() - 1);
      if (/^\d+$/.test(ours)) {
        expect(fires).toHaveLength(Number(ours));
        return;
      }
      const texts = fires.map((fire) => {
        const at = DateTime.fromMillis(fire, { zone });
        return `${at.toFormat(days > 1 ? 'd. HH:mm' : 'HH:mm')}${at.toFormat('ZZ').replace(':00', '')}`;
      });
      expect(texts.join(', ')).toBe(ours);
    },
  );

  it.each(rows.filter(([title]) => title === ASKED))(
    '%s: %s, %s on %s',
    (_title, zone, schedule, day, ours) => {
      // The second pass of that day begins where its offset changes.
      let at = DateTime.fromISO(day, { zone }).startOf('day').toMillis();
      const offset = (instant: number): number => DateTime.fromMillis(instant, { zone }).offset;
      const first = offset(at);
      while (offset(at) === first) at += 60_000;
      const next = DateTime.fromMillis(cron(schedule, { timezone: zone }).next(at + 300_000) ?? NaN, {
        zone,
      });
      expect(`${next.toFormat('d. HH:mm')}${next.toFormat('ZZ').replace(':00', '')}`).toBe(ours);
    },
  );
});
