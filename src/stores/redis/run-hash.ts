import { isEndStatus } from '../../job/run-record.js';
import type { RunRecord, RunStatus } from '../../job/run-record.js';
import { runCursor } from '../match-records.js';
import { readShape } from './check-shape.js';
import type { FieldType } from './check-shape.js';
import { HashFields, readNumber } from './hash-fields.js';
import type { RecordReply } from './hash-fields.js';

/** Names what changes in the life of a run, and is a field of its hash. */
type RunState =
  | 'availableAt'
  | 'status'
  | 'attempt'
  | 'failures'
  | 'recoveries'
  | 'owner'
  | 'held'
  | 'slot'
  | 'fencingToken'
  | 'startedAt'
  | 'finishedAt'
  | 'result'
  | 'error'
  | 'progress'
  | 'cancelRequested';

/**
 * Is what of a run never changes: the text of its record. The tags are a text in it: half a character in one of them, which
 * JSON can escape, is more than scripts can read.
 */
type FixedRun = Omit<RunRecord, RunState | 'tags' | 'input'> & {
  readonly tags: string;
  readonly input?: string;
};

/** Gives a new run as scripts take it: what they need to place it with the state that it begins in, and its text. */
export function encodeRun(run: RunRecord): [place: string, text: string] {
  const { id, jobUid, jobId, uniqueKey, origin, scheduledAt, availableAt, expiresAt, attempt } = run;
  const place = [
    id,
    jobUid ?? '',
    jobId ?? '',
    uniqueKey ?? '',
    // Where it stands in lists of runs.
    runCursor(run),
    queueOf(run),
    String(scheduledAt),
    String(availableAt),
    expiresAt === null ? '' : String(expiresAt),
    String(attempt),
    stateOf(run),
    origin === 'scheduled' ? '1' : '',
    ...kinOf(run),
  ];
  return [JSON.stringify(place), JSON.stringify(fixedOf(run))];
}

/** Gives what else scripts take of a run that follows or belongs to another one, or comes as ended; of any other, nothing. */
function kinOf({ parentRunId, step, status, finishedAt }: RunRecord): readonly string[] {
  const isEnded = isEndStatus(status);
  if (parentRunId === null && !isEnded) return [];
  return [
    parentRunId ?? '',
    step === null ? '' : '1',
    isEnded ? status : 'queued',
    isEnded ? String(finishedAt ?? '') : '',
  ];
}

const FIXED = {
  ...{ format: 'number', id: 'string', uniqueKey: 'string?', jobUid: 'string?', jobId: 'string?' },
  ...{ jobName: 'string?', tags: 'string', origin: 'string', task: 'string', executor: 'string' },
  ...{ priority: 'number', data: 'string?', policy: 'string', recovery: 'string', scheduledAt: 'number' },
  ...{ createdAt: 'number', expiresAt: 'number?', parentRunId: 'string?', step: 'number?' },
  // Left out where there is none: most runs have none.
  input: 'string-',
} as const satisfies Record<keyof FixedRun, FieldType>;

/** Is where scripts give the attempt in the state of a run. */
export const ATTEMPT_AT = 2;

/** Reads a run; `null`: there is none. */
export function decodeRun([text, state]: RecordReply): RunRecord | null {
  if (text === undefined || state === undefined) return null;
  const fixed = readShape(text, FIXED) as FixedRun;
  return {
    format: fixed.format,
    id: fixed.id,
    uniqueKey: fixed.uniqueKey,
    jobUid: fixed.jobUid,
    jobId: fixed.jobId,
    jobName: fixed.jobName,
    tags: JSON.parse(fixed.tags) as string[],
    origin: fixed.origin,
    task: fixed.task,
    executor: fixed.executor,
    priority: fixed.priority,
    data: fixed.data,
    policy: fixed.policy,
    recovery: fixed.recovery,
    scheduledAt: fixed.scheduledAt,
    createdAt: fixed.createdAt,
    expiresAt: fixed.expiresAt,
    parentRunId: fixed.parentRunId,
    step: fixed.step,
    input: fixed.input ?? null,
    // In the order in which scripts give them.
    status: state[0] as RunStatus,
    availableAt: readNumber(state[1]) ?? 0,
    attempt: readNumber(state[ATTEMPT_AT]) ?? 0,
    failures: readNumber(state[3]) ?? 0,
    recoveries: readNumber(state[4]) ?? 0,
    owner: state[5] ?? null,
    held: state[6] === '1',
    slot: readNumber(state[7]),
    fencingToken: readNumber(state[8]) ?? 0,
    startedAt: readNumber(state[9]),
    finishedAt: readNumber(state[10]),
    result: state[11] ?? null,
    error: state[12] ?? null,
    progress: state[13] ?? null,
    cancelRequested: state[14] === '1',
  };
}

/** Names the queue that a run waits in, by what a node has to know to run it. */
function queueOf({ executor, format, task, priority }: RunRecord): string {
  return `${executor}\nrun\n${String(format)}\n\n${task}\n${String(priority)}`;
}

function fixedOf(run: RunRecord): FixedRun {
  const { format, id, uniqueKey, jobUid, jobId, jobName, tags, origin, task, executor, priority } = run;
  const { data, policy, recovery, scheduledAt, createdAt, expiresAt, parentRunId, step, input } = run;
  return {
    ...{ format, id, uniqueKey, jobUid, jobId, jobName, origin, task, executor, priority },
    tags: JSON.stringify(tags),
    ...{ data, policy, recovery, scheduledAt, createdAt, expiresAt, parentRunId, step },
    ...(input === null ? {} : { input }),
  };
}

/** Gives the state of a new run, but for what its place says. */
function stateOf(run: RunRecord): readonly string[] {
  const fields = new HashFields();
  fields.number('attempt', run.attempt, 0);
  fields.number('failures', run.failures, 0);
  fields.number('recoveries', run.recoveries, 0);
  fields.text('owner', run.owner);
  fields.number('token', run.fencingToken, 0);
  fields.number('startedAt', run.startedAt);
  fields.number('finishedAt', run.finishedAt);
  fields.text('result', run.result);
  fields.text('error', run.error);
  fields.text('progress', run.progress);
  fields.flag('cancel', run.cancelRequested);
  return fields.list;
}
