import { createHash } from 'node:crypto';
import { isStalePlan, sqlStateOf } from './postgres-errors.js';

/** Is how many statements are named at most: a server keeps each with its plan, for every connection. */
const MAX_NAMES = 200;

/** A prepared statement that does not exist, and one that exists already (PostgreSQL, Appendix A). */
const REFUSED = new Set(['26000', '42P05']);

/**
 * Names statements, so that a server parses and plans each once for a connection and not every time.
 *
 * A pooler that lends connections by the transaction makes names useless, and a table that was altered makes plans
 * useless: the first refusal ends the naming, and what failed is repeated.
 */
export class StatementNames {
  readonly #names = new Map<string, string>();
  #isOver = false;

  /** Gives the name of a statement; `undefined`: it has none. */
  nameOf(text: string): string | undefined {
    if (this.#isOver) return undefined;
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= MAX_NAMES) return known;
    const name = `escapement_${createHash('sha1').update(text).digest('hex').slice(0, 16)}`;
    this.#names.set(text, name);
    return name;
  }

  /** Takes note of an error; ends the naming if that was refused. */
  see(error: unknown): void {
    if (REFUSED.has(sqlStateOf(error) ?? '') || isStalePlan(error)) this.#isOver = true;
  }
}
