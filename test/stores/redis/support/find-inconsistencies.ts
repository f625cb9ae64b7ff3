import type { Redis } from 'ioredis';

type Hash = Readonly<Record<string, string>>;
type Scores = ReadonlyMap<string, string>;

/** Is what of the text of a record is looked at. */
interface Fixed {
  readonly createdAt: number;
  readonly jobId: string | null;
  readonly uniqueKey: string | null;
  readonly parentRunId: string | null;
  readonly step: number | null;
}

const NO_TEXT: Fixed = { createdAt: NaN, jobId: null, uniqueKey: null, parentRunId: null, step: null };

/** Holds the keys that a store has once, with their types. */
const SINGLES: Readonly<Record<string, string>> = {
  meta: 'hash',
  ids: 'hash',
  jobs: 'zset',
  finished: 'zset',
  runs: 'zset',
  ended: 'zset',
  unique: 'hash',
  nodes: 'hash',
  holders: 'set',
  permits: 'hash',
};

/** Holds the families of keys that a store has many of, with their types. */
const FAMILIES: Readonly<Record<string, string>> = {
  job: 'hash',
  run: 'hash',
  'job-record': 'string',
  'run-record': 'string',
  queued: 'set',
  waiting: 'set',
  held: 'hash',
  history: 'zset',
  children: 'zset',
  steps: 'set',
  due: 'zset',
  queue: 'zset',
};

/** Is all that a store has under its prefix, by the names of keys without it. */
interface Keyspace {
  readonly hashes: ReadonlyMap<string, Hash>;
  readonly sets: ReadonlyMap<string, ReadonlySet<string>>;
  readonly scores: ReadonlyMap<string, Scores>;
  readonly texts: ReadonlyMap<string, Fixed>;
}

/**
 * Finds where the keys of a store contradict each other: an entry without its record, a record that is not where the
 * next script looks for it, a run that waits for a slot that is free.
 */
export async function findInconsistencies(redis: Redis, prefix: string): Promise<string[]> {
  const findings: string[] = [];
  const space = await readKeyspace(redis, `{${prefix}}:`, findings);
  const says = (isSo: boolean, finding: string): void => {
    if (!isSo) findings.push(finding);
  };
  checkJobs(space, says);
  checkRuns(space, says);
  checkSteps(space, says);
  checkEntries(space, says);
  checkHeads(space, says);
  checkTexts(space, says);
  checkLines(space, says);
  return findings;
}

type Says = (isSo: boolean, finding: string) => void;

async function readKeyspace(redis: Redis, root: string, findings: string[]): Promise<Keyspace> {
  const hashes = new Map<string, Hash>();
  const sets = new Map<string, ReadonlySet<string>>();
  const scores = new Map<string, Scores>();
  const texts = new Map<string, Fixed>();
  for (const key of await redis.keys(`${root.replaceAll(/[*?[\]\\]/g, '\\$&')}*`)) {
    const name = key.slice(root.length);
    const type = await redis.type(key);
    const family = name.slice(0, name.indexOf(':'));
    const expected = SINGLES[name] ?? (family === 'blocked' ? blockedType(name) : FAMILIES[family]);
    if (type !== expected) findings.push(`${name} is a ${type}, not a ${String(expected)}`);
    else if (type === 'string') texts.set(name, JSON.parse((await redis.get(key)) ?? '') as Fixed);
    else if (type === 'hash') hashes.set(name, await redis.hgetall(key));
    else if (type === 'set') sets.set(name, new Set(await redis.smembers(key)));
    else {
      const flat = await redis.zrange(key, '0', '-1', 'WITHSCORES');
      scores.set(
        name,
        new Map(flat.flatMap((member, at) => (at % 2 === 0 ? [[member, flat[at + 1] ?? '']] : []))),
      );
    }
  }
  return { hashes, sets, scores, texts };
}

function blockedType(name: string): string {
  return name.includes('\n') ? 'zset' : 'set';
}

function checkJobs({ hashes, scores }: Keyspace, says: Says): void {
  for (const [name, job] of hashes) {
    if (!name.startsWith('job:')) continue;
    const uid = name.slice('job:'.length);
    const id = job['id'] ?? '';
    says(id === uid || hashes.get('ids')?.[id] === uid, `job ${uid} is not the one of its id`);
    says(scores.get('jobs')?.has(id) === true, `job ${id} is on no list`);
    const queue = scores.get(`queue:${job['queue']}`);
    says(
      (queue?.get(uid) ?? '') === (job['wakeAt'] ?? ''),
      `job ${id} wakes at ${job['wakeAt']}, not ${queue?.get(uid)}`,
    );
    const isFinished = job['state'] === 'finished';
    says(scores.get('finished')?.get(uid) === (isFinished ? job['finishedAt'] : undefined), `finished ${id}`);
  }
}

