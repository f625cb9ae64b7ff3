import { AsyncExecutor, date, defineTask, Scheduler, type RunContext, type Task } from 'escapement';
import { SqlJobStore } from 'escapement/stores/sql';
import type { OnRun, Payload, Producer } from '../support/contender.js';
import type { SqlContender } from './contender.js';
import { kindOf } from './database.js';

/** Says how Escapement is used. */
export interface EscapementSetup {
  /** Adds jobs with a date that is now, or queues runs that have no job. */
  readonly kind: 'jobs' | 'enqueued';
  /** Is the executor's concurrency. @defaultValue as it comes */
  readonly concurrency?: number;
}

/** Is how many calls of `enqueue` are under way at once when many runs are queued. */
const AT_ONCE = 500;

/** Makes Escapement a contender. */
export function escapement({ kind, concurrency }: EscapementSetup): SqlContender {
  return {
    async prepare(url) {
      const scheduler = new Scheduler({ stores: { default: storeOf(url) } });
      await scheduler.getJobs();
      await scheduler.shutdown();
    },

    async join(url, onRun) {
      const scheduler = new Scheduler({
        stores: { default: storeOf(url) },
        executors: { default: new AsyncExecutor(concurrency === undefined ? {} : { concurrency }) },
        tasks: [effect(onRun)],
      });
      await scheduler.start({ paused: true });
      return { go: () => scheduler.resume(), leave: () => scheduler.shutdown() };
    },

    produce: (url) => Promise.resolve(produce(url, kind)),
    countDone: () => `select count(*) as done from escapement_runs where status = 'succeeded'`,
  };
}

/** Makes a store on the database that a URL leads to. */
export function storeOf(url: string): SqlJobStore {
  switch (kindOf(url)) {
    case 'postgres':
      return SqlJobStore.postgres(url);
    case 'mysql':
      return SqlJobStore.mysql(url);
    case 'sqlite':
      return SqlJobStore.sqlite(url);
  }
}

function effect(onRun: OnRun): Task<Payload, void> {
  return defineTask('effect', ({ data }: RunContext<Payload>) => {
    onRun(data);
  });
}

function produce(url: string, kind: 'jobs' | 'enqueued'): Producer {
  const task = effect(() => undefined);
  const scheduler = new Scheduler({ stores: { default: storeOf(url) }, tasks: [task] });
  const now = (): ReturnType<typeof date> => date(new Date());
  const add = (data: Payload): Promise<unknown> =>
    kind === 'jobs' ? scheduler.addJob(task, now(), { data }) : scheduler.enqueue(task, data);
  const addAll = async (payloads: readonly Payload[]): Promise<void> => {
    if (kind === 'jobs') {
      await scheduler.addJobs(payloads.map((data) => ({ task, trigger: now(), options: { data } })));
      return;
    }
    for (let sent = 0; sent < payloads.length; sent += AT_ONCE)
      await Promise.all(payloads.slice(sent, sent + AT_ONCE).map(add));
  };
  return {
    add,
    addAll,
    async fill(payloads) {
      await addAll(payloads);
      return () => Promise.resolve();
    },
    close: () => scheduler.shutdown(),
  };
}
