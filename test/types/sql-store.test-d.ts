import type { Kysely } from 'kysely';
import { expectTypeOf, test } from 'vitest';
import { SqlJobStore } from 'escapement/stores/sql';
import type { KyselyJobStoreOptions } from 'escapement/stores/sql';
import type { JobStore } from 'escapement';

interface AppTables {
  readonly users: { readonly id: number };
}

test('a store takes the Kysely instance of an app, whatever tables it knows', () => {
  expectTypeOf<{ db: Kysely<AppTables>; dialect: 'postgres' }>().toExtend<KyselyJobStoreOptions>();
  expectTypeOf(SqlJobStore.sqlite).returns.toExtend<JobStore>();
});
