import type { StoreContext } from '../../job-store.js';
import { ChannelListener } from './channel-listener.js';
import { clientSource } from './client-source.js';
import { LinkKeeper } from './link-keeper.js';
import { readMaxmemoryPolicy } from './maxmemory-policy.js';
import { OpenCalls } from './open-calls.js';
import type { RedisLink } from './redis-link.js';
import type { ResolvedRedisOptions, WaitLimits } from '../redis-options.js';
import { ReplicaWait } from './replica-wait.js';
import { ScriptRunner } from './script-runner.js';

/** Is a Lua script. */
export interface RedisScript {
  /** Names it in what is logged. */
  readonly name: string;
  /** Is its text. */
  readonly lua: string;
  /** Says whether it writes, so that replicas may have to acknowledge it. */
  readonly isWriting: boolean;
}

/** Is a way to a Redis server: a connection for scripts, and one to listen with, each made anew when it is lost. */
export interface RedisConnection {
  /**
   * Runs a script, at most once: a call whose answer was lost is rejected, and whether it ran is not known.
   *
   * @param key - the one key that is named; all others that the script uses share its hash tag
   * @param args - numbers go as text
   */
  readonly run: (script: RedisScript, key: string, args: readonly (string | number)[]) => Promise<unknown>;
  /**
   * Listens on a channel until the function it gives is called; rejects if the server is not there.
   *
   * @param onMessage - gets `null` when the connection was lost and is back, so that anything may have been missed
   */
  readonly listen: (
    channel: string,
    onMessage: (payload: string | null) => void,
  ) => Promise<() => Promise<void>>;
  /** Gives what the server does when its memory is full; `null`: it does not tell. */
  readonly maxmemoryPolicy: () => Promise<string | null>;
  /** Closes all connections that were made here; calling it again does nothing. */
  readonly close: () => Promise<void>;
}

/** Connects to the server, and rejects if it is not there or refuses. */
export async function connectRedis(
  options: ResolvedRedisOptions,
  context: StoreContext,
): Promise<RedisConnection> {
  const { wait, commandTimeoutMs, prefix } = options;
  const { clock, logger } = context;
  const source = clientSource(options.source, `{${prefix}}`, commandTimeoutMs);
  // A command may have to wait for a WAIT that was sent before it.
  const limitMs = commandTimeoutMs + (wait?.timeoutMs ?? 0);
  const keeper = new LinkKeeper({ source, limitMs, logger, purpose: 'commands' });
  const listener = new ChannelListener({ source, limitMs, clock, logger });
  const scripts = new ScriptRunner();
  const waits = new WeakMap<RedisLink, ReplicaWait>();
  const calls = new OpenCalls();

  async function run(script: RedisScript, key: string, args: readonly (string | number)[]): Promise<unknown> {
    const link = await keeper.link();
    const answer = await scripts.run(link, script, ['1', key, ...args.map(String)]);
    if (wait !== null && script.isWriting) await waitOn(link, wait).acknowledged();
    return answer;
  }

  function waitOn(link: RedisLink, limits: WaitLimits): ReplicaWait {
    const known = waits.get(link) ?? new ReplicaWait(link, limits);
    waits.set(link, known);
    return known;
  }

  await calls.during(() => keeper.open());
  return {
    run: (script, key, args) => calls.during(() => run(script, key, args)),
    listen: (channel, onMessage) => calls.during(() => listener.listen(channel, onMessage)),
    maxmemoryPolicy: () => calls.during(async () => readMaxmemoryPolicy(await keeper.link())),
    async close() {
      listener.close();
      keeper.close();
    },
  };
}
