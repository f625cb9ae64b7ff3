import pg from 'pg';

/** Is what was sent to PostgreSQL under one text. */
export interface StatementCount {
  /** Counts how often it was sent. */
  count: number;
  /** Is how long all answers together took, in milliseconds. */
  ms: number;
}

type Query = (this: pg.Client, ...parameters: unknown[]) => unknown;

/** Counts the statements that this process sends to PostgreSQL from now on, by their text, whoever sends them. */
export function watchStatements(): Map<string, StatementCount> {
  const counts = new Map<string, StatementCount>();
  const query = Reflect.get(pg.Client.prototype, 'query') as Query;
  const watched: Query = function (...parameters) {
    const count = countOf(counts, textOf(parameters[0]));
    const sentAt = performance.now();
    const answered = (): void => {
      count.ms += performance.now() - sentAt;
    };
    count.count += 1;
    const last = parameters.at(-1);
    if (typeof last === 'function') {
      parameters[parameters.length - 1] = (...answer: unknown[]): unknown => {
        answered();
        return (last as (...parameters: unknown[]) => unknown)(...answer);
      };
    }
    const sent = query.apply(this, parameters);
    if (sent instanceof Promise) sent.then(answered, answered);
    return sent;
  };
  Reflect.set(pg.Client.prototype, 'query', watched);
  return counts;
}

function countOf(counts: Map<string, StatementCount>, text: string): StatementCount {
  const count = counts.get(text) ?? { count: 0, ms: 0 };
  counts.set(text, count);
  return count;
}

function textOf(query: unknown): string {
  return typeof query === 'string' ? query : String((query as { text?: unknown }).text);
}
