// Compares cron triggers with other libraries: `npm run bench:triggers`, or with `-- --json`.

import { report } from '../support/report.js';
import { nextTimes } from './next-times.js';

await report([nextTimes]);
