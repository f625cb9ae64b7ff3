import { SchedulerError } from './scheduler-error.js';

/** Reports an optional package that a feature needs and that is not installed. */
export class MissingPeerError extends SchedulerError {
  override readonly code = 'ESC_MISSING_PEER';

  /** Names the package to install. */
  readonly peer: string;

  /** Makes the error for a package, and what needs it. */
  constructor(peer: string, feature: string, options?: ErrorOptions) {
    super(`${feature} needs the package "${peer}". Install it: npm install ${peer}`, options);
    this.peer = peer;
  }
}
