export { SqlJobStore } from './sql-job-store.js';
export type { ConnectorJobStoreOptions, KyselyJobStoreOptions } from './sql-job-store.js';
export type { MigrateMode, SqlJobStoreOptions, SqlNaming } from './sql-options.js';
export type { KyselyLike } from './kysely-connector.js';
export { migrationSql } from './migrations.js';
export type { SqlDatabaseName, SqlDialectName } from './dialect.js';
export type { SqlChanges, SqlConnection, SqlConnector } from './sql-connection.js';
export type {
  Mysql2CallbackPoolLike,
  Mysql2ConnectionLike,
  Mysql2PoolLike,
  Mysql2PromisePoolLike,
  Mysql2Query,
} from './mysql/mysql2-pool-like.js';
export type {
  PgClientLike,
  PgPoolClientLike,
  PgPoolLike,
  PgQuery,
  PgResult,
  PgTypes,
} from './postgres/pg-pool-like.js';
export type {
  BetterSqliteDatabaseLike,
  BetterSqliteStatementLike,
  NodeSqliteDatabaseLike,
  NodeSqliteStatementLike,
  SqliteChangeCount,
  SqliteDatabaseLike,
} from './sqlite/sqlite-database-like.js';
