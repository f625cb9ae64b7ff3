import { describe, expect, test } from 'vitest';
import { InvalidOptionError } from '../../src/index.js';
import { encodeInput, readInput } from '../../src/job/run-input.js';

describe('what is left for a run', () => {
  test('is read as it was written', () => {
    const parent = { task: 'chain', priority: -2 };
    const failure = { runId: 'r', task: 't', error: { name: 'Error', message: 'no' } };
    expect(readInput({ input: null })).toEqual({});
    expect(readInput({ input: encodeInput({}, null) })).toEqual({});
    expect(readInput({ input: encodeInput({}, '[1]') })).toEqual({ previous: [1] });
    expect(readInput({ input: encodeInput({ parent, failure }, 'null') })).toEqual({
      parent,
      failure,
      previous: null,
    });
  });

  test.each([
    'null',
    '5',
    '"x"',
    '[]',
    '{"parent":5}',
    '{"parent":null}',
    '{"parent":{"task":5,"priority":0}}',
    '{"parent":{"task":"t"}}',
    '{"parent":{"task":"t","priority":"0"}}',
    '{"parent":{"task":"t","priority":1.5}}',
    '{"parent":{"task":"t","priority":3}}',
    '{"failure":null}',
    '{"failure":{"runId":"r","task":"t","error":"no"}}',
    '{"failure":{"runId":"r","task":"t","error":{"name":"Error"}}}',
    '{"failure":{"runId":5,"task":"t","error":{"name":"Error","message":"no"}}}',
  ])('is refused where somebody made it %s', (input) => {
    expect(() => readInput({ input })).toThrow(InvalidOptionError);
  });

  test('is refused where it is no JSON', () => {
    expect(() => readInput({ input: '{' })).toThrow(SyntaxError);
  });
});
