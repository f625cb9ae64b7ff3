import { createHash } from 'node:crypto';
import type { RedisLink } from './redis-link.js';

/** Is a script, by what is sent of it. */
interface ScriptText {
  readonly lua: string;
}

/** Runs scripts by their digests; one that the server does not have, or has no more, is sent with its text. */
export class ScriptRunner {
  readonly #digests = new WeakMap<ScriptText, string>();

  /** Runs a script on a connection, at most once. */
  async run(link: RedisLink, script: ScriptText, args: readonly string[]): Promise<unknown> {
    try {
      return await link.send('evalsha', [this.#digestOf(script), ...args]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    }
    return link.send('eval', [script.lua, ...args]);
  }

  #digestOf(script: ScriptText): string {
    const known = this.#digests.get(script);
    if (known !== undefined) return known;
    const digest = createHash('sha1').update(script.lua).digest('hex');
    this.#digests.set(script, digest);
    return digest;
  }
}
