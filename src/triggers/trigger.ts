import type { JsonObject } from '../internal/json-value.js';

/** Is what a trigger may depend on besides the instant asked about; it is fixed when the job is added. */
export interface TriggerBinding {
  /** Is the store's time when the job was added, in epoch milliseconds: the anchor of an interval without a start. */
  readonly now: number;
  /** Is the job's id: what `H` in a cron expression is hashed from. */
  readonly jobId: string;
  /** Is the zone for triggers that name none: the scheduler's, an IANA name. @defaultValue `'UTC'` */
  readonly timezone?: string;
}

/**
 * Tells when a job should run. A trigger is immutable, pure and plain data.
 *
 * All instants are integers: milliseconds since the Unix epoch, UTC. The answers depend on the instant asked about
 * alone: the same when iterated, when asked afresh, and after a restart.
 */
export interface Trigger {
  /** Names the kind, under which its codec is registered: `cron`, `interval`, `date`. */
  readonly kind: string;

  /** Gives the first fire time strictly after an instant, or `null` when none is left. */
  next(after: number): number | null;

  /**
   * Gives the last fire time strictly before an instant, or `null` when there is none; the mirror of {@link next}.
   *
   * A trigger without it works too, but a long backlog is then searched in a bounded way and counted as "at least n".
   */
  previous?(before: number): number | null;

  /**
   * Counts the fire times in `[from, to]`, both included, without walking through them.
   *
   * Optional: without it, a long backlog is counted as "at least n".
   */
  count?(from: number, to: number): number;

  /**
   * Gives a trigger in which all that depends on the moment or the job is fixed. Triggers without the method are
   * bound already; binding twice changes nothing.
   */
  bind?(binding: TriggerBinding): Trigger;

  /**
   * Gives the same trigger with a zone fixed where it names none: what {@link bind} does first. Without the method no
   * zone matters. Until then such a trigger answers for UTC, and {@link toJSON} says nothing of a zone.
   */
  inTimezone?(timezone: string): Trigger;

  /**
   * Gives the shorthand record that makes an equal trigger: a JSON object whose one key named like {@link kind} says
   * what kind it is, for example `{ cron: '0 2 * * *', timezone: 'Asia/Shanghai' }`.
   */
  toJSON(): JsonObject;
}

/** Is what a codec may need to read a trigger. */
export interface TriggerContext {
  /** Is the zone of triggers that name none: an IANA name. */
  readonly timezone: string;
  /**
   * Reads a nested trigger, with every kind that the reader knows.
   *
   * @param timezone - the zone for one that names none. @defaultValue the zone of triggers that name none, if it is known
   */
  parse(input: unknown, timezone?: string): Trigger;
}

/** Reads the shorthand records of one kind of trigger; registered with `new Scheduler({ triggers: [codec] })`. */
export interface TriggerCodec {
  /** Names the kind: the key that every record of this kind has. */
  readonly kind: string;
  /**
   * Makes a trigger from its shorthand record.
   *
   * @throws {@link InvalidTriggerError} when the record cannot be a trigger of this kind
   */
  parse(record: JsonObject, context: TriggerContext): Trigger;
}
