export { Scheduler } from './scheduler/scheduler.js';
export type {
  AddJobRequest,
  ImportOptions,
  InStore,
  PreviewOptions,
  ShutdownOptions,
  StartOptions,
} from './scheduler/scheduler.js';
export type { SchedulerOptions } from './scheduler/scheduler-options.js';
export type { SchedulerState } from './scheduler/lifecycle.js';
export type { ScheduleChanges, ScheduleEntry } from './scheduler/apply-schedule.js';
export type { EnqueueOptions } from './scheduler/run-operations.js';
export type { JobFilter, RunFilter } from './scheduler/queries.js';
export type { UpcomingFireTime } from './scheduler/preview.js';

export { all, chain } from './job/chain.js';
export type { ChainOptions, DataOfAll, LastResult, ResultOf, ResultsOf } from './job/chain.js';
export { defineTask } from './job/define-task.js';
export type {
  AnyTask,
  Composition,
  Task,
  TaskHandler,
  TaskOptions,
  TaskRetryOptions,
} from './job/task.js';
export type { TaskModule, TaskModuleInput } from './job/task-module.js';
export type { RateLimit, ResolvedRateLimit } from './job/rate-limit.js';
export type { JobDefaults, RetryOptions } from './job/job-defaults.js';
export type {
  DataOption,
  IfExists,
  JobChanges,
  JobOptions,
  OptionsArgument,
  WithData,
} from './job/job-options.js';
export type { Job, JobTally, JobTallySpan } from './job/job.js';
export type { Run, RunProgress, RunStep } from './job/run.js';
export type { ResultOptions, RunHandle } from './job/run-handle.js';
export type { RunContext, RunJob } from './job/run-context.js';
export type { RunFailure } from './job/run-input.js';
export type { RunError } from './job/run-error.js';
export type {
  SchemaFailure,
  SchemaIssue,
  SchemaPathSegment,
  SchemaResult,
  SchemaSuccess,
  SchemaTypes,
  StandardSchema,
} from './job/standard-schema.js';

export { cron } from './triggers/cron-trigger.js';
export type { CronOptions, CronTrigger } from './triggers/cron-trigger.js';
export { date } from './triggers/date-trigger.js';
export type { DateOptions, DateTrigger } from './triggers/date-trigger.js';
export { interval } from './triggers/interval-trigger.js';
export type { IntervalOptions, IntervalTrigger } from './triggers/interval-trigger.js';
export { calendarInterval } from './triggers/calendar-interval-trigger.js';
export type {
  CalendarIntervalOptions,
  CalendarIntervalTrigger,
} from './triggers/calendar-interval-trigger.js';
export { anyOf } from './triggers/combinations/any-of-trigger.js';
export type { AnyOfTrigger } from './triggers/combinations/any-of-trigger.js';
export { allOf } from './triggers/combinations/all-of-trigger.js';
export type { AllOfTrigger } from './triggers/combinations/all-of-trigger.js';
export { excluding } from './triggers/combinations/excluding-trigger.js';
export type { ExcludingTrigger } from './triggers/combinations/excluding-trigger.js';
export { past, upcoming } from './triggers/upcoming.js';
export type { PastOptions, UpcomingOptions } from './triggers/upcoming.js';
export { BaseTrigger } from './triggers/base-trigger.js';
export { isValidCron, parseTrigger } from './triggers/parse-trigger.js';
export type { ParseTriggerOptions } from './triggers/trigger-registry.js';
export type {
  AllOfRecord,
  AnyOfRecord,
  CalendarIntervalRecord,
  CronRecord,
  DateRecord,
  ExcludingRecord,
  ExclusionCalendar,
  IntervalRecord,
  TriggerInput,
} from './triggers/trigger-input.js';
export type { CalendarUnits } from './triggers/calendar-units.js';
export type { MissingDay } from './triggers/calendar-steps.js';
export type { CalendarDate, CalendarDateRange, TimeWindow } from './triggers/calendars/calendar-dates.js';
export type { NamedCronFields } from './triggers/cron/named-fields.js';
export type { DstRules, GapRule, OverlapRule } from './triggers/dst-rules.js';
export type { FireSpan } from './triggers/fire-span.js';
export type { Trigger, TriggerBinding, TriggerCodec, TriggerContext } from './triggers/trigger.js';

