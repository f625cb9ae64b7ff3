import { describe, expect, it } from 'vitest';
import type { Database } from '../../../src/stores/sql/database.js';
import { HintSender, readHints } from '../../../src/stores/sql/hint-sender.js';
import { nextTurn } from '../../../src/time/turns.js';

/** Is a sender whose notifications end in a list. */
function senderTo(sent: string[], execute: () => Promise<unknown> = async () => undefined): HintSender {
  const notify = (_channel: string, payload: string): { execute(): Promise<unknown> } => ({
    execute: () => {
      sent.push(payload);
      return execute();
    },
  });
  return new HintSender({ dialect: { notify }, session: null } as unknown as Database, 'channel', 'me');
}

function hintsOf(sent: readonly string[]): unknown[] {
  return sent.flatMap((payload) => readHints(payload, 'you'));
}

describe('a sender of hints', () => {
  it('sends what is told in one breath at once: the first time, and each run', async () => {
    const sent: string[] = [];
    const sender = senderTo(sent);
    sender.work(20);
    sender.cancel('a');
    sender.work(10);
    sender.work(30);
    sender.cancel('b');
    sender.cancel('a');
    await sender.flush();
    expect(sent).toHaveLength(1);
    expect(hintsOf(sent)).toEqual([
      { kind: 'cancel', runId: 'a' },
      { kind: 'cancel', runId: 'b' },
      { kind: 'work', at: 10 },
    ]);
  });

  it('takes at once for the earliest time', async () => {
    const sent: string[] = [];
    const sender = senderTo(sent);
    sender.work(10);
    sender.work(null);
    sender.work(-5);
    await sender.flush();
    expect(hintsOf(sent)).toEqual([{ kind: 'work', at: null }]);
  });

  it('sends many runs in notifications that are not too long', async () => {
    const sent: string[] = [];
    const sender = senderTo(sent);
    const ids = Array.from({ length: 1050 }, (_, at) => `run-of-20-characters${at}`);
    for (const id of ids) sender.cancel(id);
    await sender.flush();
    expect(hintsOf(sent)).toEqual(ids.map((runId) => ({ kind: 'cancel', runId })));
    for (const payload of sent) expect(Buffer.byteLength(payload)).toBeLessThan(8000);
  });

  it('sends the progress of many runs beside them, in notifications that are not too long', async () => {
    const sent: string[] = [];
    const sender = senderTo(sent);
    const ids = Array.from({ length: 250 }, (_, at) => `run-of-20-characters${at}`);
    for (const id of ids) sender.progress(id);
    for (const id of ids.slice(0, 70)) sender.cancel(id);
    for (const id of ids.slice(0, 20)) sender.ended(id);
    for (const id of ids) sender.progress(id);
    await sender.flush();
    const hints = hintsOf(sent) as { kind: string; runId: string }[];
    const ofKind = (kind: string): string[] =>
      hints.flatMap((hint) => (hint.kind === kind ? [hint.runId] : []));
    expect([ofKind('progress'), ofKind('cancel'), ofKind('ended')]).toEqual([
      ids,
      ids.slice(0, 70),
      ids.slice(0, 20),
    ]);
    for (const payload of sent) expect(Buffer.byteLength(payload)).toBeLessThan(8000);
  });

  // Between the last look for more and the end of the sending there are steps in which others go on.
  it.each(Array.from({ length: 12 }, (_, at) => at))(
    'keeps nothing back that is told %i steps after something else',
    async (steps) => {
      const sent: string[] = [];
      const sender = senderTo(sent);
      sender.work(1);
      for (let step = 0; step < steps; step++) await Promise.resolve();
      const isFolded = sent.length === 0;
      sender.work(2);
      await nextTurn();
      const times = hintsOf(sent).map((hint) => (hint as { at: number }).at);
      expect(times).toEqual(isFolded ? [1] : [1, 2]);
    },
  );

  it('goes on after a failure', async () => {
    const sent: string[] = [];
    const sender = senderTo(sent, async () => {
      throw new Error('no');
    });
    sender.work(1);
    await sender.flush();
    sender.work(2);
    await sender.flush();
    expect(sent).toHaveLength(2);
  });
});

describe('readHints', () => {
  it('takes what others sent, and nothing else', () => {
    const good = [
      { kind: 'work', at: null },
      { kind: 'work', at: 5 },
      { kind: 'cancel', runId: 'a' },
      { kind: 'progress', runId: 'a' },
      { kind: 'ended', runId: 'b' },
    ];
    const bad = [
      null,
      5,
      'work',
      {},
      { kind: 'work' },
      { kind: 'work', at: '5' },
      { kind: 'cancel' },
      { kind: 'drop', runId: 'a' },
    ];
    expect(readHints(JSON.stringify({ from: 'you', hints: [...bad, ...good] }), 'me')).toEqual(good);
    expect(readHints(JSON.stringify({ from: 'me', hints: good }), 'me')).toEqual([]);
    for (const payload of ['', 'x', 'null', '5', '{}', '{"from":"you","hints":5}', '[]'])
      expect(readHints(payload, 'me')).toEqual([]);
  });
});
