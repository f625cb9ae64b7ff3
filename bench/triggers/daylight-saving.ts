// Prints the tables of docs/daylight-saving.md: what cron libraries do on the days of clock changes.
//
//   npx tsx bench/triggers/daylight-saving.ts
//
// The column of APScheduler is read from apscheduler.json, which is made with Python and APScheduler by
//
//   npx tsx bench/triggers/daylight-saving.ts --cases | python3 bench/triggers/daylight_saving.py > bench/triggers/apscheduler.json

import { readFileSync } from 'node:fs';
import { DateTime } from 'luxon';
import { CRON_LIBRARIES } from '../support/cron-libraries.js';
import { TABLES, type DaylightSavingCase, type DaylightSavingTable } from './daylight-saving-cases.js';

/** Is what a library did: the fire times, and whether it then stood still or gave up. */
interface Outcome {
  readonly fires: readonly string[];
  /** Counts them, where not all are listed. */
  readonly count?: number;
  readonly isStuck: boolean;
}

interface Measured {
  readonly version: string;
  readonly outcomes: readonly Outcome[];
}

const PEERS = ['cron-parser', 'croner', 'node-cron', 'cron', 'cronosjs'];
const MAX_STEPS = 600;
const LEAD_MS = 12 * 3_600_000;
const DAY_MS = 86_400_000;

const cases = TABLES.flatMap((table) => table.cases);

if (process.argv.includes('--cases')) {
  console.log(JSON.stringify(cases.map((one) => ({ ...one, ...spanOf(one) }))));
} else {
  await printTables();
}

async function printTables(): Promise<void> {
  const columns = new Map<string, Measured>();
  for (const who of ['escapement', ...PEERS]) columns.set(who, await measure(who));
  const file = new URL('./apscheduler.json', import.meta.url);
  columns.set('APScheduler', JSON.parse(readFileSync(file, 'utf8')) as Measured);
  const versions = [...columns].slice(1).map(([who, { version }]) => `${who} ${version}`);
  console.log(
    `Run on Node.js ${process.version} with tzdata ${process.versions['tz'] ?? '?'}: ${versions.join(', ')}.\n`,
  );
  let first = 0;
  for (const table of TABLES) {
    printTable(table, columns, first);
    first += table.cases.length;
  }
}

function printTable(table: DaylightSavingTable, columns: ReadonlyMap<string, Measured>, first: number): void {
  const head = ['zone', 'day', 'schedule', ...columns.keys()];
  const rows = table.cases.map((one, index) => [
    one.zone,
    one.date,
    `\`${one.expression}\``,
    ...[...columns.values()].map(({ outcomes }) => cellOf(table, one, outcomes[first + index])),
  ]);
  console.log(`### ${table.title}\n`);
  for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`);
  console.log('');
}

function cellOf(table: DaylightSavingTable, one: DaylightSavingCase, outcome: Outcome | undefined): string {
  if (outcome === undefined) return '';
  const { fires, count = fires.length, isStuck } = outcome;
  const end = isStuck ? (one.asked === undefined ? ' stuck' : ' (past)') : '';
  if (table.isCounted) return `${String(count)}${end}`;
  const format = one.days > 1 || one.asked !== undefined ? 'd. HH:mm' : 'HH:mm';
  const texts = fires.map((fire) => {
    const at = DateTime.fromISO(fire, { zone: one.zone });
    return `${at.toFormat(format)}${at.toFormat('ZZ').replace(':00', '')}`;
  });
  return (texts.length === 0 ? 'none' : texts.join(', ')) + end;
}

async function measure(who: string): Promise<Measured> {
  const makeNext = await CRON_LIBRARIES[who]?.();
  if (makeNext === undefined) throw new Error(`There is no library ${who}`);
  const outcomes = cases.map((one): Outcome => {
    const { from, to } = spanOf(one);
    const begin = one.asked === undefined ? Date.parse(from) - LEAD_MS : Date.parse(one.asked);
    const find = atTime(begin, () => makeNext(one.expression, one.zone, begin));
    const fires: string[] = [];
    let at = begin;
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const next = atTime(at, () => find(at));
      if (next !== null && one.asked !== undefined) {
        return { fires: [new Date(next).toISOString()], isStuck: next <= at };
      }
      if (next === null || next <= at) return { fires, isStuck: true };
      if (next >= Date.parse(to)) return { fires, isStuck: false };
      if (next >= Date.parse(from)) fires.push(new Date(next).toISOString());
      at = next;
    }
    return { fires, isStuck: true };
  });
  return { version: versionOf(who), outcomes };
}

/** Does something at another time: node-cron knows the fire times from now on only. */
function atTime<T>(now: number, act: () => T): T {
  const RealDate = globalThis.Date;
  class OtherDate extends RealDate {
    constructor(...given: readonly never[]) {
      if (given.length === 0) super(now);
      else super(...(given as unknown as [number]));
    }

    static override now(): number {
      return now;
    }
  }
  globalThis.Date = OtherDate as DateConstructor;
  try {
    return act();
  } finally {
    globalThis.Date = RealDate;
  }
}

/** Gives the local days of a case as instants. */
function spanOf({ zone, date, days, asked }: DaylightSavingCase): {
  readonly from: string;
  readonly to: string;
} {
  if (asked !== undefined) return { from: asked, to: new Date(Date.parse(asked) + 3 * DAY_MS).toISOString() };
  const start = DateTime.fromISO(date, { zone }).startOf('day');
  const end = DateTime.fromISO(date, { zone }).plus({ days }).startOf('day');
  return { from: new Date(start.toMillis()).toISOString(), to: new Date(end.toMillis()).toISOString() };
}

function versionOf(who: string): string {
  if (who === 'escapement') return '';
  const file = new URL(`../../node_modules/${who}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
