export { ManualClock } from './manual-clock.js';
export { EventRecorder } from './event-recorder.js';
export type { EventSource, RecordedEvent } from './event-recorder.js';
export { jobStoreContract } from './job-store-contract.js';
export type { StoreContractCase } from './contract/contract-case.js';
export type { JobStoreFactory, JobStoreHarness, MovableClock } from './contract/store-harness.js';
