/**
 * What the demo must and must not announce. A test checks these against the raw rows, with plain code of its own; the
 * demo with --once ends with exit code 0 only if they hold.
 */

export const MODEL = 'flights-late';

/** The stream: February to December 2013, after the baseline's January. */
export const STREAM_FROM = Date.UTC(2013, 1, 1);
export const STREAM_TO = Date.UTC(2014, 0, 1);

/** A feature and the months (1-12) in each of which it must be firing at least once. */
export const MUST_FIRE: ReadonlyMap<string, readonly number[]> = new Map([
  ['temp', [4, 5, 6, 7, 8, 9, 10]],
  ['score', [7, 8]],
]);

/** Never announced, all year long. */
export const MUST_NOT_FIRE = [
  'distance',
  'sched_hour',
  'carrier',
  'origin',
  'dest',
  'humid',
  'wind_speed',
  'visib',
  'precip',
] as const;
// pressure and the delays are not asserted: weather that really changes, at the edge of the tolerance.
