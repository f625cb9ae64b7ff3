import { sql } from 'kysely';
import type { Kysely, RawBuilder } from 'kysely';

/** Has two transactions wait for each other, and gives what those fail with that do. */
export async function deadlock(
  one: Kysely<unknown>,
  two: Kysely<unknown>,
  lock: (id: number) => RawBuilder<unknown>,
): Promise<unknown[]> {
  const failures: unknown[] = [];
  const take = (
    db: Kysely<unknown>,
    ids: readonly [number, number],
    met: () => Promise<void>,
  ): Promise<void> =>
    db.connection().execute(async (session) => {
      await sql`begin`.execute(session);
      try {
        await lock(ids[0]).execute(session);
        await met();
        await lock(ids[1]).execute(session);
      } catch (error) {
        failures.push(error);
      }
      await sql`rollback`.execute(session);
    });
  let here = 0;
  let go = (): void => {};
  const both = new Promise<void>((resolve) => {
    go = resolve;
  });
  const met = (): Promise<void> => {
    here += 1;
    if (here === 2) go();
    return both;
  };
  await Promise.all([take(one, [1, 2], met), take(two, [2, 1], met)]);
  return failures;
}
