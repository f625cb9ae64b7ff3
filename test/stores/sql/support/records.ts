import fc from 'fast-check';
import type { JobRecord, RunRecord } from 'escapement';
import { columnsOf } from '../../../../src/stores/sql/tables.js';
import type { Table } from '../../../../src/stores/sql/tables.js';
import { toJsonRows } from '../../../../src/stores/sql/json-rows.js';
import type { Row } from '../../../../src/stores/sql/row-values.js';
import type { RowWriter, Value } from '../../../../src/stores/sql/row-writer.js';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'null', '0', '[]', '{}', '\'\\"`', '\n'),
);
const integer = fc.oneof(fc.maxSafeInteger(), fc.nat(3));
const perhaps = <T>(some: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(some, { nil: null });

const tally = fc.record({
  total: integer,
  exact: fc.boolean(),
  last: fc.record({ count: integer, exact: fc.boolean(), firstAt: integer, lastAt: integer }),
});

/** Makes any job that a store may be given. */
export const anyJob: fc.Arbitrary<JobRecord> = fc.record({
  format: integer,
  uid: text,
  id: text,
  named: fc.boolean(),
  version: integer,
  fence: integer,
  definition: fc.record({
    task: text,
    executor: text,
    trigger: text,
    triggerKind: text,
    data: perhaps(text),
    policy: text,
    name: perhaps(text),
    description: perhaps(text),
    tags: fc.array(text, { maxLength: 4 }),
    priority: fc.integer({ min: -2, max: 2 }),
    maxInstances: integer,
    maxRuns: perhaps(integer),
  }),
  declaration: perhaps(text),
  revision: perhaps(integer),
  owner: perhaps(text),
  state: fc.constantFrom('active', 'paused', 'finished', 'parked'),
  nextRunAt: perhaps(integer),
  dueAt: perhaps(integer),
  wakeAt: perhaps(integer),
  lastFireAt: perhaps(integer),
  runCount: integer,
  counts: fc.record({ missed: perhaps(tally), skipped: perhaps(tally), coalesced: perhaps(tally) }),
  lastToken: integer,
  error: perhaps(text),
  createdAt: integer,
  updatedAt: integer,
  finishedAt: perhaps(integer),
});

/** Makes any run that a store may be given. */
export const anyRun: fc.Arbitrary<RunRecord> = fc.record({
  format: integer,
  id: text,
  uniqueKey: perhaps(text),
  jobUid: perhaps(text),
  jobId: perhaps(text),
  jobName: perhaps(text),
  tags: fc.array(text, { maxLength: 4 }),
  origin: fc.constantFrom('scheduled', 'manual', 'backfill', 'enqueued', 'chained'),
  task: text,
  executor: text,
  priority: fc.integer({ min: -2, max: 2 }),
  data: perhaps(text),
  policy: text,
  recovery: fc.constantFrom('rerun', 'abandon', 'resume'),
  scheduledAt: integer,
  createdAt: integer,
  availableAt: integer,
  expiresAt: perhaps(integer),
  status: fc.constantFrom(
    'queued',
    'running',
    'succeeded',
    'failed',
    'cancelled',
    'missed',
    'lost',
    'skipped',
  ),
  attempt: integer,
  failures: integer,
  recoveries: integer,
  owner: perhaps(text),
  held: fc.boolean(),
  slot: perhaps(integer),
  fencingToken: integer,
  startedAt: perhaps(integer),
  finishedAt: perhaps(integer),
  result: perhaps(text),
  error: perhaps(text),
  progress: perhaps(text),
  cancelRequested: fc.boolean(),
  parentRunId: perhaps(text),
  step: perhaps(integer),
  input: perhaps(text),
});

/** Gives a value as a driver reads it: large integers are texts with one, numbers with another, and `bigint` with a third. */
type Driver = (value: Value, isLarge: boolean) => unknown;

/** Holds the ways in which drivers give a row back. */
export const DRIVERS: Readonly<Record<string, Driver>> = {
  pg: (value, isLarge) => (isLarge && value !== null ? String(value) : value),
  mysql2: (value) => value,
  'a driver with bigint': (value) => (typeof value === 'number' ? BigInt(value) : value),
};

/** Writes records as rows, and gives these as a driver does that has got them as JSON. */
export function throughJson<T>(
  table: Table,
  writer: RowWriter<T>,
  records: readonly T[],
  driver: Driver,
): Row[] {
  const columns = columnsOf(table, writer.columns);
  const rows = records.map((record) => writer.write(record));
  return [...toJsonRows(columns, rows)].flatMap((json) =>
    (JSON.parse(json) as Record<string, Value>[]).map((row) =>
      Object.fromEntries(
        columns.map(({ name, type }) => [name, driver(row[name] ?? null, type === 'instant')]),
      ),
    ),
  );
}
