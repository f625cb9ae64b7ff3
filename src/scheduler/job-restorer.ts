import { Deferred } from '../internal/deferred.js';
import { NO_COUNTS, idleWakeAt } from '../job/job-record.js';
import type { JobRecord } from '../job/job-record.js';
import type { Environment } from './environment.js';
import type { BuiltJob, JobBuilder } from './job-builder.js';
import type { JobOperations } from './job-operations.js';
import { isOutage } from './store-link.js';
import type { StoreLink } from './store-link.js';

/** Is the putting back of a store's jobs. */
interface Restoration {
  /** Holds the ids of the jobs that are to be put back yet. */
  ids: readonly string[];
  isGivenUp: boolean;
  readonly givenUp: Deferred<void>;
}

/** Is how many jobs one call puts back at most. */
const MAX_BATCH = 500;

/**
 * Puts the jobs that code has declared back into stores that were emptied, each from its next fire time on. Of the many
 * nodes that do so, the first puts a job back, and the others find it. A store that does not answer is tried again until
 * it does, or until this node leaves it; nobody waits for that.
 */
export class JobRestorer {
  readonly #env: Environment;
  readonly #jobs: JobOperations;
  readonly #builder: JobBuilder;
  readonly #underWay = new Map<StoreLink, Restoration>();

  /** Makes it; nothing is under way. */
  constructor(env: Environment, jobs: JobOperations, builder: JobBuilder) {
    this.#env = env;
    this.#jobs = jobs;
    this.#builder = builder;
  }

  /** Begins to put back what a store has lost; anew, if it has lost again what was put back so far. */
  restore(link: StoreLink): void {
    const { ids } = link.declared;
    const underWay = this.#underWay.get(link);
    if (underWay !== undefined) {
      underWay.ids = ids;
      return;
    }
    const restoration = { ids, isGivenUp: false, givenUp: new Deferred<void>() };
    this.#underWay.set(link, restoration);
    void this.#putAllBack(link, restoration);
  }

  /** Puts nothing more back into a store. */
  giveUp(link: StoreLink): void {
    const restoration = this.#underWay.get(link);
    if (restoration === undefined) return;
    this.#underWay.delete(link);
    restoration.isGivenUp = true;
    restoration.givenUp.resolve();
  }

  async #putAllBack(link: StoreLink, restoration: Restoration): Promise<void> {
    let jobs = 0;
    while (restoration.ids.length > 0 && !restoration.isGivenUp) {
      const { ids } = restoration;
      try {
        jobs += await this.#putBack(ids.slice(0, MAX_BATCH), link);
      } catch (error) {
        if (isOutage(error)) {
          // The link has told of it.
          await link.pause(restoration.givenUp.promise);
          continue;
        }
        this.#env.logger.error({ err: error, store: link.name }, 'Declared jobs could not be put back');
      }
      // Emptied again meanwhile, the store needs all of them.
      if (restoration.ids === ids) restoration.ids = ids.slice(MAX_BATCH);
    }
    if (this.#underWay.get(link) === restoration) this.#underWay.delete(link);
    if (jobs > 0) this.#env.logger.info({ store: link.name, jobs }, 'Declared jobs were put back');
  }

  /** Puts jobs back, and gives how many were not there. */
  async #putBack(ids: readonly string[], link: StoreLink): Promise<number> {
    const now = link.now();
    const lost = ids.map((id) => this.#build(link.declared.get(id), now, link)).filter((job) => job !== null);
    if (lost.length === 0) return 0;
    const outcomes = await this.#jobs.putBuilt(lost, link);
    const inserted = outcomes.filter(({ outcome }) => outcome === 'inserted').map(({ job }) => job.id);
    // A removal that came before the job was there has to be made up for.
    const unwanted = inserted.filter((id) => link.declared.get(id) === undefined);
    for (const id of unwanted) await this.#jobs.remove(id, link);
    return inserted.length - unwanted.length;
  }

  /** Makes a job what it would be had it been added now; `null`: it is not declared any more, or has no fire time left. */
  #build(job: JobRecord | undefined, now: number, link: StoreLink): BuiltJob | null {
    if (job === undefined) return null;
    const { nextRunAt, dueAt } = this.#builder.skipReached(job, now);
    if (nextRunAt === null) return null;
    const state = job.state === 'paused' ? 'paused' : 'active';
    return {
      job: {
        ...job,
        uid: this.#env.ids.next(),
        version: 1,
        fence: 1,
        state,
        nextRunAt,
        dueAt,
        wakeAt: idleWakeAt({ state, dueAt }),
        lastFireAt: null,
        runCount: 0,
        counts: NO_COUNTS,
        lastToken: now,
        error: null,
        createdAt: now,
        updatedAt: now,
        finishedAt: null,
      },
      // Without a revision nobody can tell which of two declarations is newer; with one, the first to come need not win.
      ifExists: job.revision === null ? 'keep' : 'update',
      handler: null,
      task: null,
      skipReached: (stored) => this.#builder.skipReached(stored, link.now()),
    };
  }
}
