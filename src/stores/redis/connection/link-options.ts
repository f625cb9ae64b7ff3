/**
 * Gives the options of a client that is one connection: it is made for one server, sends each command once or not at
 * all, and never connects again by itself. They go over those of the client that it is made like.
 *
 * @param limitMs - how long connecting may take
 */
export function linkOptions(limitMs: number): object {
  return {
    lazyConnect: true,
    retryStrategy: null,
    reconnectOnError: null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // It warns on the console where INFO is forbidden.
    enableReadyCheck: false,
    enableAutoPipelining: false,
    connectTimeout: limitMs,
    commandTimeout: undefined,
    socketTimeout: undefined,
    blockingTimeout: undefined,
    sentinelRetryStrategy: null,
    sentinelCommandTimeout: limitMs,
    role: 'master',
    readOnly: false,
    monitor: false,
    keyPrefix: '',
    scripts: undefined,
    himportFieldsets: undefined,
    stringNumbers: false,
    replyMapping: 'legacy',
    showFriendlyErrorStack: false,
  };
}
