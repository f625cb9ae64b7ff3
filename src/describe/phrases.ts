/** Is an amount of a unit: 5 minutes. */
export interface UnitAmount {
  /** Names the unit. */
  readonly unit: 'year' | 'month' | 'week' | 'day' | 'hour' | 'minute' | 'second' | 'millisecond';
  /** Counts it. */
  readonly amount: number;
}

/** Is what a calendar excludes, each list shown in order. */
export interface ExclusionTexts {
  /** Are dates and ranges of dates. */
  readonly dates: readonly (string | readonly [from: string, to: string])[];
  /** Are weekdays, Sunday as 0, and ranges of them. */
  readonly weekdays: readonly (readonly [from: number, to: number])[];
  /** Are windows of the day. */
  readonly times: readonly (readonly [from: string, to: string])[];
  /** Describes a trigger on whose days it does not fire. */
  readonly daysOf: string | undefined;
  /** Describes a trigger together with which it does not fire. */
  readonly instantsOf: string | undefined;
}

/** Holds the words of one language for all that is not a cron expression. */
export interface Phrases {
  /** Says that something happens once, at an instant. */
  once(at: string): string;
  /** Says that something happens every so often. */
  every(amounts: readonly UnitAmount[]): string;
  /** Says at which time of day. */
  atTime(text: string, time: string): string;
  /** Says that the last day stands for one that the month lacks. */
  lastForMissing(text: string): string;
  /** Says in which ISO weeks. */
  inWeeks(text: string, weeks: string): string;
  /** Says from when on. */
  from(text: string, at: string): string;
  /** Says until when. */
  until(text: string, at: string): string;
  /** Says that any of these will do. */
  anyOf(texts: readonly string[]): string;
  /** Says that all of these have to meet. */
  allOf(texts: readonly string[]): string;
  /** Says what is left out. */
  except(text: string, exclusions: ExclusionTexts): string;
  /** Says at which event of the sun, or how long before or after it. */
  solar(event: string, place: string, offset: readonly UnitAmount[], isBefore: boolean): string;
  /** Names a schedule that has no words. */
  schedule(text: string): string;
  /** Names a schedule in which the job fixes each H. */
  hashed(text: string): string;
}
