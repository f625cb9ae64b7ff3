import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { MissingPeerError } from '../../src/errors/missing-peer-error.js';
import { loadPeer } from '../../src/internal/load-peer.js';

const load = createRequire(import.meta.url);

describe('an optional peer', () => {
  it('is given when it is installed', () => {
    expect(loadPeer('luxon', 'This test', () => load('luxon'))).toHaveProperty('DateTime');
  });

  it('that is not installed is an error that says what to install', () => {
    const loadIt = (): unknown =>
      loadPeer('no-such-peer', 'The tide trigger', () => load('no-such-peer/tides'));
    expect(loadIt).toThrow(MissingPeerError);
    expect(loadIt).toThrow(
      expect.objectContaining({
        code: 'ESC_MISSING_PEER',
        peer: 'no-such-peer',
        message: 'The tide trigger needs the package "no-such-peer". Install it: npm install no-such-peer',
        cause: expect.objectContaining({ code: 'MODULE_NOT_FOUND' }) as unknown,
      }),
    );
  });

  it('that fails for another reason fails with that', () => {
    const fail = (error: unknown) => () =>
      loadPeer('luxon', 'This test', () => {
        throw error;
      });
    const broken = new Error('broken');
    expect(fail(broken)).toThrow(broken);
    const other = Object.assign(new Error("Cannot find module 'other'"), { code: 'MODULE_NOT_FOUND' });
    expect(fail(other)).toThrow(other);
  });
});
