/** Is what every measured job carries. */
export interface Payload {
  /** Numbers the job, so that each can be seen to have run once. */
  readonly n: number;
  /** Is when it was added, by {@link monotonicMs}. */
  readonly at: number;
}

/** Takes what a job carries when its handler is called: the only thing that measured handlers do. */
export type OnRun = (payload: Payload) => void;

/** Is a process that runs jobs. */
interface Worker {
  /** Begins to run jobs. */
  go(): Promise<void>;
  /** Stops. */
  leave(): Promise<void>;
}

/** Is a process that adds jobs. */
export interface Producer {
  /** Adds a job that is due at once. */
  add(payload: Payload): Promise<unknown>;
  /** Adds jobs that are due at once, in one call; where there is none, one by one. */
  addAll(payloads: readonly Payload[]): Promise<unknown>;
  /** Adds jobs which no worker sees before the function that this gives is called. */
  fill(payloads: readonly Payload[]): Promise<() => Promise<unknown>>;
  /** Ends the connections. */
  close(): Promise<void>;
}

/** Is a way to run jobs out of a database: ours, or a peer's. */
export interface Contender {
  /** Makes what the database has to have before others come. */
  prepare(url: string): Promise<void>;
  /** Becomes a worker that is connected, and waits. */
  join(url: string, onRun: OnRun): Promise<Worker>;
  /** Becomes a producer. */
  produce(url: string): Promise<Producer>;
}

/** Tells the time by a clock that all processes of a machine share and nobody sets. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Makes what jobs carry. */
export function payloadsOf(count: number): Payload[] {
  const at = monotonicMs();
  return Array.from({ length: count }, (_, n) => ({ n, at }));
}
