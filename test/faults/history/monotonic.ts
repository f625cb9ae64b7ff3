/** Reads the clock that all processes of a machine share and that nobody sets, in milliseconds. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
