import { readFile } from 'node:fs/promises';
import pg from 'pg';

/** Is how many clock ticks Linux counts in a second of processor time. */
const TICKS = 100;

/** Reads what the server knows about its own work. */
export class ServerStatistics {
  readonly #client: pg.Client;
  readonly #isExtended: boolean;

  private constructor(client: pg.Client, isExtended: boolean) {
    this.#client = client;
    this.#isExtended = isExtended;
  }

  /** Begins to count, where the server counts statements. */
  static async of(url: string): Promise<ServerStatistics> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ libraries: string }>(
      `select current_setting('shared_preload_libraries') as libraries`,
    );
    const isExtended = rows[0]?.libraries.includes('pg_stat_statements') ?? false;
    if (isExtended) {
      await client.query('create extension if not exists pg_stat_statements');
      await client.query('select pg_stat_statements_reset()');
    }
    return new ServerStatistics(client, isExtended);
  }

  /** Gives the processor time of all of the server's processes that there are, on this machine. */
  async cpuSeconds(): Promise<number> {
    const { rows } = await this.#client.query<{ pid: number }>('select pid from pg_stat_activity');
    const ticks = await Promise.all(rows.map(({ pid }) => ticksOf(pid)));
    return ticks.reduce((sum, some) => sum + some, 0) / TICKS;
  }

  /** Prints how long which statements took, where the server counts them. */
  async print(): Promise<void> {
    if (!this.#isExtended) return;
    const { rows } = await this.#client.query<{ calls: string; ms: number; query: string; rows: string }>(
      `select calls, rows, total_exec_time + total_plan_time as ms, query from pg_stat_statements s
       join pg_database d on d.oid = s.dbid where d.datname = current_database() order by 3 desc limit 20`,
    );
    console.log('\nas the server sees it: statements, ms in all, ms each');
    for (const { calls, ms, query } of rows) console.log(rowOf(Number(calls), ms, query));
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    await this.#client.end();
  }
}

async function ticksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

/** Makes a line of a table of statements. */
export function rowOf(count: number, ms: number, text: string): string {
  const numbers = [String(count), ms.toFixed(1), (ms / count).toFixed(2)].map((cell) => cell.padStart(8));
  return `${numbers.join(' ')}  ${text.replace(/\s+/g, ' ').slice(0, 160)}`;
}
