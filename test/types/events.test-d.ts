import { expectTypeOf, test } from 'vitest';
import { Scheduler, cron, date, interval, parseTrigger } from 'escapement';
import type {
  FireTimesEvent,
  Job,
  Logger,
  Page,
  Run,
  SchedulerEventName,
  SchedulerState,
  Trigger,
  TriggerInput,
} from 'escapement';
import { EventRecorder, ManualClock } from 'escapement/testing';

const scheduler = new Scheduler({ clock: new ManualClock() });

test('listeners get the payload of their event', () => {
  scheduler.on('run:succeeded', ({ run, result }) => {
    expectTypeOf(run).toEqualTypeOf<Run>();
    expectTypeOf(result).toBeUnknown();
  });
  scheduler.once('run:missed', (event) => expectTypeOf(event).toEqualTypeOf<FireTimesEvent>());
  scheduler.on('job:parked', ({ job, error }) => {
    expectTypeOf(job).toEqualTypeOf<Job>();
    expectTypeOf(error).toBeUnknown();
  });
  // @ts-expect-error there is no such event
  scheduler.on('run:finished', () => undefined);
  // @ts-expect-error it carries a run, no job
  scheduler.on('run:started', ({ job }) => job as unknown);
  expectTypeOf(scheduler.on('run:started', () => undefined)).toEqualTypeOf<Scheduler>();
});

test('event names follow one pattern', () => {
  expectTypeOf<SchedulerEventName>().toExtend<`${'scheduler' | 'job' | 'run' | 'store'}:${string}`>();
});

test('a recorder types its events', async () => {
  const events = new EventRecorder(scheduler);
  expectTypeOf(events.of('run:progress')[0]?.fraction).toEqualTypeOf<number | undefined>();
  expectTypeOf((await events.next('run:succeeded')).run).toEqualTypeOf<Run>();
});

test('state, jobs and runs are typed and read-only', async () => {
  expectTypeOf(scheduler.state).toEqualTypeOf<SchedulerState>();
  expectTypeOf(scheduler.getJobs()).toEqualTypeOf<Promise<Page<Job>>>();
  expectTypeOf(scheduler.getRuns()).toEqualTypeOf<Promise<Page<Run>>>();
  expectTypeOf(scheduler.getJob('a')).toEqualTypeOf<Promise<Job | null>>();
  const job = await scheduler.getJob('a');
  expectTypeOf(job?.nextRunTime).toEqualTypeOf<Date | null | undefined>();
  // @ts-expect-error a snapshot does not change
  if (job !== null) job.description = 'new';
});

test('triggers and their shorthands are trigger inputs', () => {
  expectTypeOf(cron('* * * * *')).toExtend<Trigger>();
  expectTypeOf(interval(5)).toExtend<Trigger>();
  expectTypeOf(date(new Date(0))).toExtend<Trigger>();
  expectTypeOf(parseTrigger('@daily')).toEqualTypeOf<Trigger>();
  expectTypeOf<{ cron: string; timezone: string }>().toExtend<TriggerInput>();
  expectTypeOf<number>().not.toExtend<TriggerInput>();
});

test('the console and pino fit as loggers', () => {
  expectTypeOf<{
    debug(fields: object, message?: string): void;
    info(fields: object, message?: string): void;
    warn(fields: object, message?: string): void;
    error(fields: object, message?: string): void;
  }>().toExtend<Logger>();
});
