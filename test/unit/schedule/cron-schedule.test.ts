import { describe, expect, it } from 'vitest';
import { createCronSchedule, cronFault } from '../../../src/schedule/cron-schedule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FROM = Date.UTC(2024, 0, 1);
const TO = Date.UTC(2031, 0, 1);

/** Lord Howe moves by half an hour, Troll by two, Casablanca around Ramadan, Kolkata never. */
const ZONES = [
  'America/New_York',
  'Europe/Vienna',
  'Australia/Lord_Howe',
  'Antarctica/Troll',
  'Africa/Casablanca',
  'Asia/Kolkata',
];

/** Local time by another way than the schedule's own. */
function local(zone: string): (time: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  return (time) => format.format(time);
}

describe.each(ZONES)('daily jobs in %s, 2024 to 2030', (zone) => {
  it.each(['30 2 * * *', '0 0 * * *', '30 1 * * *', '15 3 * * *'])(
    '%s runs exactly once on every local day',
    (expression) => {
      const at = local(zone);
      const ticks = createCronSchedule(expression, zone).between(FROM - DAY, TO + DAY);
      const days = new Map<string, number>();
      for (const tick of ticks) {
        const day = at(tick).slice(0, 10);
        days.set(day, (days.get(day) ?? 0) + 1);
      }
      const wrong: string[] = [];
      for (let noon = FROM + DAY / 2; noon < TO; noon += DAY) {
        const day = at(noon).slice(0, 10);
        if (days.get(day) !== 1) wrong.push(`${day}: ${days.get(day) ?? 0}`);
      }
      expect(wrong).toEqual([]);
    },
  );

  it('a half-hourly job never pauses and never runs twice a half hour', () => {
    const ticks = createCronSchedule('*/30 * * * *', zone).between(FROM, TO);
    expect(ticks).toHaveLength((TO - FROM) / (30 * MINUTE));
    expect(ticks.every((tick, i) => i === 0 || tick - (ticks[i - 1] ?? 0) === 30 * MINUTE)).toBe(
      true,
    );
  });
});

describe('an hour that is skipped or comes twice', () => {
  const utc = (iso: string): number => Date.parse(iso);

  it('runs at the first minute after the gap', () => {
    const vienna = createCronSchedule('30 2 * * *', 'Europe/Vienna');
    expect(vienna.between(utc('2026-03-29T00:00:00Z'), utc('2026-03-29T12:00:00Z'))).toEqual([
      utc('2026-03-29T01:00:00Z'),
    ]);
  });

  it('runs once in the overlap: the first time', () => {
    const newYork = createCronSchedule('30 1 * * *', 'America/New_York');
    expect(newYork.between(utc('2026-11-01T00:00:00Z'), utc('2026-11-01T12:00:00Z'))).toEqual([
      utc('2026-11-01T05:30:00Z'),
    ]);
  });

  it('goes on every hour for a schedule of every hour', () => {
    const hourly = createCronSchedule('0 * * * *', 'Europe/Vienna');
    expect(hourly.between(utc('2026-10-24T22:00:00Z'), utc('2026-10-25T04:00:00Z'))).toHaveLength(
      6,
    );
  });
});

describe('between and next', () => {
  const daily = createCronSchedule('0 6 * * *', 'UTC');

  it('leaves the start out and takes the end in', () => {
    const six = Date.UTC(2026, 0, 1, 6);
    expect(daily.between(six, six + DAY)).toEqual([six + DAY]);
    expect(daily.between(six - 1, six)).toEqual([six]);
    expect(daily.next(six)).toBe(six + DAY);
  });

  it('stops at the limit', () => {
    expect(daily.between(0, 100 * DAY, 3)).toHaveLength(3);
  });

  it('finds the next leap day', () => {
    expect(createCronSchedule('0 0 29 2 *', 'UTC').next(Date.UTC(2024, 1, 29))).toBe(
      Date.UTC(2028, 1, 29),
    );
  });
});

describe('what is wrong with an expression', () => {
  it.each(['0 6 * *', '0 6 * * * *', 'every day', '61 * * * *', '0 0 30 2 *', ''])(
    '%s',
    (expression) => {
      expect(cronFault(expression)).toMatch(/write/);
    },
  );

  it.each(['0 6 * * *', '*/15 * * * *', '0 9-17/2 * * 1-5'])('%s is fine', (expression) => {
    expect(cronFault(expression)).toBeNull();
  });
});
