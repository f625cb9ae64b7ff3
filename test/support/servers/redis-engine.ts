import { connect } from 'node:net';
import { findProgram } from './find-program.js';
import type { ServerEngine } from './server-engine.js';

/** Runs Redis. */
export const redisEngine: ServerEngine = {
  kind: 'redis',
  users: ['redis', 'nobody'],
  stopSignal: 'SIGTERM',
  discardSignal: 'SIGKILL',

  missing: () => (findProgram('redis-server') === null ? 'there is no `redis-server` on the PATH' : null),

  install: () => null,

  run({ folder, port }, { durable, config }) {
    const settings = {
      dir: folder,
      bind: '127.0.0.1',
      port: String(port),
      // A save point that is never reached: a stop in order saves, and nothing else does.
      save: '86400 1000000000',
      ...(durable ? { appendonly: 'yes', appendfsync: 'always' } : {}),
      ...config,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    return { file: findProgram('redis-server') ?? 'redis-server', args };
  },

  url: (port) => `redis://127.0.0.1:${port}`,

  probe: (url) =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const socket = connect({ host: hostname, port: Number(port), timeout: 1000 });
      socket.write('PING\r\n');
      socket.on('error', reject);
      socket.on('timeout', () => socket.destroy(new Error('No answer to PING')));
      socket.on('close', () => reject(new Error('The connection was closed')));
      socket.once('data', (answer) => {
        if (answer.toString().startsWith('+PONG')) resolve();
        socket.destroy();
      });
    }),
};
