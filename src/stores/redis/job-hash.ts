import { idleWakeAt, NO_COUNTS } from '../../job/job-record.js';
import type { JobCounts, JobDefinition, JobRecord, JobState } from '../../job/job-record.js';
import { checkShape, readShape } from './check-shape.js';
import type { FieldType } from './check-shape.js';
import { HashFields, readNumber } from './hash-fields.js';
import type { RecordReply, StateField } from './hash-fields.js';

/** Is what of a job only edits change: the text of its record. */
type EditedJob = Pick<
  JobRecord,
  | 'format'
  | 'uid'
  | 'id'
  | 'named'
  | 'version'
  | 'definition'
  | 'declaration'
  | 'revision'
  | 'owner'
  | 'createdAt'
  | 'updatedAt'
>;

/** Names the fields that a job may be without. */
const OPTIONAL = [
  'named',
  'maxRuns',
  'nextRunAt',
  'dueAt',
  'wakeAt',
  'lastFireAt',
  'counts',
  'error',
  'finishedAt',
] as const;

/** Is a job as scripts take it: what they need to place it with the fields of its hash, and the text of its record. */
type EncodedJob = [place: string, text: string];

/** Gives a job as scripts take it, to be inserted; its last token is raised to what the store needs. */
export function encodeNewJob(job: JobRecord): EncodedJob {
  return encode('1', job, fieldsOf(job));
}

/** Gives an edited job as scripts take it: its last token, which claims of its runs move, is left as it is. */
export function encodeEditedJob(job: JobRecord): EncodedJob {
  const fields = fieldsOf(job);
  const set = new Set(fields.filter((_, at) => at % 2 === 0));
  // What it has no longer.
  const emptied = OPTIONAL.filter((name) => !set.has(name)).flatMap((name) => [name, '']);
  return encode('0', job, [...fields, ...emptied]);
}

const EDITED = {
  ...{ format: 'number', uid: 'string', id: 'string', named: 'boolean', version: 'number' },
  ...{
    declaration: 'string?',
    revision: 'number?',
    owner: 'string?',
    createdAt: 'number',
    updatedAt: 'number',
  },
} as const satisfies Record<Exclude<keyof EditedJob, 'definition'>, FieldType>;

const DEFINITION = {
  ...{ task: 'string', executor: 'string', trigger: 'string', triggerKind: 'string', data: 'string?' },
  ...{ policy: 'string', name: 'string?', description: 'string?', tags: 'strings', priority: 'number' },
  ...{ maxInstances: 'number', maxRuns: 'number?' },
} as const satisfies Record<keyof JobDefinition, FieldType>;

/** Is where scripts give the fence in the state of a job. */
export const FENCE_AT = 1;

/** Reads a job; `null`: there is none. */
export function decodeJob([text, state]: RecordReply): JobRecord | null {
  if (text === undefined || state === undefined) return null;
  const edited = readShape(text, EDITED) as EditedJob;
  checkShape(edited.definition, DEFINITION);
  return {
    format: edited.format,
    uid: edited.uid,
    id: edited.id,
    named: edited.named,
    version: edited.version,
    definition: edited.definition,
    declaration: edited.declaration,
    revision: edited.revision,
    owner: edited.owner,
    createdAt: edited.createdAt,
    updatedAt: edited.updatedAt,
    // In the order in which scripts give them.
    state: state[0] as JobState,
    fence: readNumber(state[FENCE_AT]) ?? 0,
    nextRunAt: readNumber(state[2]),
    dueAt: readNumber(state[3]),
    wakeAt: readNumber(state[4]),
    lastFireAt: readNumber(state[5]),
    runCount: readNumber(state[6]) ?? 0,
    counts: readCounts(state[7]),
    lastToken: readNumber(state[8]) ?? 0,
    error: readError(state[9]),
    finishedAt: readNumber(state[10]),
  };
}

function encode(isNew: '0' | '1', job: JobRecord, fields: readonly string[]): EncodedJob {
  const { uid, id, format, definition, lastToken, state, finishedAt } = job;
  const wakeAt = idleWakeAt(job);
  const place = [
    isNew,
    uid,
    id,
    queueOf(format, definition),
    wakeAt === null ? '' : String(wakeAt),
    fields,
    String(lastToken),
    state === 'finished' && finishedAt !== null ? String(finishedAt) : '',
  ];
  return [JSON.stringify(place), JSON.stringify(editedOf(job))];
}

/** Names the queue that a job waits in, by what a node has to know to plan it. */
function queueOf(format: number, { executor, task, triggerKind, priority }: JobDefinition): string {
  return `${executor}\njob\n${String(format)}\n${triggerKind}\n${task}\n${String(priority)}`;
}

function editedOf(job: JobRecord): EditedJob {
  const { format, uid, id, named, version, definition, declaration, revision, owner } = job;
  const { createdAt, updatedAt } = job;
  return { format, uid, id, named, version, definition, declaration, revision, owner, createdAt, updatedAt };
}

function fieldsOf(job: JobRecord): readonly string[] {
  const { format, id, named, definition } = job;
  const fields = new HashFields();
  fields.text('id', id);
  fields.flag('named', named);
  fields.text('queue', queueOf(format, definition));
  fields.number('maxInstances', definition.maxInstances);
  fields.number('maxRuns', definition.maxRuns);
  fields.number('fence', job.fence);
  fields.text('state', job.state);
  fields.number('nextRunAt', job.nextRunAt);
  fields.number('dueAt', job.dueAt);
  fields.number('wakeAt', idleWakeAt(job));
  fields.number('lastFireAt', job.lastFireAt);
  fields.number('runCount', job.runCount);
  fields.text('counts', isCounted(job.counts) ? JSON.stringify(job.counts) : null);
  fields.text('error', job.error === null ? null : JSON.stringify(job.error));
  fields.number('finishedAt', job.finishedAt);
  return fields.list;
}

function isCounted({ missed, skipped, coalesced }: JobCounts): boolean {
  return missed !== null || skipped !== null || coalesced !== null;
}

function readCounts(field: StateField | undefined): JobCounts {
  if (field === undefined || field === null || field === '') return NO_COUNTS;
  return { ...NO_COUNTS, ...(JSON.parse(field) as Partial<JobCounts>) };
}

function readError(field: StateField | undefined): string | null {
  return field === undefined || field === null || field === '' ? null : (JSON.parse(field) as string);
}
