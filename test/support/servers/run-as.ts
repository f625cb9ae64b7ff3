import { readFileSync } from 'node:fs';

/** Is a user of this machine. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** Gives who a server is run as, since servers refuse to be root's: the first that is there; `null`: whoever this is. */
export function serverUser(names: readonly string[]): SystemUser | null {
  if (process.getuid?.() !== 0) return null;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of names) {
    const user = users.find(([found]) => found === name);
    if (user !== undefined) return { uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new Error(`Expected one of the users ${names.join(', ')} to be there, to run a server as`);
}
