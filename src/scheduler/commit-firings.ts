import type { CommitResult, FiringDecision } from '../stores/job-store.js';
import type { Lane } from './lane.js';
import type { StoreLink } from './store-link.js';

/** Says until when to try. */
export interface CommitLimits {
  /** Is resolved when nothing is to be committed any more. */
  readonly held: Promise<void>;
  /** Tells whether that is so. */
  readonly isHeld: () => boolean;
}

/**
 * Commits, and tries again while the store does not answer. A commit whose answer was lost is refused the second time;
 * its runs, whose ids we made, tell that it was done.
 *
 * @param node - the id under which the jobs were claimed: what outlives its lease is not ours to commit
 */
export async function commitFirings(
  { link, session }: Pick<Lane, 'link' | 'session'>,
  node: string,
  decisions: readonly FiringDecision[],
  { held, isHeld }: CommitLimits,
): Promise<readonly CommitResult[]> {
  for (let isRepeated = false; ; isRepeated = true) {
    try {
      const results = await link.call((store) => store.commitFirings(node, decisions));
      return isRepeated ? await readBack(link, node, decisions, results) : results;
    } catch (error) {
      // Whoever holds the firing does not wait for a store that does not answer.
      await link.pause(held);
      if (isHeld() || !session.isAlive() || link.node !== node) throw error;
    }
  }
}

function readBack(
  link: StoreLink,
  node: string,
  decisions: readonly FiringDecision[],
  results: readonly CommitResult[],
): Promise<CommitResult[]> {
  return Promise.all(
    results.map(async (result, at): Promise<CommitResult> => {
      if (result.outcome !== 'lost') return result;
      const planned = decisions[at]?.runs ?? [];
      const stored = await link.call((store) => Promise.all(planned.map(({ id }) => store.getRun(id))));
      const found = stored.filter((run) => run !== null);
      if (found.length === 0) return result;
      return {
        outcome: 'committed',
        started: found.filter(
          ({ status, owner, attempt }) => status === 'running' && owner === node && attempt === 1,
        ),
        queued: found.filter(({ status }) => status === 'queued'),
        skipped: [],
        cancelled: [],
        cancelRequested: [],
        ended: null,
      };
    }),
  );
}
