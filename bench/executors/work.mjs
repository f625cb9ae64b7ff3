// What the benchmarks have executed, in worker threads and in the event loop alike.

/** Takes what bare piscina gives: the data. */
export function work({ ms }) {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return ms;
}

/** Takes what a scheduler gives. */
export function handle({ data }) {
  return work(data);
}
