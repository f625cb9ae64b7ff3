/** Is a schedule on the day of a clock change. */
export interface DaylightSavingCase {
  /** Is the zone. */
  readonly zone: string;
  /** Is the expression. */
  readonly expression: string;
  /** Is the local date of the change, or the first of the days that are looked at. */
  readonly date: string;
  /** Says how many local days are looked at. */
  readonly days: number;
  /** Is the instant asked about, of which the one next fire time is wanted; without it, all of those days are. */
  readonly asked?: string;
}

/** Is a table of cases. */
export interface DaylightSavingTable {
  /** Is its title. */
  readonly title: string;
  /** Says that fire times are counted, not listed. */
  readonly isCounted: boolean;
  /** Are its rows. */
  readonly cases: readonly DaylightSavingCase[];
}

const on = (zone: string, expression: string, date: string, days = 1): DaylightSavingCase => ({
  zone,
  expression,
  date,
  days,
});

const FORWARDS = [
  ['America/New_York', '2025-03-09'],
  ['Europe/London', '2025-03-30'],
  ['Australia/Lord_Howe', '2025-10-05'],
  ['Africa/Casablanca', '2025-04-06'],
  ['Antarctica/Troll', '2025-03-30'],
  ['Africa/Cairo', '2025-04-25'],
  ['America/Santiago', '2025-09-07'],
  ['Pacific/Chatham', '2025-09-28'],
] as const;

const BACKWARDS = [
  ['America/New_York', '2025-11-02'],
  ['Europe/London', '2025-10-26'],
  ['Australia/Lord_Howe', '2025-04-06'],
  ['Africa/Casablanca', '2025-02-23'],
  ['Antarctica/Troll', '2025-10-26'],
  ['Africa/Cairo', '2025-10-30'],
  ['America/Santiago', '2025-04-05'],
  ['Pacific/Chatham', '2025-04-06'],
] as const;

const SKIPPED = [
  '30 2 * * *',
  '30 1 * * *',
  '15 2 * * *',
  '30 2 * * *',
  '30 1 * * *',
  '30 0 * * *',
  '30 0 * * *',
  '0 3 * * *',
];
const REPEATED = [
  '30 1 * * *',
  '30 1 * * *',
  '45 1 * * *',
  '30 2 * * *',
  '30 1 * * *',
  '30 23 * * *',
  '30 23 * * *',
  '0 3 * * *',
];

/** Are instants ten minutes (in Lord_Howe five) into the second pass. */
const SECOND_PASS = [
  '2025-11-02T06:10Z',
  '2025-10-26T01:10Z',
  '2025-04-05T15:05Z',
  '2025-02-23T02:10Z',
  '2025-10-26T01:10Z',
  '2025-10-30T21:10Z',
  '2025-04-06T03:10Z',
  '2025-04-05T14:10Z',
];

/** Are the tables of docs/daylight-saving.md. */
export const TABLES: readonly DaylightSavingTable[] = [
  {
    title: 'A time of day that does not exist',
    isCounted: false,
    cases: FORWARDS.map(([zone, date], index) => on(zone, SKIPPED[index] ?? '', date)),
  },
  {
    title: 'A time of day that comes twice',
    isCounted: false,
    cases: BACKWARDS.map(([zone, date], index) => on(zone, REPEATED[index] ?? '', date)),
  },
  {
    title: 'The next fire time, asked for within the second pass',
    isCounted: false,
    cases: BACKWARDS.map(([zone, date], index) => ({
      ...on(zone, REPEATED[index] ?? '', date),
      asked: SECOND_PASS[index] ?? '',
    })),
  },
  {
    title: 'Times of day next to the change, and midnights that do not exist',
    isCounted: false,
    cases: [
      on('America/New_York', '0 2 * * *', '2025-03-09'),
      on('America/New_York', '0 2 * * *', '2025-11-02'),
      on('America/New_York', '0 3 * * *', '2025-03-09'),
      on('Europe/London', '0 1 * * *', '2025-10-26'),
      on('Europe/London', '0 2 * * *', '2025-10-26'),
      on('America/Asuncion', '0 0 1 * *', '2023-10-01'),
      on('America/Santiago', '0 0 * * *', '2025-09-07'),
      on('America/Santiago', '30 0 * * *', '2025-09-08'),
      on('Africa/Cairo', '0 0 * * *', '2025-04-25'),
      on('Pacific/Apia', '0 12 * * *', '2011-12-29', 3),
    ],
  },
  {
    title: 'Every 15 minutes, on the day when the clock goes forward',
    isCounted: true,
    cases: FORWARDS.map(([zone, date]) => on(zone, '*/15 * * * *', date)),
  },
  {
    title: 'Every 15 minutes, on the day when the clock goes back',
    isCounted: true,
    cases: BACKWARDS.map(([zone, date]) => on(zone, '*/15 * * * *', date)),
  },
];
