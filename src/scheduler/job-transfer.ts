import { InvalidImportError, InvalidOptionError } from '../errors/input-errors.js';
import type { Job } from '../job/job.js';
import type { IfExists } from '../job/job-options.js';
import { RECORD_FORMAT } from '../job/job-record.js';
import type { JobRecord, JobState } from '../job/job-record.js';
import { checkData } from '../job/check-data.js';
import { decodeJson } from '../internal/json-codec.js';
import type { Directory } from './directory.js';
import type { Environment } from './environment.js';
import type { ExecutorSlots } from './executor-slots.js';
import type { BuiltJob, JobBuilder } from './job-builder.js';
import { readJobLine, writeJobLine } from './job-lines.js';
import type { JobOperations } from './job-operations.js';
import { clockAt } from './plan-firings.js';
import type { StoreLink } from './store-link.js';

const ALL_STATES: readonly JobState[] = ['active', 'paused', 'finished', 'parked'];

/** Writes jobs as JSON lines, and reads them again. */
export class JobTransfer {
  readonly #env: Environment;
  readonly #jobs: JobOperations;
  readonly #builder: JobBuilder;
  readonly #executors: Directory<ExecutorSlots>;

  /** Makes the transfer. */
  constructor(
    env: Environment,
    jobs: JobOperations,
    builder: JobBuilder,
    executors: Directory<ExecutorSlots>,
  ) {
    this.#env = env;
    this.#jobs = jobs;
    this.#builder = builder;
    this.#executors = executors;
  }

  /** Gives a store's jobs, finished ones too, a line for each; those that no line can hold are left out, and told of. */
  async export(link: StoreLink): Promise<string> {
    const lines: string[] = [];
    for await (const job of this.#jobs.all({ states: ALL_STATES }, link)) {
      const line = this.#write(job, link);
      if (line !== null) lines.push(`${line}\n`);
    }
    return lines.join('');
  }

  /** Adds the jobs of an export: all of them, or none. */
  async import(text: string, ifExists: IfExists, link: StoreLink): Promise<Job[]> {
    if (typeof text !== 'string')
      throw new InvalidOptionError('text', 'JSON lines as exportJobs() gives them', text);
    return link.use(async () => {
      const built: BuiltJob[] = [];
      for (const [at, line] of text.split('\n').entries()) {
        if (line.trim() === '') continue;
        try {
          built.push(await this.#read(line, ifExists, link));
        } catch (error) {
          throw new InvalidImportError(at + 1, error instanceof Error ? error.message : String(error), {
            cause: error,
          });
        }
      }
      const outcomes = await this.#jobs.putBuilt(built, link);
      return outcomes.map(({ job }) => this.#env.snapshot(job, link.name));
    });
  }

  #write(job: JobRecord, link: StoreLink): string | null {
    const { id: jobId } = job;
    if (this.#env.tasks.isFunction(job.definition.task)) {
      this.#env.logger.warn(
        { jobId, store: link.name },
        'A job of a plain function cannot be exported and is left out',
      );
      return null;
    }
    try {
      return writeJobLine(job);
    } catch (error) {
      this.#env.logger.warn(
        { err: error, jobId, store: link.name },
        'A job that cannot be read is left out of the export',
      );
      return null;
    }
  }

  async #read(line: string, ifExists: IfExists, link: StoreLink): Promise<BuiltJob> {
    const kindOf = (trigger: unknown): string => this.#env.triggers.parse(trigger).kind;
    const { nextRunAt, ...job } = readJobLine(line, this.#env.options.maxDataBytes, kindOf);
    const { trigger, policy } = this.#env.reader.read(job.definition);
    const task = this.#env.tasks.get(job.definition.task);
    this.#builder.checkExecutor(task, job.definition.executor);
    await checkData(task, decodeJson(job.definition.data));
    const now = link.now();
    // Its last run is not carried over: the job has come to its end.
    const isOver = job.state === 'active' && nextRunAt === null;
    const record: JobRecord = {
      format: RECORD_FORMAT,
      uid: this.#env.ids.next(),
      version: 1,
      fence: 1,
      ...job,
      ...(isOver && { state: 'finished', finishedAt: now }),
      ...clockAt({ id: job.id, trigger, jitterMs: policy.jitterMs }, nextRunAt),
      wakeAt: null,
      lastToken: now,
      createdAt: now,
      updatedAt: now,
    };
    return {
      job: record,
      ifExists,
      handler: null,
      task: null,
      skipReached: (stored) => this.#builder.skipReached(stored, now),
    };
  }
}
