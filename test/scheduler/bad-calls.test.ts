import { describe } from 'vitest';
import { InvalidOptionError, JobNotFoundError, defineTask } from '../../src/index.js';
import { minutely, noop, testRefusals } from '../support/refusals.js';
import type { Refusal } from '../support/refusals.js';

const VERBS: readonly Refusal[] = [
  ...(['pauseJob', 'resumeJob', 'runJob'] as const).map(
    (verb): Refusal => [`${verb} of no job`, (s) => s[verb]('none'), JobNotFoundError, '"none"', '"default"'],
  ),
  ['modifyJob of no job', (s) => s.modifyJob('none', {}), JobNotFoundError, '"none"'],
  ['rescheduleJob of no job', (s) => s.rescheduleJob('none', minutely), JobNotFoundError, '"none"'],
  ['backfill of no job', (s) => s.backfill('none', '2025-01-01', '2025-01-02'), JobNotFoundError, '"none"'],
  ['an unknown change', (s) => s.modifyJob('none', { id: 'b' } as object), InvalidOptionError, 'changes.id'],
  [
    'an unknown filter of getJobs',
    (s) => s.getJobs({ state: 'active' } as object),
    InvalidOptionError,
    'filter.state',
  ],
  [
    'an unknown state of getJobs',
    (s) => s.getJobs({ states: ['done' as 'active'] }),
    InvalidOptionError,
    'filter.states[0]',
    '"done"',
  ],
  ['a limit of zero', (s) => s.getJobs({ limit: 0 }), InvalidOptionError, 'limit', '0'],
  [
    'an unknown filter of getRuns',
    (s) => s.getRuns({ status: 'queued' } as object),
    InvalidOptionError,
    'filter.status',
  ],
  [
    'an unknown filter of removeAllJobs',
    (s) => s.removeAllJobs({ tags: ['a'] } as object),
    InvalidOptionError,
    'filter.tags',
  ],
  [
    'an unknown option of enqueue',
    (s) => s.enqueue(defineTask('t', noop), undefined, { id: 'a' } as object),
    InvalidOptionError,
    'options.id',
  ],
  [
    'a negative delay of enqueue',
    (s) => s.enqueue(defineTask('t', noop), undefined, { delay: -1 }),
    InvalidOptionError,
    'options.delay',
    '-1',
  ],
  [
    'delay and at together',
    (s) => s.enqueue(defineTask('t', noop), undefined, { delay: 1, at: '2026-01-01' }),
    InvalidOptionError,
    'options.delay',
    '`at`',
  ],
  [
    'options of enqueue that are null',
    (s) => s.enqueue(defineTask('t', noop), undefined, null as never),
    InvalidOptionError,
    'options',
    'null',
  ],
  [
    'an unknown option of shutdown',
    (s) => s.shutdown({ force: true } as object),
    InvalidOptionError,
    'options.force',
  ],
  [
    'a negative timeout of shutdown',
    (s) => s.shutdown({ timeout: -1 }),
    InvalidOptionError,
    'options.timeout',
    '-1',
  ],
  [
    'an unknown option of start',
    (s) => s.start({ pause: true } as object),
    InvalidOptionError,
    'options.pause',
  ],
  [
    'an unknown option of importJobs',
    (s) => s.importJobs('', { mode: 'keep' } as object),
    InvalidOptionError,
    'options.mode',
  ],
  [
    'an unknown option of preview',
    (s) => s.preview('2026-01-01', '2026-01-02', { max: 5 } as object),
    InvalidOptionError,
    'options.max',
  ],
  [
    'a preview that ends before it begins',
    (s) => s.preview('2026-01-02', '2026-01-01'),
    InvalidOptionError,
    'to',
  ],
  [
    'an unknown option beside the store of getJob',
    (s) => s.getJob('a', { stores: 'x' } as object),
    InvalidOptionError,
    'stores',
  ],
  ['an import that is no text', (s) => s.importJobs({} as never), InvalidOptionError, 'text'],
  [
    'a schedule that is no array',
    (s) => s.applySchedule('me', {} as never),
    InvalidOptionError,
    'entries',
    'array',
  ],
  [
    'an entry of a schedule that is null',
    (s) => s.applySchedule('me', [null as never]),
    InvalidOptionError,
    'entries',
    'null',
  ],
  [
    'an entry of a schedule without an id',
    (s) => s.applySchedule('me', [{ task: 't', trigger: '* * * * *' } as never]),
    InvalidOptionError,
    'id',
  ],
  [
    'an entry of a schedule with a function',
    (s) => s.applySchedule('me', [{ id: 'a', task: noop, trigger: '* * * * *' } as never]),
    InvalidOptionError,
    'task',
  ],
  [
    'an entry of a schedule with ifExists',
    (s) =>
      s.applySchedule('me', [
        { id: 'a', task: defineTask('t', noop), trigger: '* * * * *', ifExists: 'keep' } as never,
      ]),
    InvalidOptionError,
    'ifExists',
  ],
  ['requests that are no array', (s) => s.addJobs({} as never), InvalidOptionError, 'requests', 'array'],
  ['a request that is null', (s) => s.addJobs([null as never]), InvalidOptionError, 'requests[0]', 'null'],
  [
    'a request with an unknown key',
    (s) => s.addJobs([{ task: noop, option: {} } as never]),
    InvalidOptionError,
    'option',
  ],
  [
    'a request that names a store',
    (s) => s.addJobs([{ task: noop, options: { store: 'x' } as object }]),
    InvalidOptionError,
    'store',
  ],
];

describe('in another call', () => {
  testRefusals(VERBS);
});
