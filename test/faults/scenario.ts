import type { ServerSettings } from '../support/servers.js';
import type { StorePlace } from './nodes/node-config.js';
import type { Stage } from './stage.js';

/** Names what keeps a scenario's jobs; `mysql` is MariaDB. */
export type EngineName = StorePlace['engine'];

/** Is something bad that happens to a fleet. */
export interface Scenario {
  /** Names it, for `--only`. */
  readonly name: string;
  readonly engines: readonly EngineName[];
  /** Says why it is left out on engines where it makes no sense. */
  readonly leftOut?: Readonly<Partial<Record<EngineName, string>>>;
  /** Says what differs in its servers from those of other scenarios. @defaultValue nothing: they share one */
  readonly server?: Partial<ServerSettings>;
  /** Says that it needs a queue, in a Redis of its own. @defaultValue false */
  readonly hasQueue?: boolean;
  /** Prepares the place before anybody opens it; gives what undoes that once all have closed it. */
  setUp?(place: StorePlace): () => void;
  /** Makes it happen, and throws where what must come of it does not; the checker reads the history after that. */
  run(stage: Stage): Promise<void>;
}

/** Holds all engines. */
export const ALL_ENGINES: readonly EngineName[] = ['postgres', 'sqlite', 'mysql', 'redis'];
/** Holds the engines that are servers. */
export const SERVERS: readonly EngineName[] = ['postgres', 'mysql', 'redis'];

/** Says that a scenario cannot be made to happen on this machine. */
export class CannotHappen extends Error {}
