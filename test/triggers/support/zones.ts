/** The zones that the triggers are held against: no changes, one hour, half an hour, two hours, odd offsets, a lost day. */
export const ZONES = [
  'UTC',
  'America/New_York',
  'Europe/London',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Antarctica/Troll',
  'Pacific/Apia',
  'Africa/Cairo',
  'America/Santiago',
  'Asia/Kathmandu',
  'Pacific/Chatham',
  'Asia/Shanghai',
] as const;

const DAY_MS = 86_400_000;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Reads the wall clock of a zone off the runtime's formatter, in milliseconds as if it were UTC. */
export function wallClock(zone: string, instant: number): number {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    clocks.set(zone, clock);
  }
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = (
    clock.format(instant).match(/\d+/g) ?? []
  ).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Lists the UTC days of 2024 to 2030 in which a zone's offset changes; for a zone without any, three ordinary ones. */
export function daysOfChange(zone: string): readonly number[] {
  const days: number[] = [];
  for (let day = Date.UTC(2024, 0, 1); day < Date.UTC(2031, 0, 1); day += DAY_MS) {
    const before = wallClock(zone, day) - day;
    if (wallClock(zone, day + DAY_MS) - (day + DAY_MS) !== before) days.push(day);
  }
  if (zone === 'Pacific/Apia') days.push(Date.UTC(2011, 11, 30));
  // Close to where the cache of offsets is cut into windows: 2^25 s times 3, and times 28.
  if (zone === 'America/Santiago') days.push(Date.UTC(1973, 2, 11), Date.UTC(1999, 9, 10));
  return days.length > 0 ? days : [Date.UTC(2024, 1, 28), Date.UTC(2025, 11, 31), Date.UTC(2030, 5, 15)];
}
