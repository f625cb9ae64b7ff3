import { cron, defineTask, interval, type AddJobRequest, type Trigger } from 'escapement';

/** Names the triggers with which idle jobs are measured. */
export type TriggerName = 'interval' | 'cron';

/** Is the task of all measured jobs that do nothing. */
export const noop = defineTask('noop', () => undefined);

/** Gives the expression of the nth job: the 1,440 minutes of the day in turn, as jobs of different users would have. */
export function expressionOf(index: number): string {
  return `${index % 60} ${Math.floor(index / 60) % 24} * * *`;
}

/** Makes the trigger of the nth job, as a caller would: anew for each. */
export function triggerOf(name: TriggerName, index: number): Trigger {
  return name === 'cron' ? cron(expressionOf(index)) : interval({ minutes: 60 + (index % 60) });
}

/** Makes the requests for a number of jobs that do not fire while they are measured. */
export function requestsOf(name: TriggerName, count: number): AddJobRequest[] {
  return Array.from({ length: count }, (_, index) => ({ task: noop, trigger: triggerOf(name, index) }));
}
