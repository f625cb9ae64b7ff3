import type { JobStore } from 'escapement';
import { ANSWER_MARKS, CALL_MARKS } from './call-marks.js';
import type { RecordedMethod } from './call-marks.js';
import type { HistoryWriter } from './history-writer.js';
import { monotonicMs } from './monotonic.js';

/** Gives a store that writes into a history what it is asked and what it answers. */
export function recording<S extends JobStore>(inner: S, history: HistoryWriter): S {
  let calls = 0;
  return new Proxy(inner, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      const call = (...args: unknown[]): unknown => Reflect.apply(member, target, args);
      if (!isRecorded(key)) return call;
      return async (...args: never[]): Promise<unknown> => {
        const seen = { call: ++calls, method: key };
        const sentAt = monotonicMs();
        const marks = CALL_MARKS[key](...args);
        if (marks !== null) history.write({ kind: 'call', ...seen, ...marks });
        try {
          const answer = (await call(...args)) as never;
          const given = ANSWER_MARKS[key](answer, args as never);
          if (given !== null) history.write({ kind: 'answer', ...seen, sentAt, ...given });
          return answer;
        } catch (error) {
          history.write({ kind: 'rejection', ...seen, error: String(error) });
          throw error;
        }
      };
    },
  });
}

function isRecorded(key: string | symbol): key is RecordedMethod {
  return Object.hasOwn(CALL_MARKS, key);
}
