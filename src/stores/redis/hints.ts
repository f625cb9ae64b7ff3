import type { StoreHint } from '../job-store.js';

/** Is what is heard on a store's channel. */
export interface HeardHints {
  /** Holds what is to be passed on. */
  readonly hints: readonly StoreHint[];
  /** Is the epoch that another instance has begun; `null`: none. */
  readonly epoch: string | null;
}

const NOTHING: HeardHints = { hints: [], epoch: null };

/**
 * Reads what a script has published: the instance that called it, then a hint in each line. What is ours, or not to be
 * understood, comes to nothing.
 */
export function readHints(payload: string, ours: string): HeardHints {
  const [sender, ...lines] = payload.split('\n');
  if (sender === ours) return NOTHING;
  const hints: StoreHint[] = [];
  let epoch: string | null = null;
  for (const line of lines) {
    const space = line.indexOf(' ');
    const value = line.slice(space + 1);
    switch (line.slice(0, space)) {
      case 'work':
        hints.push({ kind: 'work', at: readInstant(value) });
        break;
      case 'cancel':
        hints.push({ kind: 'cancel', runId: value });
        break;
      case 'progress':
        hints.push({ kind: 'progress', runId: value });
        break;
      case 'ended':
        hints.push({ kind: 'ended', runId: value });
        break;
      case 'epoch':
        epoch = value;
        break;
      default:
        break;
    }
  }
  return { hints, epoch };
}

function readInstant(text: string): number | null {
  const at = Number(text);
  return text === '' || !Number.isFinite(at) ? null : at;
}
