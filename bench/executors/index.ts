// Compares the executors, and piscina alone: `npm run bench:executors`, or with `-- --json`.

import { report } from '../support/report.js';
import { overhead } from './overhead.js';
import { responses } from './responses.js';

await report([overhead, responses]);
