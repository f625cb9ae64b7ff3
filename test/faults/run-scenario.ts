import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from '../support/within.js';
import { checkHistory } from './checker/check-history.js';
import type { Finding } from './checker/evidence.js';
import type { Engines } from './engines.js';
import type { CompiledProgram } from './fleet/compiled-program.js';
import type { Entry } from './history/entries.js';
import { HistoryWriter } from './history/history-writer.js';
import { monotonicMs } from './history/monotonic.js';
import { readHistory } from './history/read-history.js';
import { CannotHappen } from './scenario.js';
import type { EngineName, Scenario } from './scenario.js';
import { Stage } from './stage.js';

/** Tells how a scenario went. */
export interface Verdict {
  readonly ms: number;
  /** Is what did not come about; `null`: all did. */
  readonly failure: unknown;
  readonly findings: readonly Finding[];
  readonly entries: readonly Entry[];
  readonly runs: number;
  /** Is where the histories are kept; `null`: nothing was wrong, and they are gone. */
  readonly folder: string | null;
  /** Is why the scenario could not be made to happen; `null`: it was. */
  readonly skipReason: string | null;
}

/** Runs a scenario on an engine, and has its history checked. */
export async function runScenario(
  scenario: Scenario,
  engine: EngineName,
  engines: Engines,
  program: CompiledProgram,
  isLong: boolean,
): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), `escapement-fault-${scenario.name}-${engine}-`));
  const history = new HistoryWriter(folder, 'runner');
  const { place, ...servers } = await engines.place(engine, folder, scenario);
  const begunAt = monotonicMs();
  let stage: Stage | null = null;
  let tearDown: (() => void) | undefined;
  let failure: unknown = null;
  let findings: readonly Finding[] = [];
  let runs = 0;
  try {
    tearDown = scenario.setUp?.(place);
    stage = await Stage.open({ place, ...servers, folder, history, program, isLong });
    await within(scenario.run(stage), scenario.name, isLong ? 600_000 : 120_000);
    const evidence = await stage.conclude();
    runs = evidence.runs.length;
    findings = checkHistory(evidence);
  } catch (error) {
    failure = error;
  }
  try {
    if (stage !== null) await within(stage.clear(), 'the stage to be cleared', 60_000);
    tearDown?.();
  } catch (error) {
    failure ??= error;
  }
  const ms = monotonicMs() - begunAt;
  const entries = readHistory(folder);
  history.close();
  const skipReason = failure instanceof CannotHappen ? failure.message : null;
  const isSound = (failure === null || skipReason !== null) && findings.length === 0;
  if (isSound) rmSync(folder, { recursive: true });
  return { ms, failure, findings, entries, runs, folder: isSound ? null : folder, skipReason };
}
