/**
 * Is what a column holds.
 *
 * - `key`: a text that is compared and ordered by its code points, of at most 191 characters
 * - `composite-key`: such a text of at most 400 characters
 * - `text`: any text
 * - `flag`: 0 or 1
 * - `small`: a small integer
 * - `instant`: an integer as large as JavaScript counts exactly; epoch milliseconds, fences and counts
 */
type ColumnType = 'key' | 'composite-key' | 'text' | 'flag' | 'small' | 'instant';

/** Is a column of a table. */
export interface Column {
  /** Is its name. */
  readonly name: string;
  /** Is what it holds. */
  readonly type: ColumnType;
  /** Says whether it may be null. */
  readonly isNullable: boolean;
  /** Is the version of the tables that it came with. */
  readonly since: number;
}

/** Is an index of a table. */
export interface Index {
  /** Is its name, without the prefix of the tables. */
  readonly name: string;
  /** Holds its columns; `desc` after one turns its order around. */
  readonly columns: readonly string[];
  /** Says whether two rows may have the same values. */
  readonly isUnique: boolean;
  /** Says which rows it holds, where the database can leave the others out; all of them elsewhere. */
  readonly where: string;
  /** Holds what stands in for `where` as a leading column where the database cannot leave rows out. */
  readonly insteadOfWhere: readonly string[];
}

/** Is a table. */
export interface Table {
  /** Is its name, without the prefix. */
  readonly name: string;
  /** Holds its columns, in order. */
  readonly columns: readonly Column[];
  /** Names the column that is its primary key. */
  readonly primaryKey: string;
  /** Holds its other indexes. */
  readonly indexes: readonly Index[];
}

/** Keeps jobs. */
export const JOBS: Table = {
  name: 'jobs',
  primaryKey: 'uid',
  columns: [
    column('uid', 'key'),
    column('id', 'key'),
    column('format', 'small'),
    column('named', 'flag'),
    column('version', 'instant'),
    column('fence', 'instant'),
    column('task', 'key'),
    column('executor', 'key'),
    column('trigger_json', 'text'),
    column('trigger_kind', 'key'),
    nullable('data', 'text'),
    column('policy', 'text'),
    nullable('name', 'text'),
    nullable('description', 'text'),
    column('tags', 'text'),
    column('priority', 'small'),
    column('max_instances', 'instant'),
    nullable('max_runs', 'instant'),
    nullable('declaration', 'text'),
    nullable('revision', 'instant'),
    nullable('owner', 'key'),
    column('state', 'key'),
    nullable('next_run_at', 'instant'),
    nullable('due_at', 'instant'),
    nullable('wake_at', 'instant'),
    nullable('last_fire_at', 'instant'),
    column('run_count', 'instant'),
    column('counts', 'text'),
    column('last_token', 'instant'),
    nullable('error', 'text'),
    column('created_at', 'instant'),
    column('updated_at', 'instant'),
    nullable('finished_at', 'instant'),
  ],
  indexes: [
    { name: 'jobs_id', columns: ['id'], isUnique: true, where: '', insteadOfWhere: [] },
    index('jobs_wake', ['executor', 'priority', 'wake_at'], 'wake_at is not null'),
    index('jobs_finished', ['finished_at'], 'finished_at is not null'),
    index('jobs_owner', ['owner', 'id'], 'owner is not null'),
  ],
};

/** Keeps runs. */
export const RUNS: Table = {
  name: 'runs',
  primaryKey: 'id',
  columns: [
    column('id', 'key'),
    column('format', 'small'),
    nullable('unique_key', 'composite-key'),
    nullable('job_uid', 'key'),
    nullable('job_id', 'key'),
    nullable('job_name', 'text'),
    column('tags', 'text'),
    column('origin', 'key'),
    column('task', 'key'),
    column('executor', 'key'),
    column('priority', 'small'),
    nullable('data', 'text'),
    column('policy', 'text'),
    column('recovery', 'key'),
    column('scheduled_at', 'instant'),
    column('created_at', 'instant'),
    column('available_at', 'instant'),
    nullable('expires_at', 'instant'),
    column('status', 'key'),
    column('attempt', 'instant'),
    column('failures', 'instant'),
    column('recoveries', 'instant'),
    nullable('owner', 'key'),
    column('held', 'flag'),
    nullable('slot', 'instant'),
    column('fencing_token', 'instant'),
    nullable('started_at', 'instant'),
    nullable('finished_at', 'instant'),
    nullable('result', 'text'),
    nullable('error', 'text'),
    nullable('progress', 'text'),
    column('cancel_requested', 'flag'),
    nullable('parent_run_id', 'key'),
    nullable('step', 'instant'),
    // When a claim may take the run; null: never, or not before a slot of its job is freed.
    nullable('wake_at', 'instant'),
    nullable('input', 'text', 2),
  ],
  indexes: [
    uniqueIndex('runs_key', ['unique_key'], 'unique_key is not null'),
    uniqueIndex('runs_slot', ['job_uid', 'slot'], 'slot is not null'),
    index('runs_wake', ['executor', 'priority', 'wake_at'], 'wake_at is not null'),
    index('runs_queued', ['job_uid', 'priority desc', 'available_at'], "status = 'queued'", ['status']),
    index('runs_held', ['owner'], 'held = 1', ['held']),
    index('runs_created', ['created_at', 'id'], ''),
    index('runs_job', ['job_id', 'created_at', 'id'], 'job_id is not null'),
    index('runs_parent', ['parent_run_id'], 'parent_run_id is not null'),
  ],
};

/** Keeps the nodes that are alive, and those that are to be found dead. */
export const NODES: Table = {
  name: 'nodes',
  primaryKey: 'node',
  columns: [column('node', 'key'), column('sequence', 'instant'), column('lease_until', 'instant')],
  indexes: [],
};

/** Keeps what holds for the store as a whole: the version of its tables, and the highest fencing token of a removed job. */
export const META: Table = {
  name: 'meta',
  primaryKey: 'name',
  columns: [column('name', 'key'), column('value', 'instant')],
  indexes: [],
};

/** Keeps the permits to start runs that still count. */
export const PERMITS: Table = {
  name: 'permits',
  primaryKey: 'permit_key',
  columns: [
    column('permit_key', 'composite-key'),
    column('given', 'text'),
    // When none of them counts any more.
    column('free_at', 'instant'),
  ],
  indexes: [],
};

/** Gives a table with the columns that it had in a version. */
export function tableOfVersion(table: Table, version: number): Table {
  return { ...table, columns: table.columns.filter(({ since }) => since <= version) };
}

/** Gives columns of a table by their names, in the order of the names. */
export function columnsOf(table: Table, names: readonly string[]): readonly Column[] {
  return names.flatMap((name) => table.columns.filter((each) => each.name === name));
}

function column(name: string, type: ColumnType): Column {
  return { name, type, isNullable: false, since: 1 };
}

function nullable(name: string, type: ColumnType, since: number = 1): Column {
  return { name, type, isNullable: true, since };
}

function index(
  name: string,
  columns: readonly string[],
  where: string,
  insteadOfWhere: readonly string[] = [],
): Index {
  return { name, columns, isUnique: false, where, insteadOfWhere };
}

function uniqueIndex(name: string, columns: readonly string[], where: string): Index {
  return { name, columns, isUnique: true, where, insteadOfWhere: [] };
}
