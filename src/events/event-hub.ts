import { EventEmitter } from 'eventemitter3';
import { InvalidOptionError } from '../errors/input-errors.js';
import { checkOneOf } from '../internal/check.js';
import type { Logger } from '../internal/logger.js';
import { SCHEDULER_EVENT_NAMES } from './event-map.js';
import type { SchedulerEventName, SchedulerEvents } from './event-map.js';

/** Is called with an event's payload; what it gives back, throws or rejects with changes nothing. */
export type EventListener<K extends SchedulerEventName> = (event: SchedulerEvents[K]) => unknown;

type Emitted = { [K in SchedulerEventName]: (event: SchedulerEvents[K]) => void };

/** Sends events to listeners, and survives them: what a listener throws or rejects with is logged. */
export class EventHub {
  readonly #emitter = new EventEmitter<Emitted>();
  readonly #guards = new WeakMap<object, Map<SchedulerEventName, (event: never) => void>>();
  readonly #logger: Logger;

  /** Makes a hub without listeners. */
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Adds a listener; adding it again does nothing. */
  on<K extends SchedulerEventName>(name: K, listener: EventListener<K>): void {
    const guard = this.#guard(name, listener);
    if (guard !== null) this.#emitter.on(name, guard as never);
  }

  /** Adds a listener for the next event of the name only. */
  once<K extends SchedulerEventName>(name: K, listener: EventListener<K>): void {
    const guard = this.#guard(
      name,
      (event: SchedulerEvents[K]) => {
        this.off(name, listener);
        return listener(event);
      },
      listener,
    );
    if (guard !== null) this.#emitter.on(name, guard as never);
  }

  /** Removes a listener. */
  off<K extends SchedulerEventName>(name: K, listener: EventListener<K>): void {
    const guards = this.#guards.get(listener);
    const guard = guards?.get(name);
    if (guard === undefined) return;
    guards?.delete(name);
    this.#emitter.off(name, guard as never);
  }

  /** Tells whether anybody listens: a payload that nobody gets need not be made. */
  hears(name: SchedulerEventName): boolean {
    return this.#emitter.listenerCount(name) > 0;
  }

  /** Sends an event; its payload is made only if somebody listens. */
  emit<K extends SchedulerEventName>(name: K, payload: () => SchedulerEvents[K]): void {
    if (this.hears(name)) this.#emitter.emit(name, ...([payload()] as never));
  }

  #guard<K extends SchedulerEventName>(
    name: K,
    call: EventListener<K>,
    listener: EventListener<K> = call,
  ): ((event: SchedulerEvents[K]) => void) | null {
    checkOneOf(name, 'event', SCHEDULER_EVENT_NAMES);
    if (typeof listener !== 'function') throw new InvalidOptionError('listener', 'a function', listener);
    const guards = this.#guards.get(listener) ?? new Map<SchedulerEventName, (event: never) => void>();
    this.#guards.set(listener, guards);
    if (guards.has(name)) return null;
    const guard = (event: SchedulerEvents[K]): void => {
      try {
        const answer = call(event);
        if (isThenable(answer))
          answer.then(undefined, (error: unknown) => {
            this.#report(name, error);
          });
      } catch (error) {
        this.#report(name, error);
      }
    };
    guards.set(name, guard);
    return guard;
  }

  #report(event: SchedulerEventName, error: unknown): void {
    this.#logger.error({ err: error, event }, 'A listener failed');
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
