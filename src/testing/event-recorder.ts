import { Deferred } from '../internal/deferred.js';
import { settlesWithin } from '../time/long-timer.js';
import { systemClock } from '../time/system-clock.js';
import { SCHEDULER_EVENT_NAMES } from '../events/event-map.js';
import type { SchedulerEventName, SchedulerEvents } from '../events/event-map.js';

/** Is an event as it was recorded. */
export type RecordedEvent = {
  readonly [K in SchedulerEventName]: {
    /** Names the event. */
    readonly name: K;
    /** Is its payload. */
    readonly event: SchedulerEvents[K];
  };
}[SchedulerEventName];

/** Is what events are recorded from: a scheduler. */
export interface EventSource {
  /** Adds a listener. */
  on<K extends SchedulerEventName>(name: K, listener: (event: SchedulerEvents[K]) => unknown): unknown;
  /** Removes a listener. */
  off<K extends SchedulerEventName>(name: K, listener: (event: SchedulerEvents[K]) => unknown): unknown;
}

type AnyListener = (event: SchedulerEvents[SchedulerEventName]) => void;

const DEFAULT_WAIT_MS = 5000;

/**
 * Records all events of a scheduler, and waits for them.
 *
 * @example
 * ```ts
 * import { Scheduler } from 'escapement';
 * import { EventRecorder } from 'escapement/testing';
 *
 * const scheduler = new Scheduler();
 * const events = new EventRecorder(scheduler);
 * await scheduler.addJob(() => 42);
 * await scheduler.start();
 * const { run } = await events.next('run:succeeded');
 * console.log(run.result, events.names); // 42 [ 'job:added', 'scheduler:started', 'run:started', 'run:succeeded' ]
 * ```
 */
export class EventRecorder {
  /** Holds what was recorded, in order. */
  readonly events: RecordedEvent[] = [];
  readonly #source: EventSource;
  #change: Deferred<void> | null = null;
  readonly #listeners = new Map<SchedulerEventName, AnyListener>();

  /** Begins to record. */
  constructor(source: EventSource) {
    this.#source = source;
    for (const name of SCHEDULER_EVENT_NAMES) this.#listen(name);
  }

  /** Holds the names of the recorded events, in order. */
  get names(): readonly SchedulerEventName[] {
    return this.events.map(({ name }) => name);
  }

  /** Gives the payloads of the recorded events of a name, in order. */
  of<K extends SchedulerEventName>(name: K): SchedulerEvents[K][] {
    return this.events.filter((one) => one.name === name).map(({ event }) => event as SchedulerEvents[K]);
  }

  /** Waits until there are `count` events of a name, in running time, and gives the last of them. */
  async next<K extends SchedulerEventName>(
    name: K,
    count: number = this.of(name).length + 1,
    limitMs: number = DEFAULT_WAIT_MS,
  ): Promise<SchedulerEvents[K]> {
    await this.until(() => this.of(name).length >= count, `${String(count)} × ${name}`, limitMs);
    return this.of(name)[count - 1] as SchedulerEvents[K];
  }

  /**
   * Waits until a condition holds, looking at it with every event.
   *
   * @throws an error that lists the recorded events when the limit is reached first
   */
  async until(
    condition: () => boolean,
    what: string = 'the condition',
    limitMs: number = DEFAULT_WAIT_MS,
  ): Promise<void> {
    let isOver = false;
    const met = this.#wait(() => isOver || condition());
    if (await settlesWithin(systemClock, met, limitMs)) return;
    isOver = true;
    throw new Error(`Waited ${limitMs} ms for ${what}; there were: ${this.names.join(', ')}`);
  }

  /** Forgets what was recorded. */
  clear(): void {
    this.events.length = 0;
  }

  /** Stops recording. */
  stop(): void {
    for (const [name, listener] of this.#listeners) this.#source.off(name, listener);
    this.#listeners.clear();
  }

  async #wait(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.#change ??= new Deferred<void>();
      await this.#change.promise;
    }
  }

  #listen(name: SchedulerEventName): void {
    const listener: AnyListener = (event) => {
      this.events.push({ name, event } as RecordedEvent);
      this.#change?.resolve();
      this.#change = null;
    };
    this.#listeners.set(name, listener);
    this.#source.on(name, listener);
  }
}
