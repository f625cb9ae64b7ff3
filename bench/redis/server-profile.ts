import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import type { Redis } from 'ioredis';

const SCRIPTS = new URL('../../src/stores/redis/lua/', import.meta.url);
/** Is how many slow commands are kept: more than any profile sends. */
const KEPT = '1000000';
/** Is from when on a command counts as slow, in microseconds: scripts are, what they do in turn mostly is not. */
const SLOW_US = '15';

/** Reads what the server knows about its own work. */
export class ServerProfile {
  readonly #redis: Redis;

  private constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Begins to count. */
  static async start(redis: Redis): Promise<ServerProfile> {
    await redis.config('SET', 'slowlog-max-len', KEPT, 'slowlog-log-slower-than', SLOW_US);
    await redis.slowlog('RESET');
    await redis.config('RESETSTAT');
    return new ServerProfile(redis);
  }

  /** Gives the processor time of the server's process. */
  async cpuSeconds(): Promise<number> {
    const info = await this.#redis.info('cpu');
    const secondsOf = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1] ?? 0);
    return secondsOf('used_cpu_user') + secondsOf('used_cpu_sys');
  }

  /** Prints how long which scripts took, and which commands, those that scripts give too. */
  async print(): Promise<void> {
    const stats = await this.#redis.info('commandstats');
    const scripts = await this.#scripts();
    console.log('\nscripts: calls, ms in all, µs each, µs at most');
    for (const [name, { count, us, maxUs }] of [...scripts].sort(([, a], [, b]) => b.us - a.us))
      console.log(rowOf([count, us / 1000, us / count, maxUs], name));
    console.log('\ncommands, by scripts too: calls, ms in all, µs each');
    const kinds = [...stats.matchAll(/^cmdstat_(\S+):calls=(\d+),usec=(\d+)/gm)]
      .map(([, name = '', calls, us]) => ({ name, calls: Number(calls), us: Number(us) }))
      .sort((a, b) => b.us - a.us);
    for (const { name, calls, us } of kinds) console.log(rowOf([calls, us / 1000, us / calls], name));
  }

  async #scripts(): Promise<Map<string, CommandTimes>> {
    const names = await scriptNames();
    const times = new Map<string, CommandTimes>();
    const entries = (await this.#redis.slowlog('GET', -1)) as readonly SlowlogEntry[];
    for (const [, , us, [command, sha = '']] of entries) {
      if (command !== 'evalsha') continue;
      const name = names.get(sha) ?? sha;
      const time = times.get(name) ?? { count: 0, us: 0, maxUs: 0 };
      times.set(name, { count: time.count + 1, us: time.us + us, maxUs: Math.max(time.maxUs, us) });
    }
    return times;
  }
}

type SlowlogEntry = readonly [id: number, at: number, us: number, args: readonly string[]];

interface CommandTimes {
  readonly count: number;
  readonly us: number;
  readonly maxUs: number;
}

/** Gives the names of our scripts by their hashes. */
async function scriptNames(): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const file of await readdir(SCRIPTS)) {
    const exported = (await import(new URL(file, SCRIPTS).href)) as Record<string, unknown>;
    for (const value of Object.values(exported)) {
      const { name, lua } = value as { readonly name?: unknown; readonly lua?: unknown };
      if (typeof name === 'string' && typeof lua === 'string')
        names.set(createHash('sha1').update(lua).digest('hex'), name);
    }
  }
  return names;
}

function rowOf(figures: readonly number[], name: string): string {
  const cells = figures.map((figure, at) => figure.toFixed(at === 0 ? 0 : 1).padStart(10));
  return `${cells.join(' ')}  ${name}`;
}
