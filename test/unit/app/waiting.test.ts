import { describe, expect, it } from 'vitest';
import { waitingTick } from '../../../src/app/status/waiting.ts';

const HOUR = 3_600_000;
const MIDNIGHT = Date.UTC(2026, 2, 2);
const DAILY = { schedule: '2 0 * * *', timeZone: 'UTC' };
/** The tick of midnight is at 0:02, of the windows that end at 0:00. */
const DUE = MIDNIGHT + 120_000;
const BEFORE = { dealtWith: DUE - 24 * HOUR, watermark: MIDNIGHT - 1, now: DUE + HOUR };

describe('on the wall clock', () => {
  const waiting = (change: Partial<typeof BEFORE | { dealtWith: null; watermark: null }> = {}) =>
    waitingTick({ ...DAILY, clock: 'wall' }, { ...BEFORE, ...change }, 2 * HOUR);

  it('a due tick waits for the end of its windows, for the allowed lateness at most', () => {
    expect(waiting()).toEqual({ windowEnd: MIDNIGHT, until: DUE + 2 * HOUR });
    expect(waiting({ watermark: null })).toEqual(waiting());
  });

  it.each([
    ['the events have passed it', { watermark: MIDNIGHT }],
    ['its time is over', { now: DUE + 2 * HOUR }],
    ['none is due', { now: DUE - 1 }],
    ['it is done', { dealtWith: DUE }],
    ['the monitor never began', { dealtWith: null }],
  ])('none does when %s', (_, change) => {
    expect(waiting(change)).toBeNull();
  });

  it('of several the first is told', () => {
    const often = { ...DAILY, schedule: '*/5 * * * *', clock: 'wall' as const };
    const progress = { ...BEFORE, dealtWith: MIDNIGHT - 1 };
    expect(waitingTick(often, progress, 2 * HOUR)).toEqual({
      windowEnd: MIDNIGHT,
      until: MIDNIGHT + 2 * HOUR,
    });
  });
});

describe('on the clock of the events', () => {
  it('the next tick waits, without end', () => {
    const monitor = { ...DAILY, clock: 'event' as const };
    expect(waitingTick(monitor, { ...BEFORE, now: 0 }, HOUR)).toEqual({
      windowEnd: MIDNIGHT,
      until: null,
    });
    expect(waitingTick(monitor, { ...BEFORE, watermark: DUE }, HOUR)).toBeNull();
  });
});
