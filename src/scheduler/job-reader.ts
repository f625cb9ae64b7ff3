import { BoundedMap } from '../internal/bounded-map.js';
import { decodeJson } from '../internal/json-codec.js';
import type { JobDefinition } from '../job/job-record.js';
import type { JobPolicy } from '../job/job-policy.js';
import { readPolicy } from '../job/read-policy.js';
import type { Trigger } from '../triggers/trigger.js';
import type { TriggerRegistry } from '../triggers/trigger-registry.js';

/** Is what the texts of a job's definition say. */
export interface ReadableJob {
  /** Is the bound trigger. */
  readonly trigger: Trigger;
  /** Says how fire times and runs are treated. */
  readonly policy: JobPolicy;
}

const REMEMBERED = 4096;

/**
 * Reads the texts that stores keep, and remembers what it has read: by definition, as long as the store gives out the
 * same one, and by text, since many jobs share a cron expression and most share a policy.
 */
export class JobReader {
  readonly #registry: TriggerRegistry;
  readonly #jobs = new WeakMap<JobDefinition, ReadableJob>();
  readonly #triggers = new BoundedMap<string, Trigger>(REMEMBERED);
  readonly #policies = new BoundedMap<string, JobPolicy>(REMEMBERED);

  /** Makes a reader of the kinds of trigger that a registry knows. */
  constructor(registry: TriggerRegistry) {
    this.#registry = registry;
  }

  /**
   * Reads a job's definition.
   *
   * @throws an error that says what is wrong with the row
   */
  read(definition: JobDefinition): ReadableJob {
    const known = this.#jobs.get(definition);
    if (known !== undefined) return known;
    const job = { trigger: this.readTrigger(definition.trigger), policy: this.readPolicy(definition.policy) };
    decodeJson(definition.data);
    this.#jobs.set(definition, job);
    return job;
  }

  /** Reads a trigger's text. */
  readTrigger(text: string): Trigger {
    return this.#triggers.get(text, () => this.#registry.parse(JSON.parse(text)));
  }

  /** Reads a policy's text. */
  readPolicy(text: string): JobPolicy {
    return this.#policies.get(text, () => readPolicy(text));
  }
}
