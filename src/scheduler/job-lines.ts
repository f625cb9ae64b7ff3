import { InvalidOptionError } from '../errors/input-errors.js';
import {
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkRecord,
  checkString,
  checkStrings,
  checkText,
} from '../internal/check.js';
import { checkId } from '../internal/ids.js';
import { decodeJson, encodeJson } from '../internal/json-codec.js';
import { MAX_PRIORITY, MIN_PRIORITY } from '../job/job-policy.js';
import { NO_COUNTS } from '../job/job-record.js';
import type { JobCounts, JobDefinition, JobRecord, JobState, Tally } from '../job/job-record.js';
import { instantMs } from '../time/instants.js';

/** Is the version of the lines that this version of the library writes and reads. */
const LINE_FORMAT = 1;

const STATES: readonly JobState[] = ['active', 'paused', 'finished', 'parked'];

const DEFINITION_KEYS = [
  'task',
  'executor',
  'trigger',
  'data',
  'policy',
  'name',
  'description',
  'tags',
  'priority',
  'maxInstances',
  'maxRuns',
] as const;

const KEYS: ReadonlySet<string> = new Set([
  'format',
  'id',
  'named',
  ...DEFINITION_KEYS,
  'declaration',
  'revision',
  'owner',
  'state',
  'nextRunTime',
  'lastFireTime',
  'runCount',
  'counts',
  'error',
  'finishedAt',
]);

/** Is what a line says of a job; the rest of its record is made when it is imported. */
export type JobLine = Pick<
  JobRecord,
  | 'id'
  | 'named'
  | 'definition'
  | 'declaration'
  | 'revision'
  | 'owner'
  | 'state'
  | 'nextRunAt'
  | 'lastFireAt'
  | 'runCount'
  | 'counts'
  | 'error'
  | 'finishedAt'
>;

/** Writes a job as one line of JSON, without its end of line. */
export function writeJobLine(job: JobRecord): string {
  const { definition } = job;
  return JSON.stringify({
    format: LINE_FORMAT,
    id: job.id,
    named: job.named,
    task: definition.task,
    executor: definition.executor,
    trigger: JSON.parse(definition.trigger) as unknown,
    data: decodeJson(definition.data),
    policy: JSON.parse(definition.policy) as unknown,
    name: definition.name,
    description: definition.description,
    tags: definition.tags,
    priority: definition.priority,
    maxInstances: definition.maxInstances,
    maxRuns: definition.maxRuns,
    declaration: job.declaration === null ? null : (JSON.parse(job.declaration) as unknown),
    revision: job.revision,
    owner: job.owner,
    state: job.state,
    nextRunTime: toIso(job.nextRunAt),
    lastFireTime: toIso(job.lastFireAt),
    runCount: job.runCount,
    counts: job.counts,
    error: job.error,
    finishedAt: toIso(job.finishedAt),
  });
}

/**
 * Reads a line that {@link writeJobLine} wrote.
 *
 * @param kindOf - tells the kind of a trigger's record, or throws
 * @throws {@link InvalidOptionError} or a `SyntaxError` when it is damaged
 */
export function readJobLine(
  line: string,
  maxDataBytes: number,
  kindOf: (trigger: unknown) => string,
): JobLine {
  const job = checkRecord(JSON.parse(line), 'job', KEYS);
  if (job['format'] !== LINE_FORMAT)
    throw new InvalidOptionError('job.format', String(LINE_FORMAT), job['format']);
  const definition: JobDefinition = {
    task: checkId(job['task'], 'job.task'),
    executor: checkId(job['executor'], 'job.executor'),
    trigger: JSON.stringify(job['trigger']),
    triggerKind: kindOf(job['trigger']),
    data: encodeJson(job['data'], 'job.data', maxDataBytes),
    policy: JSON.stringify(job['policy']),
    name: nullOr(job['name'], (value) => checkId(value, 'job.name')),
    description: nullOr(job['description'], (value) => checkText(value, 'job.description')),
    tags: checkStrings(job['tags'], 'job.tags'),
    priority: checkInteger(job['priority'], 'job.priority', { min: MIN_PRIORITY, max: MAX_PRIORITY }),
    maxInstances: checkInteger(job['maxInstances'], 'job.maxInstances', { min: 1 }),
    maxRuns: nullOr(job['maxRuns'], (value) => checkInteger(value, 'job.maxRuns', { min: 1 })),
  };
  return {
    id: checkId(job['id'], 'job.id'),
    named: checkBoolean(job['named'], 'job.named'),
    definition,
    declaration: nullOr(job['declaration'], (value) => JSON.stringify(value)),
    revision: nullOr(job['revision'], (value) => checkInteger(value, 'job.revision', { min: 0 })),
    owner: nullOr(job['owner'], (value) => checkId(value, 'job.owner')),
    state: checkOneOf(job['state'], 'job.state', STATES),
    nextRunAt: nullOr(job['nextRunTime'], (value) => readInstant(value, 'job.nextRunTime')),
    lastFireAt: nullOr(job['lastFireTime'], (value) => readInstant(value, 'job.lastFireTime')),
    runCount: checkInteger(job['runCount'], 'job.runCount', { min: 0 }),
    counts: readCounts(job['counts']),
    error: nullOr(job['error'], (value) => checkString(value, 'job.error')),
    finishedAt: nullOr(job['finishedAt'], (value) => readInstant(value, 'job.finishedAt')),
  };
}

function readCounts(value: unknown): JobCounts {
  const { missed, skipped, coalesced } = checkRecord(value, 'job.counts', new Set(Object.keys(NO_COUNTS)));
  return {
    missed: readTally(missed, 'job.counts.missed'),
    skipped: readTally(skipped, 'job.counts.skipped'),
    coalesced: readTally(coalesced, 'job.counts.coalesced'),
  };
}

function readTally(value: unknown, field: string): Tally | null {
  if (value === null) return null;
  const { total, exact, last } = checkRecord(value, field, new Set(['total', 'exact', 'last']));
  const span = checkRecord(last, `${field}.last`, new Set(['count', 'exact', 'firstAt', 'lastAt']));
  return {
    total: checkInteger(total, `${field}.total`, { min: 0 }),
    exact: checkBoolean(exact, `${field}.exact`),
    last: {
      count: checkInteger(span['count'], `${field}.last.count`, { min: 0 }),
      exact: checkBoolean(span['exact'], `${field}.last.exact`),
      firstAt: checkInteger(span['firstAt'], `${field}.last.firstAt`, { min: -8.64e15 }),
      lastAt: checkInteger(span['lastAt'], `${field}.last.lastAt`, { min: -8.64e15 }),
    },
  };
}

function readInstant(value: unknown, field: string): number {
  return instantMs(checkString(value, field), field, 'UTC');
}

function nullOr<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null || value === undefined ? null : read(value);
}

function toIso(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}
