// Asks a server at a steady rate, from a process of its own, and sends its parent how long each answer took.

import { Agent, get } from 'node:http';

const [, , port, warmUpMs] = process.argv;
const EVERY_MS = 5;
// Few enough that a server that does not answer for seconds takes them all; the others wait here, which counts.
const agent = new Agent({ keepAlive: true, maxSockets: 32 });
const delays = [];
let isMeasuring = false;
let isOver = false;
let open = 0;
let next = performance.now();

setTimeout(() => {
  isMeasuring = true;
  process.send('ready');
}, Number(warmUpMs));
process.on('message', () => {
  isOver = true;
  sendWhenAnswered();
});
tick();

function tick() {
  if (isOver) return;
  // What this process was late for counts too, or a slow answer would hide those that should have been asked meanwhile.
  for (; next <= performance.now(); next += EVERY_MS) ask(next);
  setTimeout(tick, Math.max(0, next - performance.now()));
}

function ask(dueAt) {
  const counts = isMeasuring;
  open++;
  get({ port, host: '127.0.0.1', agent }, (response) => {
    response.resume().on('end', () => {
      if (counts) delays.push(performance.now() - dueAt);
      open--;
      sendWhenAnswered();
    });
  });
}

function sendWhenAnswered() {
  if (!isOver || open > 0) return;
  process.send(delays, () => process.exit());
}
