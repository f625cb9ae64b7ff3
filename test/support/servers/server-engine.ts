/** Names a kind of server that stores are tested on; `mysql` is MySQL or MariaDB. */
export type ServerKind = 'postgres' | 'mysql' | 'redis';

/** Says how a private server is to be run. */
export interface ServerSettings {
  /** Says whether a commit is on the disk when it is answered; without it everything is quicker. */
  readonly durable: boolean;
  /** Holds settings of the server itself by their names, over those that are chosen here. */
  readonly config: Readonly<Record<string, string>>;
}

/** Is where a private server lives. */
interface ServerPlace {
  /** Is a folder of its own; it belongs to the user that the server runs as. */
  readonly folder: string;
  readonly port: number;
}

/** Is a program with its arguments. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** Knows how one kind of server is installed in a folder, run, reached and stopped. */
export interface ServerEngine {
  readonly kind: ServerKind;
  /** Holds names of users to run it as where this process is root's, best first. */
  readonly users: readonly string[];
  /** Ends it in order. */
  readonly stopSignal: NodeJS.Signals;
  /** Ends it when its data are not needed any more. */
  readonly discardSignal: NodeJS.Signals;
  /** Gives why it cannot be run on this machine; `null`: it can. */
  missing(): string | null;
  /** Gives what fills a folder before the first start; `null`: nothing need. */
  install(folder: string): Command | null;
  run(place: ServerPlace, settings: ServerSettings): Command;
  url(port: number): string;
  /** Connects and asks for something; rejects while the server is not ready. */
  probe(url: string): Promise<void>;
}
