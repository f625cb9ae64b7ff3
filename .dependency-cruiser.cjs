/** Imports point down this list; siblings of one row do not know each other. */
const layers = [
  ['errors'],
  ['time'],
  ['internal'],
  ['triggers'],
  ['solar', 'describe'],
  ['job'],
  ['events'],
  ['stores', 'executors'],
  ['scheduler'],
];

/** What the core may import from npm. */
const dependencies = ['cron-parser', 'eventemitter3', 'luxon', 'p-limit'];

/** One optional peer, one folder, one subpath export. */
const peerFolders = {
  'src/solar': ['astronomy-engine'],
  'src/describe': ['cronstrue'],
  'src/stores/sql': ['kysely', 'pg', 'mysql2', 'better-sqlite3'],
  'src/stores/redis': ['ioredis'],
  'src/executors/worker-threads': ['piscina'],
  'src/executors/bullmq': ['bullmq'],
};

const allPeers = Object.values(peerFolders).flat();

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: inPackages(allPeers) },
    },
    {
      name: 'src-stands-alone',
      severity: 'error',
      from: { path: '^src/' },
      to: { pathNot: '^src/', dependencyTypes: ['local'] },
    },
    {
      name: 'index-is-a-face',
      comment: 'src/index.ts is for users; inside, import the file itself.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'nothing-needs-testing',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/' },
      to: { path: '^src/testing/' },
    },
    {
      name: 'testing-below-scheduler',
      severity: 'error',
      from: { path: '^src/testing/' },
      to: { path: '^src/scheduler/' },
    },
    ...layers.flatMap(importsPointDown),
    {
      name: 'core-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypesNot: ['local', 'core', 'type-only'],
        pathNot: inPackages([...dependencies, ...allPeers]),
      },
    },
    ...Object.entries(peerFolders).flatMap(peerStaysHome),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};

function importsPointDown(row, index) {
  return row.map((layer) => {
    const others = row.filter((sibling) => sibling !== layer);
    const above = [...others, ...layers.slice(index + 1).flat()];
    return {
      name: `imports-point-down: ${layer}`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: { path: `^src/(${above.join('|')})/` },
    };
  });
}

function peerStaysHome([folder, peers]) {
  return [
    {
      name: `peer-stays-home: ${peers.join(', ')}`,
      severity: 'error',
      from: { path: '^src/', pathNot: `^${folder}/` },
      to: { path: inPackages(peers) },
    },
    {
      name: `peer-folder-is-optional: ${folder}`,
      severity: 'error',
      from: { path: '^src/', pathNot: `^${folder}/` },
      to: { path: `^${folder}/` },
    },
  ];
}

function inPackages(names) {
  return `(^|node_modules/)(@types/)?(${names.join('|')})(/|$)`;
}
