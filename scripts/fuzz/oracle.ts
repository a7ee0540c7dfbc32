import { isDeepStrictEqual } from 'node:util';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import { decodeChunk } from '../../src/core/histogram/coding/codec.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import type { Counter } from '../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../src/core/histogram/histogram.ts';
import type { Histogram } from '../../src/core/histogram/types.ts';
import { TILE_MS } from '../../src/core/window/windows.ts';
import type { CountingPlan } from '../../src/storage/catalog-store.ts';
import { createTileReader } from '../../src/storage/postgres/tile-reader.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { messageAt, START } from './messages.ts';
import type { SaidEvent } from './messages.ts';

/** Segments whose tiles are compared: the one of nearly all that have an attribute, and the one of all. */
const SEGMENTS = ['all', 'country=DE'] as const;

/** Tiles as they must be, by segment and begin. */
type Expected = Map<string, { events: number; readonly histograms: readonly Histogram[] }>;

/**
 * Compares what is stored of the records that nobody spoiled with what they say: every count of every tile. Spoiled ones
 * happened in other tiles.
 * @returns how many tiles were compared, and what differs in words
 */
export async function compareTiles(
  pool: Pool,
  plan: CountingPlan,
  { seed, messages }: { readonly seed: number; readonly messages: number },
): Promise<{ readonly tiles: number; readonly differences: readonly string[] }> {
  const differences: string[] = [];
  let tiles = 0;
  const rows = await createTileReader(pool).tiles(plan.model.id, START, START + messages + TILE_MS);
  for (const set of plan.sets) {
    const expected = expectedOf(plan, set, seed, messages);
    for (const row of rows) {
      if (row.binningSetId !== set.id || !(SEGMENTS as readonly string[]).includes(row.segment))
        continue;
      const key = keyOf(row.segment, row.start);
      const tile = expected.get(key);
      expected.delete(key);
      tiles += 1;
      if (tile?.events !== row.events)
        differences.push(`${key}: ${row.events} events stored, ${tile?.events ?? 0} sent`);
      const stored = decodeChunk(
        row.counts,
        set.entries.map(({ binning }) => binning),
      );
      if (!isDeepStrictEqual(stored, tile?.histograms)) differences.push(`${key}: other counts`);
    }
    for (const key of expected.keys()) differences.push(`${key}: nothing is stored`);
  }
  return { tiles, differences };
}

function keyOf(segment: string, start: number): string {
  return `${segment} at ${new Date(start).toISOString()}`;
}

function expectedOf(
  plan: CountingPlan,
  set: CountingPlan['sets'][number],
  seed: number,
  messages: number,
): Expected {
  const nameOf = new Map(plan.features.map(({ id, name }) => [id, name]));
  const names = set.entries.map(({ featureId }) => nameOf.get(featureId) as keyof SaidEvent);
  const counters = set.entries.map(({ binning }) => createCounter(binning));
  const expected: Expected = new Map();
  for (let offset = 0; offset < messages; offset += 1) {
    const { events, record } = messageAt(seed, offset);
    const start = Math.floor(record.timestamp / TILE_MS) * TILE_MS;
    for (const event of events ?? []) {
      for (const segment of SEGMENTS) {
        if (segment !== 'all' && segment !== `country=${event.country ?? ''}`) continue;
        const key = keyOf(segment, start);
        const tile = expected.get(key) ?? {
          events: 0,
          histograms: set.entries.map(({ binning }) => emptyHistogram(binning)),
        };
        tile.events += 1;
        names.forEach((name, i) => {
          add(counters[i] as Counter, tile.histograms[i] as Histogram, event, name);
        });
        expected.set(key, tile);
      }
    }
  }
  return expected;
}

function add(counter: Counter, to: Histogram, event: SaidEvent, name: keyof SaidEvent): void {
  const value = event[name];
  if (typeof value === 'number') counter.add(to, SLOT.number, value, '');
  else if (typeof value === 'string') counter.add(to, SLOT.text, 0, value);
}
