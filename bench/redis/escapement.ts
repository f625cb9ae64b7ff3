import {
  AsyncExecutor,
  cron,
  date,
  defineTask,
  interval,
  Scheduler,
  type RunContext,
  type Task,
  type Trigger,
} from 'escapement';
import { RedisJobStore } from 'escapement/stores/redis';
import type { OnRun, Payload, Producer } from '../support/contender.js';
import {
  CONCURRENCY,
  inChunks,
  type OnFire,
  type RedisContender,
  type ScheduleKeeper,
  type Timing,
} from './contender.js';
import { placeOf } from './keyspace.js';

/** Is how many calls are under way at once where many are. */
const AT_ONCE = 500;

/** Makes Escapement a contender: by jobs with a date that is now, or by runs that are queued and have no job. */
export function escapement(kind: 'jobs' | 'enqueued'): RedisContender {
  return {
    async prepare(url) {
      const scheduler = new Scheduler({ stores: { default: storeOf(url) } });
      await scheduler.getJobs();
      await scheduler.shutdown();
    },

    async join(url, onRun) {
      const scheduler = schedulerOf(url, [effect(onRun)]);
      await scheduler.start({ paused: true });
      return { go: () => scheduler.resume(), leave: () => scheduler.shutdown() };
    },

    produce: (url) => Promise.resolve(produce(url, kind)),

    countDone: (redis, { prefix }) => redis.zcard(`{${prefix}}:ended`),
  };
}

/** Makes jobs of Escapement: put by a call each, or all by one. */
export async function escapementSchedules(
  url: string,
  onFire: OnFire,
  way: 'by a call each' | 'in one call',
): Promise<ScheduleKeeper> {
  const task = defineTask('tick', ({ scheduledAt }) => {
    onFire(scheduledAt.getTime());
  });
  const scheduler = schedulerOf(url, [task]);
  await scheduler.start({ paused: true });
  const ifExists = 'update' as const;
  return {
    async upsert(schedules) {
      if (way === 'in one call')
        await scheduler.addJobs(
          schedules.map(({ id, timing }) => ({
            task,
            trigger: triggerOf(timing),
            options: { id, ifExists },
          })),
        );
      else
        await inChunks(schedules, AT_ONCE, ({ id, timing }) =>
          scheduler.addJob(task, triggerOf(timing), { id, ifExists }),
        );
    },
    run: () => scheduler.resume(),
    close: () => scheduler.shutdown(),
  };
}

function triggerOf(timing: Timing): Trigger {
  if (timing.kind === 'cron') return cron(timing.expression);
  const { ms, startAt } = timing;
  return interval(ms, startAt === undefined ? {} : { start: new Date(startAt) });
}

function produce(url: string, kind: 'jobs' | 'enqueued'): Producer {
  const task = effect(() => undefined);
  const scheduler = schedulerOf(url, [task]);
  const now = (): Trigger => date(new Date());
  const add = (data: Payload): Promise<unknown> =>
    kind === 'jobs' ? scheduler.addJob(task, now(), { data }) : scheduler.enqueue(task, data);
  const addAll = async (payloads: readonly Payload[]): Promise<void> => {
    if (kind === 'enqueued') await inChunks(payloads, AT_ONCE, add);
    else await scheduler.addJobs(payloads.map((data) => ({ task, trigger: now(), options: { data } })));
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

function effect(onRun: OnRun): Task<Payload, void> {
  return defineTask('effect', ({ data }: RunContext<Payload>) => {
    onRun(data);
  });
}

function schedulerOf(url: string, tasks: readonly Task[]): Scheduler {
  return new Scheduler({
    stores: { default: storeOf(url) },
    executors: { default: new AsyncExecutor({ concurrency: CONCURRENCY }) },
    tasks,
  });
}

function storeOf(url: string): RedisJobStore {
  return new RedisJobStore(placeOf(url));
}
