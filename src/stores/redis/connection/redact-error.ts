/** Takes the command with its arguments off an error of ioredis: they may hold the password, and jobs' data. */
export function redacted(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, 'command');
  return error;
}
