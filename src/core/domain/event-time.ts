/** Date, `T`, time, optional fraction, and a zone that must be there. */
const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;
/** Years 1970 to 9999: what Postgres and JavaScript both hold without surprises. */
const LATEST = 253_402_300_799_999;

/** Said of an event without a time whose record has none either, as a line of a file. */
export const NO_TIME = 'the event has no time, and none stands around it';

/**
 * Event time in ms since the epoch from RFC 3339 text with a zone, or a number of epoch milliseconds (fractions are cut
 * off); null when it is neither, no date of the calendar, or outside 1970 to 9999. A leap second counts as the second
 * after it.
 */
export function parseEventTime(value: unknown): number | null {
  if (typeof value === 'number') return inRange(Math.floor(value));
  return typeof value === 'string' ? parseText(value) : null;
}

function inRange(time: number): number | null {
  return time >= 0 && time <= LATEST ? time : null;
}

function parseText(text: string): number | null {
  const match = RFC3339.exec(text);
  if (match === null) return null;
  const part = (at: number): number => Number(match[at] ?? 0);
  const [year, month, day] = [part(1), part(2), part(3)];
  const [hour, minute, second] = [part(4), part(5), part(6)];
  const [zoneHour, zoneMinute] = [part(9), part(10)];
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59) return null;
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const local =
    (((daysUntil(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1_000 +
    milliseconds;
  const offset = (zoneHour * 60 + zoneMinute) * 60_000;
  return inRange(match[8] === '-' ? local + offset : local - offset);
}

/** Days from 1970-01-01 until a date; years begin with March, so that the leap day is the last of one. */
function daysUntil(year: number, month: number, day: number): number {
  const years = month > 2 ? year : year - 1;
  const leaps = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  const ofYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return years * 365 + leaps + ofYear - 719_468;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