function checkRuns({ hashes, sets, scores, texts }: Keyspace, says: Says): void {
  for (const [name, run] of hashes) {
    if (!name.startsWith('run:')) continue;
    const id = name.slice('run:'.length);
    const { status, queue: queueName = '', owner } = run;
    const { createdAt, jobId, uniqueKey } = texts.get(`run-record:${id}`) ?? NO_TEXT;
    const place = `${String(createdAt).padStart(16, '0')}-${id}`;
    const uid = run['job'] ?? '';
    const isHeld = run['held'] === '1';
    const isQueued = status === 'queued' && !isHeld;
    const isAwaiting = status === 'running' && !isHeld;
    const hasJob = hashes.has(`job:${uid}`);
    says(scores.get('runs')?.has(place) === true, `run ${id} is on no list`);
    if (jobId !== null && hashes.get('ids')?.[jobId] === uid)
      says(scores.get(`history:${jobId}`)?.has(place) === true, `no history of ${id}`);
    if (uniqueKey !== null) says(hashes.get('unique')?.[uniqueKey] === id, `key of run ${id}`);
    const queue = scores.get(`queue:${queueName}`);
    const line = scores.get(`blocked:${uid}\n${queueName.slice(0, queueName.lastIndexOf('\n'))}`);
    const places = Number(queue?.has(id) === true) + Number(line?.has(id) === true);
    says(places === Number(isQueued), `run ${id}, ${status}, held ${isHeld}, waits in ${places} places`);
    if (queue?.has(id) === true)
      says(queue.get(id) === run['availableAt'], `run ${id} wakes at another time`);
    if (hasJob) says(queuedOf(sets, uid).includes(id) === isQueued, `run ${id} is not queued`);
    says(hashes.get(`held:${owner}`)?.[id] === (isHeld ? uid : undefined), `run ${id}, held: ${isHeld}`);
    if (isHeld) says(sets.get('holders')?.has(owner ?? '') === true, `${owner} is no holder`);
    const hasSlot = isHeld || isAwaiting;
    if (hasJob && hasSlot) says(slotsOf(hashes, uid).get(run['slot'] ?? '') === id, `slot of run ${id}`);
    if (!hasSlot) says((run['slot'] ?? '') === '', `run ${id} has a slot and does not hold it`);
    const isEnded = isOver(run) && !isHeld && !isKept(hashes, run);
    says(scores.get('ended')?.get(id) === (isEnded ? run['finishedAt'] : undefined), `end of run ${id}`);
  }
}

function isOver({ status }: Hash): boolean {
  return status !== 'queued' && status !== 'running';
}

/** Tells whether a run that is over is a step of one that is not, or is still held. */
function isKept(hashes: Keyspace['hashes'], run: Hash): boolean {
  const parent = hashes.get(`run:${run['parent']}`);
  return parent !== undefined && !(isOver(parent) && parent['held'] !== '1');
}

/** Checks that children are where they are looked for, and that whatever awaits steps has some. */
function checkSteps({ hashes, sets, scores, texts }: Keyspace, says: Says): void {
  for (const [name, run] of hashes) {
    if (!name.startsWith('run:')) continue;
    const id = name.slice('run:'.length);
    const { createdAt, jobId, parentRunId, step } = texts.get(`run-record:${id}`) ?? NO_TEXT;
    const place = `${String(createdAt).padStart(16, '0')}-${id}`;
    const isStep = step !== null && parentRunId !== null;
    says((run['parent'] ?? null) === (isStep ? parentRunId : null), `parent of run ${id}`);
    if (parentRunId !== null) says(scores.get(`children:${parentRunId}`)?.has(place) === true, `child ${id}`);
    if (isStep) says(isOver(run) || sets.get(`steps:${parentRunId}`)?.has(id) === true, `open step ${id}`);
    if (isStep && jobId !== null && hashes.get('ids')?.[jobId] !== undefined)
      says(scores.get(`history:${jobId}`)?.has(place) === true, `no history of step ${id}`);
    if (run['status'] === 'running' && run['held'] !== '1')
      says((sets.get(`steps:${id}`)?.size ?? 0) > 0, `run ${id} awaits nothing`);
    if (isKept(hashes, run) && isOver(run) && run['held'] !== '1')
      says(
        hashes.get(`run:${run['parent']}`)?.['keeps'] === '1',
        `run ${run['parent']} keeps ${id} unawares`,
      );
  }
  for (const [name, members] of sets) {
    if (!name.startsWith('steps:')) continue;
    for (const id of members) {
      const run = hashes.get(`run:${id}`);
      says(run !== undefined && !isOver(run), `${name} has ${id}, which is not open`);
      says(run?.['parent'] === name.slice('steps:'.length), `${name} has ${id} of another`);
    }
  }
}

/** Gives the queued runs of a job that nobody holds. */
function queuedOf(sets: Keyspace['sets'], uid: string): readonly string[] {
  return [...(sets.get(`queued:${uid}`) ?? []), ...(sets.get(`waiting:${uid}`) ?? [])];
}

/** Gives the runs that hold the slots of a job, by slot. */
function slotsOf(hashes: Keyspace['hashes'], uid: string): ReadonlyMap<string, string> {
  const lines = (hashes.get(`job:${uid}`)?.['slots'] ?? '').split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}

