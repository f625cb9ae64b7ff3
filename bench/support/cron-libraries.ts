import { cron } from 'escapement';

/** Gives the fire time after an instant. */
export type Next = (after: number) => number | null;

/** Makes a library's way to find fire times of an expression in a zone, from an instant on. */
export type MakeNext = (expression: string, timezone: string, begin: number) => Next;

/** Loads the libraries that read cron expressions, each where it is measured only; ours is the first. */
export const CRON_LIBRARIES: Readonly<Record<string, () => Promise<MakeNext>>> = {
  escapement: async () =>
    Promise.resolve((expression, timezone) => {
      const trigger = cron(expression, { timezone });
      return (after) => trigger.next(after);
    }),
  croner: async () => {
    const { Cron } = await import('croner');
    return (expression, timezone) => {
      const schedule = new Cron(expression, { timezone, paused: true });
      return (after) => timeOf(schedule.nextRun(new Date(after)));
    };
  },
  'cron-parser': async () => {
    const { CronExpressionParser } = await import('cron-parser');
    return (expression, tz, begin) => {
      const schedule = CronExpressionParser.parse(expression, { tz, currentDate: new Date(begin) });
      return (after) => {
        if (after === begin) schedule.reset(new Date(begin));
        return schedule.next().getTime();
      };
    };
  },
  'node-cron': async () => {
    const { createTask } = await import('node-cron');
    return (expression, timezone) => {
      const task = createTask(expression, () => undefined, { timezone });
      return batched(() => task.getNextRuns(100));
    };
  },
  cron: async () => {
    const { CronTime } = await import('cron');
    return (expression, timezone) => {
      const schedule = new CronTime(expression, timezone);
      return (after) => orNone(() => schedule.getNextDateFrom(new Date(after), timezone).toMillis());
    };
  },
  cronosjs: async () => {
    const { CronosExpression } = await import('cronosjs');
    return (expression, timezone) => {
      const schedule = CronosExpression.parse(expression, { timezone });
      return (after) => timeOf(schedule.nextDate(new Date(after)));
    };
  },
  'cron-schedule': async () => {
    const { parseCronExpression } = await import('cron-schedule');
    return (expression) => {
      const schedule = parseCronExpression(expression);
      return (after) => orNone(() => schedule.getNextDate(new Date(after)).getTime());
    };
  },
};

/** Makes single fire times of a library that gives several, from now on only. */
function batched(find: () => readonly Date[]): Next {
  let batch: readonly Date[] = [];
  let index = 0;
  return () => {
    if (index === batch.length) {
      batch = find();
      index = 0;
    }
    return timeOf(batch[index++] ?? null);
  };
}

/** Takes it as the end when a library gives up: two of them do over 29 February 2100, which does not exist. */
function orNone(find: () => number): number | null {
  try {
    return find();
  } catch {
    return null;
  }
}

function timeOf(date: Date | null): number | null {
  return date === null ? null : date.getTime();
}
