// Compares the core with other schedulers: `npm run bench:core`, or with `-- --json`.

import { report } from '../support/report.js';
import { add } from './add.js';
import { heap } from './heap.js';
import { lateness } from './lateness.js';
import { next } from './next.js';
import { runs } from './runs.js';
import { wakeup } from './wakeup.js';

await report([next, add, heap, runs, wakeup, lateness]);
