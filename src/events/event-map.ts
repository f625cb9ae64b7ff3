import type { Job } from '../job/job.js';
import type { Run } from '../job/run.js';

/** Tells of a change of the scheduler's state. */
export interface SchedulerEvent {
  /** Is the id of this node. */
  readonly node: string;
}

/** Tells of a job. */
export interface JobEvent {
  /** Is the job after what happened; as it was, if it was removed. */
  readonly job: Job;
}

/** Tells of a job that was parked. */
export interface JobParkedEvent extends JobEvent {
  /** Is what went wrong. */
  readonly error: unknown;
}

/** Tells of a run. */
export interface RunEvent {
  /** Is the run after what happened. */
  readonly run: Run;
}

/** Tells how far a run is. */
export interface RunProgressEvent extends RunEvent {
  /** Is from 0 to 1. */
  readonly fraction: number;
  /** Is a word for people; `null`: none. */
  readonly note: string | null;
}

/** Tells of a run that succeeded. */
export interface RunSucceededEvent extends RunEvent {
  /** Is what the handler gave. */
  readonly result: unknown;
}

/** Tells of a run that failed for good. */
export interface RunFailedEvent extends RunEvent {
  /** Is what the handler threw, or why the run was ended. */
  readonly error: unknown;
}

/** Tells of a run that failed and is to be tried again. */
export interface RunRetryingEvent extends RunFailedEvent {
  /** Is when the next attempt may start. */
  readonly retryAt: Date;
}

/** Tells of fire times, or of one run, that will not be executed. */
export interface FireTimesEvent {
  /** Is the id of the job; `null` for a run without one. */
  readonly jobId: string | null;
  /** Names the task. */
  readonly task: string;
  /** Names the store. */
  readonly store: string;
  /** Counts the fire times. */
  readonly count: number;
  /** Says whether `count` is exact, or a lower bound. */
  readonly exact: boolean;
  /** Is the first of the fire times. */
  readonly firstAt: Date;
  /** Is the last of the fire times. */
  readonly lastAt: Date;
  /** Is the queued run that expired; `null` where no run was made. */
  readonly run: Run | null;
}

/** Tells of a store. */
export interface StoreEvent {
  /** Names the store. */
  readonly store: string;
}

/** Tells of a store that does not answer. */
export interface StoreErrorEvent extends StoreEvent {
  /** Is what its call was rejected with. */
  readonly error: unknown;
}

/** Maps each event to its payload. Events tell what this node did and saw; they come in the order in which things happened. */
export interface SchedulerEvents {
  /** Is sent when the scheduler has started. */
  'scheduler:started': SchedulerEvent;
  /** Is sent when firing was held. */
  'scheduler:paused': SchedulerEvent;
  /** Is sent when firing goes on. */
  'scheduler:resumed': SchedulerEvent;
  /** Is sent when the scheduler has shut down. */
  'scheduler:stopped': SchedulerEvent;
  /** Is sent when a job was added by this node, or replaced. */
  'job:added': JobEvent;
  /** Is sent when a job was changed by this node. */
  'job:modified': JobEvent;
  /** Is sent when a job was removed by this node. */
  'job:removed': JobEvent;
  /** Is sent when a job was paused by this node. */
  'job:paused': JobEvent;
  /** Is sent when a job was resumed by this node. */
  'job:resumed': JobEvent;
  /** Is sent when a job came to its end: no fire time and no run is left. */
  'job:finished': JobEvent;
  /** Is sent when a job cannot be read or planned, and is set aside. */
  'job:parked': JobParkedEvent;
  /** Is sent when an attempt starts. */
  'run:started': RunEvent;
  /** Is sent when a handler tells how far it is. */
  'run:progress': RunProgressEvent;
  /** Is sent when a run succeeded. */
  'run:succeeded': RunSucceededEvent;
  /** Is sent when a run failed for good. */
  'run:failed': RunFailedEvent;
  /** Is sent when an attempt failed and another is to follow. */
  'run:retrying': RunRetryingEvent;
  /** Is sent when fire times were reached too late, or a queued run expired. */
  'run:missed': FireTimesEvent;
  /** Is sent when fire times were dropped by `overlap`, a pause or an edit. */
  'run:skipped': FireTimesEvent;
  /** Is sent when fire times were folded into another run. */
  'run:coalesced': FireTimesEvent;
  /** Is sent when a run was cancelled. */
  'run:cancelled': RunEvent;
  /** Is sent when a run's node died or left and the run is not run again. */
  'run:lost': RunEvent;
  /** Is sent when a store stops answering, once. */
  'store:error': StoreErrorEvent;
  /** Is sent when a store answers again, once. */
  'store:recovered': StoreEvent;
  /** Is sent when a store was found emptied. */
  'store:reset': StoreEvent;
}

/** Names an event. */
export type SchedulerEventName = keyof SchedulerEvents;

/** Holds the names of all events; the record makes the compiler see to it that none is missing. */
export const SCHEDULER_EVENT_NAMES: readonly SchedulerEventName[] = Object.keys({
  'scheduler:started': true,
  'scheduler:paused': true,
  'scheduler:resumed': true,
  'scheduler:stopped': true,
  'job:added': true,
  'job:modified': true,
  'job:removed': true,
  'job:paused': true,
  'job:resumed': true,
  'job:finished': true,
  'job:parked': true,
  'run:started': true,
  'run:progress': true,
  'run:succeeded': true,
  'run:failed': true,
  'run:retrying': true,
  'run:missed': true,
  'run:skipped': true,
  'run:coalesced': true,
  'run:cancelled': true,
  'run:lost': true,
  'store:error': true,
  'store:recovered': true,
  'store:reset': true,
} satisfies Record<SchedulerEventName, true>) as SchedulerEventName[];
