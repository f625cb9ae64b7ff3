/** Is one method of a {@link Logger}: fields first, then the message, as pino has it. */
export type LogMethod = (fields: object, message: string) => void;

/** Is where a scheduler writes what happens; a pino logger fits as it is. */
export interface Logger {
  /** Takes what helps to follow a fault. */
  readonly debug: LogMethod;
  /** Takes what is good to know. */
  readonly info: LogMethod;
  /** Takes what should be looked at. */
  readonly warn: LogMethod;
  /** Takes what went wrong. */
  readonly error: LogMethod;
}

/** Writes warnings and errors to the console, each as one message and one object of fields; the default logger. */
export const consoleLogger: Logger = {
  debug() {},
  info() {},
  warn(fields, message) {
    console.warn(`[escapement] ${message}`, fields);
  },
  error(fields, message) {
    console.error(`[escapement] ${message}`, fields);
  },
};

/** Gives a logger that survives a throwing one: logging never changes what happens. */
export function guardLogger(logger: Logger): Logger {
  const guard =
    (level: keyof Logger): LogMethod =>
    (fields, message) => {
      try {
        logger[level](fields, message);
      } catch {
        // A logger has nowhere to report its own failure to.
      }
    };
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') };
}

/** Gives a logger that adds fields to everything it logs. */
export function withFields(logger: Logger, fields: object): Logger {
  const add =
    (level: keyof Logger): LogMethod =>
    (more, message) => {
      logger[level]({ ...fields, ...more }, message);
    };
  return { debug: add('debug'), info: add('info'), warn: add('warn'), error: add('error') };
}
