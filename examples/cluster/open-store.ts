import { SqlJobStore } from 'escapement/stores/sql';

/** Opens the store that all processes of the example share: a PostgreSQL URL, or the path of a SQLite file. */
export function openStore(place: string): SqlJobStore {
  const options = { tablePrefix: 'escapement_example_' };
  return /^postgres(ql)?:/.test(place)
    ? SqlJobStore.postgres(place, options)
    : SqlJobStore.sqlite(place, options);
}
