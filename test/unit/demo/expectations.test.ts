import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { MUST_FIRE, MUST_NOT_FIRE, STREAM_FROM } from '../../../scripts/demo/expectations.ts';
import { NUMERIC_INPUTS, readFlights } from '../../../scripts/demo/flights.ts';
import type { Flight } from '../../../scripts/demo/flights.ts';
import { dayDesignEffect, exactKs } from '../../support/exact-ks.ts';

const DAY = 86_400_000;
const NUMERIC = [...NUMERIC_INPUTS, 'score'];

interface Window {
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/** The flights of the year, and for each midnight from February on the index range of the last seven days. */
let flights: Flight[] = [];
let windows: Window[] = [];

function valuesOf(rows: readonly Flight[], name: string): { time: number; value: number }[] {
  return rows
    .filter(({ fields }) => (fields[name] ?? '') !== '')
    .map(({ time, fields }) => ({ time, value: Number(fields[name]) }));
}

beforeAll(async () => {
  for await (const flight of readFlights()) flights.push(flight);
  flights = flights.sort((a, b) => a.time - b.time);
  const index = (time: number): number => flights.findIndex((flight) => flight.time >= time);
  windows = [];
  for (let end = STREAM_FROM + DAY; end <= Date.UTC(2013, 11, 31); end += DAY) {
    windows.push({ end, from: index(Math.max(STREAM_FROM, end - 7 * DAY)), to: index(end) });
  }
});

/** For each window: does the exact D exceed delta by more than sampling allows, days taken as the units that vary? */
function exceeding(name: string, delta: number): { end: number; over: boolean }[] {
  const january = valuesOf(
    flights.filter(({ time }) => time < STREAM_FROM),
    name,
  );
  const baseline = january.map(({ value }) => value);
  const effect = dayDesignEffect(january);
  return windows.map(({ end, from, to }) => {
    const live = valuesOf(flights.slice(from, to), name).map(({ value }) => value);
    if (live.length === 0) return { end, over: false };
    const c = effect * (1 / live.length + 1 / baseline.length);
    return { end, over: exactKs(live, baseline) > delta + 1.95 * Math.sqrt(c) };
  });
}

/** Two of three consecutive windows. */
function twoOfThree(flags: readonly { end: number; over: boolean }[]): number[] {
  return flags
    .filter((_, i) => flags.slice(Math.max(0, i - 2), i + 1).filter(({ over }) => over).length >= 2)
    .map(({ end }) => end);
}

describe("the demo's expectations, from the raw rows by plain code", () => {
  it.each([...MUST_FIRE])('%s moves beyond 0.1 in each month that is told', (name, months) => {
    const ends = twoOfThree(exceeding(name, 0.1));
    const found = new Set(ends.map((end) => new Date(end).getUTCMonth() + 1));
    expect([...found]).toEqual(expect.arrayContaining([...months]));
  });

  it.each(NUMERIC.filter((name) => (MUST_NOT_FIRE as readonly string[]).includes(name)))(
    '%s never moves beyond 0.05 by more than its days vary anyway',
    (name) => {
      expect(twoOfThree(exceeding(name, 0.05))).toEqual([]);
    },
  );

  it.each(['carrier', 'origin', 'dest'])(
    '%s: no share moves by more than 5 points and its noise',
    (name) => {
      const share = (rows: readonly Flight[]): Map<string, number> => {
        const counts = new Map<string, number>();
        for (const { fields } of rows)
          counts.set(fields[name] ?? '', (counts.get(fields[name] ?? '') ?? 0) + 1);
        return new Map([...counts].map(([key, count]) => [key, count / rows.length]));
      };
      const january = share(flights.filter(({ time }) => time < STREAM_FROM));
      for (const { from, to } of windows.slice(6)) {
        const live = share(flights.slice(from, to));
        for (const key of new Set([...january.keys(), ...live.keys()])) {
          const p = january.get(key) ?? 0;
          const noise = 5 * Math.sqrt(Math.max(p, 0.005) / (to - from));
          expect(Math.abs((live.get(key) ?? 0) - p)).toBeLessThan(0.05 + noise);
        }
      }
    },
  );

  it("the baseline file is January's rows, inputs and score", () => {
    const file = new URL('../../../baselines/flights-late.csv.gz', import.meta.url);
    const lines = gunzipSync(readFileSync(file)).toString().trim().split('\n');
    const columns = (lines[0] ?? '').split(',');
    const january = flights.filter(({ time }) => time < STREAM_FROM);
    expect(lines).toHaveLength(january.length + 1);
    lines.slice(1).forEach((line, i) => {
      const fields = january[i]?.fields ?? {};
      const wanted = columns.map((name) =>
        name === 'ts' ? `${fields['ts'] ?? ''}Z` : (fields[name] ?? ''),
      );
      expect(line).toBe(wanted.join(','));
    });
  });
});
