import { describe, expect, test } from 'vitest';
import { chain } from '../../src/index.js';
import { nextTurn } from '../../src/time/turns.js';
import { ChainFleet } from './steps/support/chain-fleet.js';

describe('the end of a chain', () => {
  test('is told of once, though the answer is late that a chain awaits its steps', async () => {
    const fleet = new ChainFleet();
    const whole = chain([fleet.task('one', () => 1)], { name: 'whole' });
    const { scheduler, events } = await fleet.join({ tasks: [whole] });
    await scheduler.enqueue(whole);
    const finishRuns = fleet.server.finishRuns.bind(fleet.server);
    let hasStepEnded = false;
    fleet.server.finishRuns = async (node, finishes) => {
      const answer = await finishRuns(node, finishes);
      hasStepEnded ||= finishes.some(({ runId }) => runId.endsWith('.0'));
      if (finishes.some(({ outcome }) => outcome?.kind === 'await')) {
        if (!hasStepEnded) throw new Error('The answer is lost');
        for (let turn = 0; turn < 3; turn++) await nextTurn();
      }
      return answer;
    };
    await fleet.clock.advance({ seconds: 60 });
    expect(events.of('run:succeeded').map(({ run }) => run.task)).toEqual(['one', 'whole']);
  });
});
