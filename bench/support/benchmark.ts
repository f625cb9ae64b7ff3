/** Says what a figure should reach. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** Is one figure of one measurement. */
export interface Figure {
  /** Names the case. */
  readonly case: string;
  /** Is the figure. */
  readonly value: number;
  /** Names the unit. */
  readonly unit: string;
  /** Is what it should reach; only ours have one. */
  readonly target?: Target;
}

/** Is a figure over several measurements, as it is printed. */
export interface Result extends Omit<Figure, 'value'> {
  /** Names the benchmark. */
  readonly name: string;
  /** Is the median; `null`: there is none, and the note says why. */
  readonly value: number | null;
  /** Names the library that was measured in our place. */
  readonly peer?: string;
  /** Says what stands in the way of a figure. */
  readonly note?: string;
}

/** Says how much to measure. */
export interface Effort {
  /** Is how often each measurement is made: the figures are medians. */
  readonly repeats: number;
  /** Shortens what can be shortened; the figures are for a glance only. */
  readonly isQuick: boolean;
  /** Measures the peers too. */
  readonly withPeers: boolean;
}

/** Is something to measure, in a process of its own. */
export interface Probe<P> {
  /** Names it, for the one result that there is when the process dies. */
  readonly label: string;
  /** Names the library, unless it is ours. */
  readonly peer?: string;
  /** Are the arguments of {@link Benchmark.measure}, as JSON. */
  readonly params: P;
  /** Are further options of Node for the process. */
  readonly nodeOptions?: readonly string[];
  /** Is how long it may take, in milliseconds. @defaultValue 2 minutes */
  readonly timeoutMs?: number;
}

/** Is one benchmark. It is found again by the child processes, as an export of its module. */
export interface Benchmark<P> {
  /** Names it, on the command line and in its results. */
  readonly name: string;
  /** Is `import.meta.url` of the module that exports it. */
  readonly module: string;
  /** Lists what there is to measure. */
  probes(effort: Effort): readonly Probe<P>[];
  /** Measures once; called in a process of its own. */
  measure(params: P): Promise<readonly Figure[]>;
  /** Gives what follows from the results: ratios between them. */
  derive?(results: readonly Result[]): readonly Result[];
}

/** Is a benchmark whose arguments only it knows. */
export type AnyBenchmark = Omit<Benchmark<never>, 'probes'> & {
  probes(effort: Effort): readonly Probe<unknown>[];
};
