/** Is a date, `'2026-12-25'`, the same date in every year, `'12-25'`, or a range of either kind. */
export type CalendarDate = string | CalendarDateRange;

/** Is a range of dates, both ends included. One of dates without a year may go round: `12-24` to `01-02`. */
export interface CalendarDateRange {
  /** Is the first date. */
  readonly from: string;
  /** Is the last date. */
  readonly to: string;
}

/** Is a window of the day, which may go round midnight: `22:00` to `06:00`. */
export interface TimeWindow {
  /** Is the first time of day in it. */
  readonly from: string;
  /** Is the first time of day after it; `24:00` is the end of the day. */
  readonly to: string;
}
