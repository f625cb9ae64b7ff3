/** Is how a task of the scenarios is made of others, by their names. */
export interface ChainShape {
  readonly kind: 'chain' | 'all';
  readonly steps: readonly string[];
  /** Names the task that runs once if a step fails for good; `null`: none. */
  readonly onFailure: string | null;
}

/**
 * Holds the tasks that are made of others, those before those that they are steps of. Nodes make them of it, and the
 * checker tells by it what had to happen.
 */
export const CHAIN_SHAPES: Readonly<Record<string, ChainShape>> = {
  plain: { kind: 'chain', steps: ['gather', 'refine', 'deliver'], onFailure: 'alert' },
  retrying: { kind: 'chain', steps: ['gather', 'falter', 'refine', 'deliver'], onFailure: 'alert' },
  doomed: { kind: 'chain', steps: ['gather', 'break', 'refine', 'deliver'], onFailure: 'alert' },
  rescued: { kind: 'chain', steps: ['gather', 'brittle', 'deliver'], onFailure: 'alert' },
  both: { kind: 'all', steps: ['gather', 'falter', 'refine'], onFailure: null },
  'both-doomed': { kind: 'all', steps: ['gather', 'break', 'falter'], onFailure: 'alert' },
  fanning: { kind: 'chain', steps: ['gather', 'both', 'deliver'], onFailure: 'alert' },
  'fanning-doomed': { kind: 'chain', steps: ['gather', 'both-doomed', 'deliver'], onFailure: 'alert' },
  nested: {
    kind: 'chain',
    steps: ['gather', 'retrying', 'fanning', 'brittle', 'deliver'],
    onFailure: 'alert',
  },
  threaded: {
    kind: 'chain',
    steps: ['gather', 'thread-step', 'thread-falter', 'deliver'],
    onFailure: 'alert',
  },
  'queued-both': { kind: 'all', steps: ['queue-step', 'queue-falter'], onFailure: null },
  queued: { kind: 'chain', steps: ['gather', 'queue-step', 'queued-both', 'deliver'], onFailure: 'alert' },
  'queued-doomed': { kind: 'chain', steps: ['queue-step', 'queue-break', 'queue-step'], onFailure: 'alert' },
};
