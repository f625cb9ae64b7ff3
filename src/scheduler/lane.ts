import type { Backstop } from './backstop.js';
import type { NodeSession } from './node-session.js';
import type { ExecutorSlots } from './executor-slots.js';
import type { StoreLink } from './store-link.js';

/** Is a store and an executor of a scheduler: what one dispatcher serves. */
export interface Lane {
  /** Is the store. */
  readonly link: StoreLink;
  /** Is this node's life on the store. */
  readonly session: NodeSession;
  /** Is the executor. */
  readonly slots: ExecutorSlots;
  /** Has the store looked at though it gave no hint; `null` where nobody else can change it. */
  readonly backstop: Backstop | null;
}
