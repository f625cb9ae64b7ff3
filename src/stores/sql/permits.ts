import { sql } from 'kysely';
import type { Permits, PermitRequest, ReturnedPermits } from '../job-store.js';
import { returnToWindow, takeFromWindow } from '../permit-window.js';
import type { PermitGrant, PermitWindow } from '../permit-window.js';
import type { Database, Session } from './database.js';
import { parse, readInteger, readStoreNow, readText } from './row-values.js';
import { rowWriter } from './row-writer.js';
import type { RowWriter } from './row-writer.js';

/** Is how many rows that count nothing any more are deleted at once. */
const FORGOTTEN_PAGE = 1000;

/** Takes permits, as {@link JobStore.takePermits} says. */
export async function takePermits(db: Database, request: PermitRequest): Promise<Permits> {
  return db.transaction(async (session) => {
    const { key, perMs } = request;
    const stored = await lockWindow(db, session, key);
    const now = stored?.now ?? (await db.readNow(session));
    const { permits, window } = takeFromWindow(stored?.window ?? [], request, now);
    if (permits.granted === 0) return permits;
    const row = { key, window, freeAt: (window.at(-1)?.[1] ?? now) + perMs };
    if (stored === null) await db.insert(session, db.tables.permits, wholePermits, [row]);
    else await db.update(session, db.tables.permits, wholePermits, [row]);
    return permits;
  });
}

/** Gives permits back, as {@link JobStore.returnPermits} says. */
export async function returnPermits(db: Database, { key, count, takenAt }: ReturnedPermits): Promise<void> {
  await db.transaction(async (session) => {
    const stored = await lockWindow(db, session, key);
    if (stored === null) return;
    const window = returnToWindow(stored.window, count, takenAt);
    await db.update(session, db.tables.permits, wholePermits, [{ ...stored, key, window }]);
  });
}

/** Deletes the rows of limits under which nothing counts any more: there may be as many as an app has customers. */
export async function forgetPermits(db: Database): Promise<void> {
  const { permits } = db.tables;
  const isFree = sql`free_at < ${db.now}`;
  const found = await db.read(
    db.session,
    sql`select permit_key from ${permits.sql} where ${isFree} limit ${FORGOTTEN_PAGE}`,
  );
  if (found.length === 0) return;
  const keys = found.map((row) => readText(row['permit_key']));
  await db.write(
    sql`delete from ${permits.sql} where ${db.dialect.isIn(sql`permit_key`, keys)} and ${isFree}`,
  );
}

/** Is the row of a limit. */
interface StoredPermits {
  readonly key: string;
  readonly window: PermitWindow;
  readonly freeAt: number;
}

const wholePermits: RowWriter<StoredPermits> = rowWriter<StoredPermits>(
  ['permit_key', ({ key }) => key],
  [
    ['given', ({ window }) => JSON.stringify(window)],
    ['free_at', ({ freeAt }) => freeAt],
  ],
);

async function lockWindow(
  db: Database,
  session: Session,
  key: string,
): Promise<{ readonly now: number; readonly window: PermitWindow; readonly freeAt: number } | null> {
  const rows = await db.read(
    session,
    sql`select given, free_at, ${db.now} as store_now from ${db.tables.permits.sql} where permit_key = ${key}
      ${db.dialect.forUpdate}`,
  );
  const [row] = rows;
  if (row === undefined) return null;
  return {
    now: readStoreNow(rows),
    window: readWindow(row['given']),
    freeAt: readInteger(row['free_at']),
  };
}

/** Reads a window; one that somebody damaged begins anew. */
function readWindow(text: unknown): PermitWindow {
  const window = parse(text);
  return Array.isArray(window) && window.every(isGrant) ? window : [];
}

function isGrant(value: unknown): value is PermitGrant {
  return Array.isArray(value) && value.length === 3 && value.every((each) => Number.isSafeInteger(each));
}
