import type { Benchmark, Figure, Probe } from '../support/benchmark.js';
import { monotonicMs, payloadsOf, type Payload, type Producer } from '../support/contender.js';
import { isOurs, loadContender, type ContenderName } from './contenders.js';
import { createDatabase, type DatabaseKind } from './database.js';

type Way = 'one after another' | '100 at a time' | 'in bulk';

interface AddParams {
  readonly who: ContenderName;
  readonly database: DatabaseKind;
  readonly way: Way;
  readonly jobs: number;
}

const WAYS: Readonly<Record<Way, (producer: Producer, payloads: readonly Payload[]) => Promise<unknown>>> = {
  async 'one after another'(producer, payloads) {
    for (const payload of payloads) await producer.add(payload);
  },
  async '100 at a time'(producer, payloads) {
    const rest = payloads.values();
    const addRest = async (): Promise<void> => {
      for (const payload of rest) await producer.add(payload);
    };
    await Promise.all(Array.from({ length: 100 }, addRest));
  },
  'in bulk': (producer, payloads) => producer.addAll(payloads),
};

const JOBS: Readonly<Record<Way, number>> = {
  'one after another': 1000,
  '100 at a time': 5000,
  'in bulk': 10_000,
};
const WARM_UP = 100;

/**
 * Measures how many jobs that are due at once a process adds in a second to a database without workers: one after
 * another, from 100 loops at the same time, and in bulk, by one call of `addJobs` (ours and graphile-worker) or `insert`
 * (pg-boss). Ours as one-off jobs with a date, and as enqueued runs, which have no call for many. A hundred are added
 * before.
 */
export const add: Benchmark<AddParams> = {
  name: 'add',
  module: import.meta.url,

  probes({ isQuick }) {
    const ways = ['one after another', '100 at a time', 'in bulk'] as const;
    const singly = ways.filter((way) => way !== 'in bulk');
    const probesOf = (who: ContenderName, database: DatabaseKind, some: readonly Way[]): Probe<AddParams>[] =>
      some.map((way) => {
        const params = { who, database, way, jobs: isQuick ? JOBS[way] / 5 : JOBS[way] };
        return { label: caseOf(params), params, ...(isOurs(who) ? {} : { peer: who }) };
      });
    return [
      ...(['postgres', 'sqlite'] as const).flatMap((database) => [
        ...probesOf('one-off jobs', database, ways),
        ...probesOf('enqueued runs', database, singly),
      ]),
      ...probesOf('graphile-worker', 'postgres', ways),
      ...probesOf('pg-boss', 'postgres', ways),
    ];
  },

  async measure(params) {
    const { who, database: kind, way, jobs } = params;
    const contender = await loadContender(who);
    const database = await createDatabase(kind);
    try {
      await contender.prepare(database.url);
      const producer = await contender.produce(database.url);
      await WAYS[way](producer, payloadsOf(WARM_UP));
      const payloads = payloadsOf(jobs);
      const startedAt = monotonicMs();
      await WAYS[way](producer, payloads);
      const seconds = (monotonicMs() - startedAt) / 1000;
      await producer.close();
      const figure: Figure = { case: caseOf(params), value: jobs / seconds, unit: 'jobs/s' };
      return [figure];
    } finally {
      await database.drop();
    }
  },
};

function caseOf({ who, database, way }: AddParams): string {
  return isOurs(who) ? `${database}, ${who}, ${way}` : `${database}, ${way}`;
}
