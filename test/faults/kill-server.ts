import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './stage.js';

/** Kills the server, and starts it again half a second later. */
export async function killServer(stage: Stage): Promise<void> {
  stage.fault('the server is killed');
  await stage.server.stop('kill');
  await sleep(500);
  await stage.server.start();
  stage.fault('the server is back');
}
