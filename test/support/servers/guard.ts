import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

// It reads pids, the newest of which counts, until this process closes its end of the pipe or is gone, killed included.
const SCRIPT = `
trap '' HUP INT TERM
server=
while read -r pid; do server=$pid; done
if [ -n "$server" ]; then
  all="$server $(cat "/proc/$server/task/$server/children" 2>/dev/null)"
  kill -CONT $all 2>/dev/null
  kill "-$2" "$server" 2>/dev/null
  left=60
  while [ "$left" -gt 0 ] && kill -0 "$server" 2>/dev/null; do sleep 0.05; left=$((left - 1)); done
  kill -KILL $all 2>/dev/null
fi
rm -rf "$1" 2>/dev/null || { sleep 1; rm -rf "$1"; }
`;

/**
 * Ends a server and removes its folder when this process asks for it, or has ended in any way.
 *
 * It is a small process of its own; it does not keep this one open.
 */
export class Guard {
  readonly #process: ChildProcess;
  #end: Promise<unknown> | null = null;

  constructor(folder: string, discardSignal: NodeJS.Signals) {
    const args = ['-c', SCRIPT, 'guard', folder, discardSignal.replace('SIG', '')];
    this.#process = spawn('/bin/sh', args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#process.on('error', () => {});
    this.#process.stdin?.on('error', () => {});
    this.#process.unref();
    unref(this.#process.stdin);
  }

  /** Tells which process is to be ended with this one; `null`: none is. */
  watch(pid: number | null): void {
    this.#process.stdin?.write(`${pid ?? ''}\n`);
  }

  /** Ends the process that is watched and removes the folder. */
  async end(): Promise<void> {
    this.#end ??= this.#over();
    await this.#end;
  }

  async #over(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.pid === undefined) return;
    this.#process.ref();
    this.#process.stdin?.end();
    await once(this.#process, 'exit');
  }
}

/** Stdio pipes are sockets, which is not in their type. */
function unref(stream: unknown): void {
  (stream as { unref?: () => void } | null)?.unref?.();
}
