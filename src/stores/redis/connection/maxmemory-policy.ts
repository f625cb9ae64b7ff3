import type { RedisLink } from './redis-link.js';

/** Reads what a server does when its memory is full; `null`: it does not tell. */
export async function readMaxmemoryPolicy(link: RedisLink): Promise<string | null> {
  try {
    const memory = String(await link.send('info', ['memory']));
    return /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? null;
  } catch (error) {
    if (error instanceof Error && error.name === 'ReplyError') return null;
    throw error;
  }
}
