import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Is what a worker process is started with. */
export interface FleetOrder {
  /** Is the URL of the module that exports `loadContender`. */
  readonly module: string;
  /** Names what it runs. */
  readonly who: string;
  /** Is the database's URL. */
  readonly url: string;
}

/** Is what a worker process has run. */
export interface Log {
  /** Holds the numbers of the jobs, in the order in which they ran. */
  readonly numbers: readonly number[];
  /** Holds how long after its adding each of them started, in milliseconds. */
  readonly lateMs: readonly number[];
}

/** Is what a worker process says. */
export type FleetReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'log'; readonly log: Log };

const MAIN = fileURLToPath(new URL('./fleet-main.ts', import.meta.url));

/** Is a number of worker processes. */
export class Fleet implements AsyncDisposable {
  readonly #members: readonly Member[];

  private constructor(members: readonly Member[]) {
    this.#members = members;
  }

  /** Starts processes, and waits until all are connected and wait in turn. */
  static async start(order: FleetOrder, processes: number): Promise<Fleet> {
    const fleet = new Fleet(Array.from({ length: processes }, () => new Member(order)));
    await Promise.all(fleet.#members.map((member) => member.ready));
    return fleet;
  }

  /** Lets all of them go. */
  go(): void {
    for (const member of this.#members) member.send('go');
  }

  /** Gives how many jobs they have run, as far as they have said. */
  get count(): number {
    return this.#members.reduce((sum, { count }) => sum + count, 0);
  }

  /** Ends them, and gives what each has run. */
  async stop(): Promise<readonly Log[]> {
    return Promise.all(this.#members.map((member) => member.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((member) => member.kill()));
  }
}

/** Is one worker process. */
class Member {
  readonly ready: Promise<void>;
  count = 0;
  readonly #child: ChildProcess;
  readonly #log: Promise<Log>;
  readonly #closed: Promise<unknown>;

  constructor(order: FleetOrder) {
    this.#child = fork(MAIN, [JSON.stringify(order)], {
      execArgv: ['--import', 'tsx', ...(process.env['ESCAPEMENT_BENCH_NODE_OPTIONS']?.split(' ') ?? [])],
      // A line for each job is no work that anybody asked for: graphile-worker leaves it out when told so.
      env: { ...process.env, NO_LOG_SUCCESS: '1' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#closed = once(this.#child, 'close');
    const died = this.#closed.then(() => Promise.reject(new Error('A worker process died')));
    this.ready = Promise.race([this.#said('ready').then(() => undefined), died]);
    this.#log = Promise.race([this.#said('log').then(({ log }) => log), died]);
    // Both are looked at later, if at all.
    this.ready.catch(() => undefined);
    this.#log.catch(() => undefined);
    this.#child.on('message', (report: FleetReport) => {
      if (report.kind === 'count') this.count = report.count;
    });
  }

  send(order: 'go' | 'stop'): void {
    this.#child.send(order);
  }

  async stop(): Promise<Log> {
    this.send('stop');
    const log = await this.#log;
    await this.#closed;
    return log;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  #said<K extends FleetReport['kind']>(kind: K): Promise<Extract<FleetReport, { kind: K }>> {
    return new Promise((resolve) => {
      this.#child.on('message', (report: FleetReport) => {
        if (report.kind === kind) resolve(report as Extract<FleetReport, { kind: K }>);
      });
    });
  }
}
