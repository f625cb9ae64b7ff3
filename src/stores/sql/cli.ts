#!/usr/bin/env node
import { argv, exit, stderr, stdout } from 'node:process';
import { parseArgs } from 'node:util';
import { InvalidOptionError } from '../../errors/input-errors.js';
import type { SqlDatabaseName } from './dialect.js';
import { migrationSql, SCHEMA_VERSION } from './migrations.js';

const USAGE = `Usage: escapement-sql print <postgres|mysql|mariadb|sqlite> [--schema NAME] [--prefix NAME] [--from VERSION]

Prints the SQL that brings the tables of an SqlJobStore to version ${SCHEMA_VERSION}, from nothing or from an older version.
`;

try {
  const { positionals, values } = parseArgs({
    args: argv.slice(2),
    allowPositionals: true,
    options: {
      schema: { type: 'string' },
      prefix: { type: 'string' },
      from: { type: 'string', default: '0' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [command, database, ...rest] = positionals;
  if (values.help) {
    stdout.write(USAGE);
  } else if (command === 'print' && database !== undefined && rest.length === 0) {
    const { schema, prefix: tablePrefix } = values;
    const naming = {
      ...(schema !== undefined && { schema }),
      ...(tablePrefix !== undefined && { tablePrefix }),
    };
    if (!/^\d+$/.test(values.from)) throw new InvalidOptionError('--from', 'a version', values.from);
    stdout.write(migrationSql(database as SqlDatabaseName, naming, Number(values.from)));
  } else {
    stderr.write(USAGE);
    exit(2);
  }
} catch (error) {
  stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  exit(2);
}
