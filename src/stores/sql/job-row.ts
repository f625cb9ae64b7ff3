import { NO_COUNTS } from '../../job/job-record.js';
import type {
  JobCounts,
  JobDefinition,
  JobProgress,
  JobRecord,
  JobState,
  Tally,
} from '../../job/job-record.js';
import {
  parse,
  readFlag,
  readInteger,
  readNullableInteger,
  readNullableText,
  readText,
  readTexts,
  writeFlag,
  writeTexts,
} from './row-values.js';
import type { Row } from './row-values.js';
import { rowWriter } from './row-writer.js';
import type { Field, RowWriter } from './row-writer.js';

/** Is what the cycle moves of a job, with what names it. */
export type MovedJob = JobProgress & Pick<JobRecord, 'uid' | 'lastToken'>;

/** Is the last fencing token that was drawn for a job. */
export type TokenOfJob = Pick<JobRecord, 'uid' | 'lastToken'>;

/** Is what a job's commit depends on; the rest of the row stays where it is. */
export type AdvancingJob = Pick<
  JobRecord,
  'uid' | 'fence' | 'state' | 'lastFireAt' | 'runCount' | 'counts' | 'lastToken'
> & {
  /** Holds the bounds of its runs. */
  readonly definition: Pick<JobDefinition, 'maxInstances' | 'maxRuns'>;
};

/** Names the columns of an {@link AdvancingJob}. */
export const ADVANCING_COLUMNS: readonly string[] = [
  'uid',
  'fence',
  'state',
  'last_fire_at',
  'run_count',
  'counts',
  'last_token',
  'max_instances',
  'max_runs',
];

const KEY = ['uid', ({ uid }: { readonly uid: string }) => uid] as const;

const PROGRESS_FIELDS: readonly Field<MovedJob>[] = [
  ['fence', (job) => job.fence],
  ['next_run_at', (job) => job.nextRunAt],
  ['due_at', (job) => job.dueAt],
  ['wake_at', (job) => job.wakeAt],
  ['last_fire_at', (job) => job.lastFireAt],
  ['run_count', (job) => job.runCount],
  ['counts', (job) => writeCounts(job.counts)],
  ['last_token', (job) => job.lastToken],
];

const EDITED_FIELDS: readonly Field<JobRecord>[] = [
  ...PROGRESS_FIELDS,
  ['id', (job) => job.id],
  ['format', (job) => job.format],
  ['named', (job) => writeFlag(job.named)],
  ['version', (job) => job.version],
  ['task', (job) => job.definition.task],
  ['executor', (job) => job.definition.executor],
  ['trigger_json', (job) => job.definition.trigger],
  ['trigger_kind', (job) => job.definition.triggerKind],
  ['data', (job) => job.definition.data],
  ['policy', (job) => job.definition.policy],
  ['name', (job) => job.definition.name],
  ['description', (job) => job.definition.description],
  ['tags', (job) => writeTexts(job.definition.tags)],
  ['priority', (job) => job.definition.priority],
  ['max_instances', (job) => job.definition.maxInstances],
  ['max_runs', (job) => job.definition.maxRuns],
  ['declaration', (job) => job.declaration],
  ['revision', (job) => job.revision],
  ['owner', (job) => job.owner],
  ['state', (job) => job.state],
  ['error', (job) => job.error],
  ['created_at', (job) => job.createdAt],
  ['updated_at', (job) => job.updatedAt],
  ['finished_at', (job) => job.finishedAt],
];

/** Writes jobs whole. */
export const wholeJob: RowWriter<JobRecord> = rowWriter<JobRecord>(KEY, EDITED_FIELDS);

/** Writes what the cycle moves of jobs. */
export const jobProgress: RowWriter<MovedJob> = rowWriter<MovedJob>(KEY, PROGRESS_FIELDS);

/** Writes the last fencing tokens of jobs. */
export const jobToken: RowWriter<TokenOfJob> = rowWriter<TokenOfJob>(KEY, [
  ['last_token', (job) => job.lastToken],
]);

/** Reads the part of a job's row that its commit depends on. */
export function decodeAdvancingJob(row: Row): AdvancingJob {
  return {
    uid: readText(row['uid']),
    fence: readInteger(row['fence']),
    state: readText(row['state']) as JobState,
    lastFireAt: readNullableInteger(row['last_fire_at']),
    runCount: readInteger(row['run_count']),
    counts: readCounts(row['counts']),
    lastToken: readInteger(row['last_token']),
    definition: {
      maxInstances: readInteger(row['max_instances']),
      maxRuns: readNullableInteger(row['max_runs']),
    },
  };
}

/** Reads the part of a job's row that says how many slots it has. */
export function decodeSlottedJob(row: Row): Pick<AdvancingJob, 'uid'> & {
  readonly definition: Pick<JobDefinition, 'maxInstances'>;
} {
  return { uid: readText(row['uid']), definition: { maxInstances: readInteger(row['max_instances']) } };
}

/** Reads the row of a job. */
export function decodeJob(row: Row): JobRecord {
  return {
    format: readInteger(row['format']),
    uid: readText(row['uid']),
    id: readText(row['id']),
    named: readFlag(row['named']),
    version: readInteger(row['version']),
    fence: readInteger(row['fence']),
    definition: {
      task: readText(row['task']),
      executor: readText(row['executor']),
      trigger: readText(row['trigger_json']),
      triggerKind: readText(row['trigger_kind']),
      data: readNullableText(row['data']),
      policy: readText(row['policy']),
      name: readNullableText(row['name']),
      description: readNullableText(row['description']),
      tags: readTexts(row['tags']),
      priority: readInteger(row['priority']),
      maxInstances: readInteger(row['max_instances']),
      maxRuns: readNullableInteger(row['max_runs']),
    },
    declaration: readNullableText(row['declaration']),
    revision: readNullableInteger(row['revision']),
    owner: readNullableText(row['owner']),
    state: readText(row['state']) as JobState,
    nextRunAt: readNullableInteger(row['next_run_at']),
    dueAt: readNullableInteger(row['due_at']),
    wakeAt: readNullableInteger(row['wake_at']),
    lastFireAt: readNullableInteger(row['last_fire_at']),
    runCount: readInteger(row['run_count']),
    counts: readCounts(row['counts']),
    lastToken: readInteger(row['last_token']),
    error: readNullableText(row['error']),
    createdAt: readInteger(row['created_at']),
    updatedAt: readInteger(row['updated_at']),
    finishedAt: readNullableInteger(row['finished_at']),
  };
}

const NO_COUNTS_TEXT = JSON.stringify(NO_COUNTS);

function writeCounts(counts: JobCounts): string {
  return counts === NO_COUNTS ? NO_COUNTS_TEXT : JSON.stringify(counts);
}

/** Reads counts; those that somebody damaged begin anew: they must not keep the job, or others, from being read. */
function readCounts(text: unknown): JobCounts {
  if (text === NO_COUNTS_TEXT) return NO_COUNTS;
  const counts = parse(text) as Partial<Record<keyof JobCounts, unknown>> | null;
  if (typeof counts !== 'object' || counts === null) return NO_COUNTS;
  const { missed, skipped, coalesced } = counts;
  return { missed: readTally(missed), skipped: readTally(skipped), coalesced: readTally(coalesced) };
}

function readTally(value: unknown): Tally | null {
  const tally = value as Partial<Tally> | null | undefined;
  const isSound = typeof tally?.total === 'number' && typeof tally.last?.count === 'number';
  return isSound ? (tally as Tally) : null;
}
