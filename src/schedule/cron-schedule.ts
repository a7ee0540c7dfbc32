import { createTask, validate } from 'node-cron';

const MINUTE_MS = 60_000;
/** Offsets from UTC change at multiples of this. */
const OFFSET_STEP_MS = 15 * MINUTE_MS;
const MAX_GAP_MS = 3 * 3_600_000;
const DAY_MS = 86_400_000;
/** The farthest that a next tick is looked for: the 29th of February can be eight years away. */
const HORIZON_MS = 8 * 366 * DAY_MS;
/** Offsets remembered a zone: ten years of days. */
const MAX_KNOWN = 4_000;

/** A cron expression in a time zone, asked by UTC minutes. */
export interface CronSchedule {
  /** Ticks in (after, until], ascending, ms since the epoch; at most `limit`. */
  between(after: number, until: number, limit?: number): number[];
  /** The first tick after this instant within eight years; null: never. */
  next(after: number): number | null;
}

/** What is wrong with a cron expression of five fields; null: nothing. */
export function cronFault(expression: string): string | null {
  const fields = expression.trim().split(/\s+/).length;
  if (fields !== 5)
    return `has ${fields} fields; write five: minute hour day month weekday, e.g. "0 6 * * *"`;
  return validate(expression)
    ? null
    : 'is no cron expression; write e.g. "0 6 * * *" or "*/15 * * * *"';
}

/**
 * Ticks by matching every UTC minute's local time (node-cron's `match`; its timers lose runs when clocks change).
 *
 * A schedule that fixes an hour and falls into the hour that clocks skip runs at the first minute after the gap; in the
 * hour that comes twice it runs once. Schedules of every hour or minute just go on.
 */
export function createCronSchedule(expression: string, timeZone: string): CronSchedule {
  // Local times are matched as if they were UTC, so that skipped local minutes can be asked for too.
  const task = createTask(expression, () => undefined, { timezone: 'UTC' });
  const [minuteField = '*', hourField = '*'] = expression.trim().split(/\s+/);
  const fixesHour = !hourField.includes('*');
  const minutes = minuteSet(minuteField);
  const offsetAt = createOffsets(timeZone);
  const matchesLocal = (local: number): boolean => {
    if (minutes !== null && !minutes.has(Math.floor(local / MINUTE_MS) % 60)) return false;
    return task.match(new Date(local));
  };

  function isDue(minute: number): boolean {
    const offset = offsetAt(minute);
    // Clocks change on a quarter of an hour only: elsewhere the minute before has the same offset.
    const before = minute % OFFSET_STEP_MS === 0 ? offsetAt(minute - MINUTE_MS) : offset;
    if (fixesHour && offset > before && skippedMatches(minute, before, offset)) return true;
    if (!matchesLocal(minute + offset)) return false;
    return !fixesHour || !isSecondPass(minute, offset);
  }

  /** Clocks have just jumped from `before` to `offset`: was any of the local minutes in between a match? */
  function skippedMatches(minute: number, before: number, offset: number): boolean {
    for (let local = minute + before; local < minute + offset; local += MINUTE_MS) {
      if (matchesLocal(local)) return true;
    }
    return false;
  }

  /** Has this local time been before, less than three hours ago, under a greater offset? */
  function isSecondPass(minute: number, offset: number): boolean {
    for (let back = OFFSET_STEP_MS; back <= MAX_GAP_MS; back += OFFSET_STEP_MS) {
      const earlier = offsetAt(minute - back);
      if (earlier > offset) return earlier - offset >= back;
    }
    return false;
  }

  function between(after: number, until: number, limit = Infinity): number[] {
    const ticks: number[] = [];
    const first = (Math.floor(after / MINUTE_MS) + 1) * MINUTE_MS;
    for (let minute = first; minute <= until && ticks.length < limit; minute += MINUTE_MS) {
      if (isDue(minute)) ticks.push(minute);
    }
    return ticks;
  }

  return {
    between,
    next: (after) => between(after, after + HORIZON_MS, 1)[0] ?? null,
  };
}

/** The minutes that a minute field can match, so that the others are passed over; null: it is written in another way. */
function minuteSet(field: string): ReadonlySet<number> | null {
  const minutes = new Set<number>();
  for (const part of field.split(',')) {
    const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null) return null;
    const [, first, last, step] = match;
    const from = Number(first ?? 0);
    const to = first === undefined ? 59 : Number(last ?? (step === undefined ? first : 59));
    for (let minute = from; minute <= to; minute += Number(step ?? 1)) minutes.add(minute);
  }
  return minutes;
}

/** Offset of a zone from UTC in ms at any instant, remembered by day, and by quarter of an hour where it changes. */
function createOffsets(timeZone: string): (time: number) => number {
  if (timeZone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const look = (time: number): number => {
    const parts = new Map(
      format.formatToParts(time).map(({ type, value }) => [type, Number(value)]),
    );
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const local = Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    );
    return local - time;
  };
  const steps = new Map<number, number>();
  const days = new Map<number, number | null>();
  /** The offset of a whole UTC day; null: it changes within. No zone changes twice in a day. */
  const ofDay = (day: number): number | null => {
    let offset = days.get(day);
    if (offset === undefined) {
      const first = look(day);
      offset = first === look(day + DAY_MS) ? first : null;
      if (days.size > MAX_KNOWN) days.clear();
      days.set(day, offset);
    }
    return offset;
  };
  // Minutes are asked for in order: the last day's answer is nearly always the next one's too.
  let lastDay = -1;
  let lastOffset: number | null = null;
  return (time) => {
    const day = Math.floor(time / DAY_MS) * DAY_MS;
    if (day !== lastDay) {
      lastOffset = ofDay(day);
      lastDay = day;
    }
    if (lastOffset !== null) return lastOffset;
    const step = Math.floor(time / OFFSET_STEP_MS) * OFFSET_STEP_MS;
    let offset = steps.get(step);
    if (offset === undefined) {
      offset = look(step);
      if (steps.size > MAX_KNOWN) steps.clear();
      steps.set(step, offset);
    }
    return offset;
  };
}
