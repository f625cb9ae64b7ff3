import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from 'escapement';
import { monotonicMs } from '../history/monotonic.js';

/** Is what a handler does between the start and the end that it writes down. */
type Behaviour = (context: RunContext) => unknown;

/** Is what a step gives to the next: which attempt of which run it was. */
interface StepResult {
  readonly runId: string;
  readonly attempt: number;
}

const msOf = ({ data }: RunContext): number => (data as { ms?: number } | undefined)?.ms ?? 0;

async function step(context: RunContext): Promise<StepResult> {
  await sleep(msOf(context), undefined, { signal: context.signal });
  return { runId: context.runId, attempt: context.attempt };
}

async function falter(context: RunContext): Promise<StepResult> {
  const result = await step(context);
  if (context.attempt === 1) throw new Error('The first attempt fails');
  return result;
}

async function broken(context: RunContext): Promise<never> {
  await step(context);
  throw new Error('Every attempt fails');
}

/** Holds what tasks of the scenarios do, by their names. */
export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  noop: () => {},
  /** Takes its time, and stops when it is told to. */
  sleep: (context) => sleep(msOf(context), undefined, { signal: context.signal }),
  /** Does so in its first attempt; its later ones take no time. */
  first: (context) => {
    const ms = context.attempt === 1 ? msOf(context) : 0;
    return sleep(ms, undefined, { signal: context.signal });
  },
  /** Takes its time whatever it is told. */
  deaf: (context) => sleep(msOf(context)),
  /** Ends at an instant that is given in the data, whatever it is told. */
  until: ({ data }) => sleep(Math.max(0, (data as { at: number }).at - Date.now())),
  /** Lets nothing else in its process go on meanwhile, heartbeats included; its later attempts take no time. */
  block: (context) => {
    const endAt = monotonicMs() + (context.attempt === 1 ? msOf(context) : 0);
    while (monotonicMs() < endAt);
  },
  /** Takes its whole process with it. */
  die: () => {
    process.kill(process.pid, 'SIGKILL');
  },
  /** Are steps: they take their time, and give a result that tells them apart. */
  gather: step,
  refine: step,
  deliver: step,
  alert: step,
  rescue: step,
  falter,
  break: broken,
  /** Fails, and has a fallback. */
  brittle: broken,
  'thread-step': step,
  'thread-falter': falter,
  'queue-step': step,
  'queue-falter': falter,
  'queue-break': broken,
};
