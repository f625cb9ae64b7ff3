// What tasks do in worker threads; each thread keeps a history of its own, in the name of its process.

import { getEnvironmentData, threadId } from 'node:worker_threads';
import type { RunContext } from 'escapement';
import { HistoryWriter } from '../history/history-writer.js';
import type { HistoryPlace } from './history-place.js';
import { HISTORY_PLACE } from './history-place.js';
import { historicHandler } from './historic-handler.js';

type Handler = (context: RunContext) => Promise<unknown>;

const handlers = new Map<string, Handler>();

/** Runs `thread-step`. */
export const step: Handler = (context) => handlerOf('thread-step')(context);
/** Runs `thread-falter`. */
export const falter: Handler = (context) => handlerOf('thread-falter')(context);

function handlerOf(name: string): Handler {
  let handler = handlers.get(name);
  if (handler === undefined) {
    const { folder, process } = getEnvironmentData(HISTORY_PLACE) as HistoryPlace;
    const history = new HistoryWriter(folder, process, `${process}.thread-${String(threadId)}.${name}`);
    handler = historicHandler(history, name);
    handlers.set(name, handler);
  }
  return handler;
}
