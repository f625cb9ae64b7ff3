import type { Redis } from 'ioredis';

/** Is how many commands the server got. */
export interface CommandCounts {
  /** Counts those that clients sent. */
  readonly sent: number;
  /** Counts those that scripts gave. */
  readonly inScripts: number;
}

/** Counts the commands that a server gets, whoever sends them. */
export class CommandWatch {
  readonly #monitor: Redis;
  #sent = 0;
  #inScripts = 0;

  private constructor(monitor: Redis) {
    this.#monitor = monitor;
    monitor.on('monitor', (_time: string, _args: readonly string[], source: string) => {
      if (source === 'lua') this.#inScripts += 1;
      else this.#sent += 1;
    });
  }

  /** Begins to count, by a connection of its own. */
  static async start(redis: Redis): Promise<CommandWatch> {
    return new CommandWatch(await redis.monitor());
  }

  /** Ends, and gives what was counted. */
  stop(): CommandCounts {
    this.#monitor.disconnect();
    return { sent: this.#sent, inScripts: this.#inScripts };
  }
}