/** Checks that whatever names a record names one that is there. */
function checkEntries({ hashes, sets, scores }: Keyspace, says: Says): void {
  const isRun = (id: string): boolean => hashes.has(`run:${id}`);
  const isJob = (uid: string): boolean => hashes.has(`job:${uid}`);
  const ids = hashes.get('ids') ?? {};
  for (const [id, uid] of Object.entries(ids)) says(isJob(uid), `id ${id} has no job`);
  for (const id of scores.get('jobs')?.keys() ?? []) says(isJob(ids[id] ?? id), `listed job ${id} is gone`);
  for (const uid of scores.get('finished')?.keys() ?? []) says(isJob(uid), `finished job ${uid} is gone`);
  for (const place of scores.get('runs')?.keys() ?? []) says(isRun(place.slice(17)), `listed run ${place}`);
  for (const id of scores.get('ended')?.keys() ?? []) says(isRun(id), `ended run ${id} is gone`);
  for (const id of Object.values(hashes.get('unique') ?? {})) says(isRun(id), `unique run ${id} is gone`);
  for (const [name, entries] of hashes) {
    if (name.startsWith('held:')) for (const id of Object.keys(entries)) says(isRun(id), `${name} ${id}`);
    if (name.startsWith('job:')) {
      const uid = name.slice('job:'.length);
      for (const id of slotsOf(hashes, uid).values())
        says(
          hashes.get(`run:${id}`)?.['held'] === '1' || hashes.get(`run:${id}`)?.['status'] === 'running',
          `slot of ${name} ${id}`,
        );
      const hasLines = entries['lines'] === '1';
      says(sets.has(`blocked:${uid}`) === hasLines, `${name} has lines: ${hasLines}`);
    }
  }
  for (const [name, members] of sets) {
    if (/^(?:queued|waiting):/.test(name)) {
      says(isJob(name.slice(name.indexOf(':') + 1)), `${name} has no job`);
      for (const id of members)
        says(hashes.get(`run:${id}`)?.['status'] === 'queued', `${name} has ${id}, which is not queued`);
    }
    if (name.startsWith('blocked:')) says(isJob(name.slice('blocked:'.length)), `${name} has no job`);
  }
  for (const [name, members] of scores) {
    if (/^(?:history|children):/.test(name))
      for (const place of members.keys()) says(isRun(place.slice(17)), `${name} ${place}`);
    if (name.startsWith('queue:')) {
      const isThere = name.includes('\nrun\n') ? isRun : isJob;
      for (const member of members.keys()) says(isThere(member), `${name} has ${member}, which is gone`);
    }
  }
}

/** Checks that each record has its text, and each text its record. */
function checkTexts({ hashes, texts }: Keyspace, says: Says): void {
  for (const name of hashes.keys()) {
    if (/^(?:job|run):/.test(name)) says(texts.has(name.replace(':', '-record:')), `${name} has no text`);
  }
  for (const name of texts.keys()) says(hashes.has(name.replace('-record:', ':')), `${name} is of nothing`);
}

function checkHeads({ scores }: Keyspace, says: Says): void {
  const heads = new Map<string, string>();
  for (const [name, queue] of scores) {
    if (!name.startsWith('queue:')) continue;
    const queueName = name.slice('queue:'.length);
    const executor = queueName.slice(0, queueName.indexOf('\n'));
    const [first = ''] = queue.values();
    heads.set(queueName, first);
    says(scores.get(`due:${executor}`)?.get(queueName) === first, `the head of ${name} is not ${first}`);
  }
  for (const [name, due] of scores) {
    if (!name.startsWith('due:')) continue;
    for (const queue of due.keys()) says(heads.has(queue), `${name} has ${queue}, which is empty`);
  }
}

/** Checks that nothing waits for a slot that is free. */
function checkLines({ hashes, sets, scores }: Keyspace, says: Says): void {
  for (const [name, lines] of sets) {
    if (!name.startsWith('blocked:')) continue;
    const uid = name.slice('blocked:'.length);
    const held = slotsOf(hashes, uid).size;
    const free = Number(hashes.get(`job:${uid}`)?.['maxInstances']) - held;
    for (const line of lines) {
      const waiting = scores.get(`${name}\n${line}`)?.size ?? 0;
      says(waiting > 0, `${name} has the line ${line}, which is empty`);
      const isLetOut = queuedOf(sets, uid).some(
        (id) => !scores.get(`${name}\n${line}`)?.has(id) && hashes.get(`run:${id}`)?.['held'] !== '1',
      );
      says(free <= 0 || isLetOut, `${waiting} runs of ${uid} wait for a slot, and ${free} are free`);
    }
  }
  for (const name of scores.keys()) {
    const [key = '', ...line] = name.split('\n');
    if (key.startsWith('blocked:'))
      says(sets.get(key)?.has(line.join('\n')) === true, `${name} is a line that nobody knows of`);
  }
}
