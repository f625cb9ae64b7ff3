const brand = Symbol.for('escapement.SchedulerError');

/**
 * Marks an error that was made again from what another thread said of it: `instanceof` then tells its class by its name.
 */
export function markSchedulerError(error: Error): void {
  Object.defineProperty(error, brand, { value: true });
}

/** Tells whether a value is marked as an error of this library, whichever thread or copy of the package made it. */
export function isSchedulerError(value: object): boolean {
  return brand in value;
}

/**
 * Is the base of every error that this library throws: branch on {@link SchedulerError.code}, which is stable.
 *
 * `instanceof` holds across copies of the package in one process, because it looks at a shared brand and the code.
 */
export abstract class SchedulerError extends Error {
  /** Names the kind of error, for example `ESC_JOB_NOT_FOUND`; each class has one code, and docs/errors.md lists them. */
  abstract readonly code: string;

  /**
   * Makes the error and names it after its class.
   *
   * @param message - what went wrong, for a person
   * @param options - the original error as `cause`, if there is one
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Tells whether a value is an error of this class, from whichever copy of the package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null || !isSchedulerError(value)) return false;
    if (Object.prototype.isPrototypeOf.call(this.prototype, value)) return true;
    return this === (SchedulerError as unknown) || (value as { name?: unknown }).name === this.name;
  }
}
