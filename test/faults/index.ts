// Breaks fleets of real processes on real servers, and checks what they did: `npm run test:faults`,
// or with `-- --long`, `--only <name>` (a part of it suffices), `--engine <postgres|sqlite|mysql|redis>`, `--list`.

import { parseArgs } from 'node:util';
import { Engines } from './engines.js';
import { CompiledProgram } from './fleet/compiled-program.js';
import { reportVerdict } from './report-verdict.js';
import { runScenario } from './run-scenario.js';
import { ALL_ENGINES } from './scenario.js';
import { SCENARIOS } from './scenarios/index.js';

const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    engine: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const { long: isLong, only, engine: wanted, list } = values;
if (wanted !== undefined && !ALL_ENGINES.some((engine) => engine === wanted)) {
  throw new Error(`Expected --engine to be one of ${ALL_ENGINES.join(', ')}, got ${wanted}`);
}
const named = SCENARIOS.filter(({ name }) => name.includes(only));
const chosen = named.flatMap((scenario) =>
  scenario.engines.filter(isWanted).map((engine) => ({ scenario, engine })),
);
if (chosen.length === 0) throw new Error(`No scenario has ${JSON.stringify(only)} in its name`);

if (list) for (const { scenario, engine } of chosen) console.log(`${scenario.name} on ${engine}`);
else await runAll();
for (const { name, leftOut = {} } of named) {
  for (const [engine, why] of Object.entries(leftOut)) {
    if (isWanted(engine)) console.log(`left out ${name} on ${engine}: ${why}`);
  }
}

function isWanted(engine: string): boolean {
  return wanted === undefined || engine === wanted;
}

async function runAll(): Promise<void> {
  const engines = new Engines();
  const program = new CompiledProgram();
  const isRequired = process.env['ESCAPEMENT_REQUIRE_SERVERS'] === '1';
  let failed = 0;
  try {
    for (const { scenario, engine } of chosen) {
      const missing = engines.missing(engine, scenario);
      if (missing === null) {
        const verdict = await runScenario(scenario, engine, engines, program, isLong);
        if (verdict.folder !== null) failed++;
        reportVerdict(`${scenario.name} on ${engine}`, verdict);
      } else {
        if (isRequired) failed++;
        console.log(`${isRequired ? 'FAILED' : 'skipped'} ${scenario.name} on ${engine}: ${missing}`);
      }
    }
  } finally {
    program.dispose();
    await engines.dispose();
  }
  console.log(`${chosen.length} scenarios, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}
