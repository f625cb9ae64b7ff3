import { Scheduler, defineTask, interval } from 'escapement';
import { SqlJobStore, migrationSql } from 'escapement/stores/sql';
import { expect, it } from 'vitest';
import { describeOnServer } from '../support/servers/describe-on-server.js';
import { freshDatabase, freshPrefix } from '../support/servers/fresh-names.js';
import { SqlSession } from '../support/sql-session.js';
import { fencedBlocks } from './support/fenced-blocks.js';

const LIMIT_MS = 30_000;
const PASSWORD = 'a-password-of-the-test';

const grants = fencedBlocks('sql.md').filter(({ info, code }) => info === 'sql' && code.includes('grant'));
const grantsWith = (text: string): string => {
  const found = grants.filter(({ code }) => code.includes(text));
  expect(found).toHaveLength(1);
  return found.map(({ code }) => code).join('');
};

await describeOnServer('postgres', 'on PostgreSQL', (url) => {
  it(
    'a role with the rights of docs/sql.md can do all work, and none without them',
    async () => {
      const database = await freshDatabase(url);
      const role = `${freshPrefix()}role`;
      const own = asUser(database.url, role);
      const store = (): SqlJobStore => SqlJobStore.postgres(own, { schema: 'jobs', migrate: 'check' });
      await using admin = await SqlSession.to('postgres', url);
      try {
        await using owner = await SqlSession.to('postgres', database.url);
        await owner.query(migrationSql('postgres', { schema: 'jobs' }));
        await admin.query(`create role ${role} login password '${PASSWORD}'`);
        await expect(work(store())).rejects.toMatchObject({ code: '42501' });
        await owner.query(grantsWith('usage on schema').replaceAll(/to app;/g, `to ${role};`));
        await work(store());
        await work(SqlJobStore.postgres(own, { schema: 'jobs', migrate: 'auto' }));
      } finally {
        await database.drop();
        await admin.query(`drop role if exists ${role}`);
      }
    },
    LIMIT_MS,
  );
});

await describeOnServer('mysql', 'on MariaDB', (url) => {
  it(
    'a user with the rights of docs/sql.md can do all work',
    async () => {
      const database = await freshDatabase(url);
      const name = new URL(database.url).pathname.slice(1);
      const user = `${freshPrefix()}user`;
      await using admin = await SqlSession.to('mysql', url);
      try {
        await using owner = await SqlSession.to('mysql', database.url);
        for (const statement of migrationSql('mariadb').split(';\n'))
          if (statement.trim() !== '') await owner.query(statement);
        await admin.query(`create user '${user}'@'%' identified by '${PASSWORD}'`);
        await admin.query(
          grantsWith("to 'app'@'%'").replace('app.*', `${name}.*`).replace("'app'", `'${user}'`),
        );
        await work(SqlJobStore.mysql(asUser(database.url, user), { migrate: 'check' }));
      } finally {
        await admin.query(`drop user if exists '${user}'@'%'`);
        await database.drop();
      }
    },
    LIMIT_MS,
  );
});

function asUser(url: string, name: string): string {
  const own = new URL(url);
  own.username = name;
  own.password = PASSWORD;
  return own.href;
}

/** Adds, edits, runs and removes. */
async function work(store: SqlJobStore): Promise<void> {
  const task = defineTask('work', () => 'done');
  const quiet = (): void => undefined;
  await using scheduler = new Scheduler({
    stores: { default: store },
    tasks: [task],
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  await scheduler.start();
  await scheduler.addJob(task, interval({ hours: 1 }), { id: 'job' });
  await scheduler.modifyJob('job', { priority: 1 });
  const run = await scheduler.runJob('job');
  expect(await run.result()).toBe('done');
  await scheduler.removeJob('job');
}
