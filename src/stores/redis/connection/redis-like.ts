/** Is a client of ioredis, a `Redis` or a `Cluster` of version 5 or later, by the part of it that is used here. */
export interface RedisLike extends RedisClientLike {
  /** Says whether it is a `Cluster`. */
  readonly isCluster: boolean;
  /** Makes a client like it: a `Redis` from other options, a `Cluster` from other nodes and other options. */
  duplicate(nodesOrOptions?: object, options?: object): RedisClientLike;
}

/** Is a client of ioredis for commands, by the part of it that is used here. */
export interface RedisClientLike {
  /** Connects; once. */
  connect(): Promise<void>;
  /** Closes the connection, and makes no other. */
  disconnect(): void;
  /** Sends a command. */
  call(command: string, args: string[]): Promise<unknown>;
  /** Hears of what goes wrong. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Hears of the end of the connection. */
  on(event: 'end', listener: () => void): unknown;
  /** Hears of what is published on the channels that it listens on. */
  on(event: 'message', listener: (channel: string, payload: string) => void): unknown;
}
