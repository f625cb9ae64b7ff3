import { all, chain, defineTask } from 'escapement';
import type { AnyTask, TaskOptions } from 'escapement';
import type { HistoryWriter } from '../history/history-writer.js';
import { BEHAVIOURS } from './behaviours.js';
import { CHAIN_SHAPES } from './chain-shapes.js';
import { historicHandler } from './historic-handler.js';

const THREAD_HANDLERS = new URL('./thread-handlers.js', import.meta.url);
const THREADED: Readonly<Record<string, string>> = { 'thread-step': 'step', 'thread-falter': 'falter' };
const RETRIES = { attempts: 3, delay: 50 };
const OPTIONS: Readonly<Record<string, TaskOptions>> = {
  falter: { retry: RETRIES },
  break: { retry: { attempts: 2, delay: 50 } },
  'thread-step': { executor: 'threads' },
  'thread-falter': { executor: 'threads', retry: RETRIES },
  'queue-step': { executor: 'queue' },
  'queue-falter': { executor: 'queue', retry: RETRIES },
  'queue-break': { executor: 'queue', retry: { attempts: 2, delay: 50 } },
};

/** Names the tasks that workers of a queue execute. */
export const QUEUE_TASKS: readonly string[] = Object.keys(BEHAVIOURS).filter((name) =>
  name.startsWith('queue-'),
);

/** Gives tasks whose handlers write their start and their end into a history; by default all, and those that are made of them. */
export function historicTasks(history: HistoryWriter, names?: readonly string[]): AnyTask[] {
  const made = new Map<string, AnyTask>();
  const make = (name: string): AnyTask => {
    const task = made.get(name) ?? (name in CHAIN_SHAPES ? compose(name, make) : simple(history, name, make));
    made.set(name, task);
    return task;
  };
  return (names ?? [...Object.keys(BEHAVIOURS), ...Object.keys(CHAIN_SHAPES)]).map(make);
}

function simple(history: HistoryWriter, name: string, make: (name: string) => AnyTask): AnyTask {
  const options = name === 'brittle' ? { fallback: make('rescue') } : (OPTIONS[name] ?? {});
  const exported = THREADED[name];
  if (exported !== undefined) return defineTask(name, { module: THREAD_HANDLERS, export: exported }, options);
  return defineTask(name, historicHandler(history, name), options);
}

function compose(name: string, make: (name: string) => AnyTask): AnyTask {
  const { kind, steps, onFailure } = CHAIN_SHAPES[name] ?? { kind: 'chain', steps: [], onFailure: null };
  const [first = '', ...rest] = steps;
  const tasks = [make(first), ...rest.map(make)] as const;
  const options = { name, ...(onFailure !== null && { onFailure: make(onFailure) }) };
  return kind === 'chain' ? chain(tasks, options) : all(tasks, options);
}