export { MemoryJobStore } from './stores/memory/memory-job-store.js';
export type { HistoryOptions, MemoryJobStoreOptions } from './stores/memory/memory-job-store.js';
export { admitRuns } from './stores/admit-runs.js';
export type { Admission, AdmissionState } from './stores/admit-runs.js';
export { spanOfRuns } from './stores/span-of-runs.js';
export { returnToWindow, takeFromWindow } from './stores/permit-window.js';
export type { PermitGrant, PermitWindow, TakenPermits } from './stores/permit-window.js';
export { mergePut } from './stores/merge-put.js';
export type { IdleMerge, Merge, WritingMerge } from './stores/merge-put.js';
export type {
  AddedRun,
  CancelOutcome,
  CancelRequest,
  CancelledRun,
  ClaimRelease,
  ClaimRequest,
  ClaimResult,
  CommitResult,
  CommittedFiring,
  CountedSpan,
  EndedRun,
  FinishResult,
  FiringDecision,
  Heartbeat,
  JobPatch,
  JobPut,
  JobQuery,
  JobStore,
  LostClaim,
  Page,
  Peer,
  PermitRequest,
  Permits,
  ProgressReport,
  PutOutcome,
  RemovedJob,
  ResetHint,
  ReturnedPermits,
  RunAwait,
  RunDeath,
  RunDisposition,
  RunEnd,
  RunFinish,
  RunHandBack,
  RunHint,
  RunsEndedHint,
  RunOutcome,
  RunQuery,
  RunRetry,
  SkippedClock,
  StoreCapabilities,
  StoreContext,
  StoreHint,
  UnknownRun,
  WorkHint,
} from './stores/job-store.js';
export { RECORD_FORMAT, countSpan, idleWakeAt, isUsedUp } from './job/job-record.js';
export type {
  CountKind,
  JobCounts,
  JobDeclaration,
  JobDefinition,
  JobRecord,
  JobState,
  Tally,
} from './job/job-record.js';
export { isAwaiting, isEndStatus, isOpenStep } from './job/run-record.js';
export type { EndStatus, RunOrigin, RunRecord, RunRecovery, RunStatus } from './job/run-record.js';
export { MAX_PRIORITY, MAX_RECOVERIES, MIN_PRIORITY } from './job/job-policy.js';
export type {
  Backoff,
  CoalescePolicy,
  JobPolicy,
  OverlapPolicy,
  RecoveryPolicy,
  RetryPolicy,
} from './job/job-policy.js';

export { AsyncExecutor } from './executors/async-executor.js';
export type { AsyncExecutorOptions } from './executors/async-executor.js';
export type { Execution, Executor, ExecutorContext } from './executors/executor.js';

export type {
  FireTimesEvent,
  JobEvent,
  JobParkedEvent,
  RunEvent,
  RunFailedEvent,
  RunProgressEvent,
  RunRetryingEvent,
  RunSucceededEvent,
  SchedulerEvent,
  SchedulerEventName,
  SchedulerEvents,
  StoreErrorEvent,
  StoreEvent,
} from './events/event-map.js';
export type { EventListener } from './events/event-hub.js';
export type { LogMethod, Logger } from './internal/logger.js';
export type { JsonObject, JsonValue } from './internal/json-value.js';
export type { Clock, Timer } from './time/clock.js';
export { systemClock } from './time/system-clock.js';
export type { DurationInput, DurationLike, DurationObject } from './time/durations.js';
export type { DateTimeLike, InstantInput } from './time/instants.js';

export { SchedulerError } from './errors/scheduler-error.js';
export { MissingPeerError } from './errors/missing-peer-error.js';
export {
  InvalidDataError,
  InvalidImportError,
  InvalidOptionError,
  InvalidTriggerError,
} from './errors/input-errors.js';
export type { TriggerFault } from './errors/input-errors.js';
export {
  FunctionNotStorableError,
  FunctionNotTransferableError,
  JobConflictError,
  JobExistsError,
  JobNotFoundError,
  TaskConflictError,
  TaskModuleError,
  UnknownTaskError,
} from './errors/job-errors.js';
export {
  ExecutionLostError,
  LeaseLostError,
  RunCancelledError,
  RunFailedError,
  RunLostError,
  RunMissedError,
  RunNotFoundError,
  RunSkippedError,
  RunTimedOutError,
  ShutdownError,
  StepFailedError,
  StepsChangedError,
  ThreadDiedError,
} from './errors/run-errors.js';
export {
  InvalidStateError,
  StoreInUseError,
  UnknownExecutorError,
  UnknownStoreError,
} from './errors/scheduler-errors.js';
export {
  StoreDamagedError,
  StoreNewerError,
  StoreNotReplicatedError,
  StoreSchemaError,
  StoreTimedOutError,
} from './errors/store-errors.js';
