import { rowSlot } from '../../src/core/baseline/row-value.ts';
import type { RowSlot } from '../../src/core/baseline/row-value.ts';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import type { Counter } from '../../src/core/histogram/counter.ts';
import { decodeChunk } from '../../src/core/histogram/coding/codec.ts';
import { emptyHistogram, mergeInto } from '../../src/core/histogram/histogram.ts';
import type { Histogram } from '../../src/core/histogram/types.ts';
import { TILE_MS } from '../../src/core/window/windows.ts';
import type { World } from '../../test/support/world.ts';
import type { Fate, Stream } from './events.ts';

interface Counted {
  readonly name: string;
  readonly counter: Counter;
  readonly setId: number;
  readonly index: number;
}

/** Tiles by start and segment; in each the histograms by feature name. */
type Slices = Map<string, { events: number; byFeature: Map<string, Histogram> }>;

/** The producer's own count of what it sent, by slice, feature and bin; and the comparison with what is stored. */
export interface Ledger {
  add(id: number): void;
  /** Records by what they are to become. */
  readonly fates: Readonly<Record<Fate, number>>;
  /**
   * Adds up how far what is stored is away: over every count of every histogram of every slice and segment, and one for each sum,
   * least and greatest value that is another.
   * @param parts ingest_partition.id of the partitions that hold the events
   */
  difference(parts: readonly number[]): Promise<number>;
}

export async function createLedger(world: World, stream: Stream): Promise<Ledger> {
  const features = await countedFeatures(world);
  const sent: Slices = new Map();
  const slot: RowSlot = { slot: SLOT.absent, number: 0, text: '' };
  const fates = { counted: 0, quarantined: 0, 'too-late': 0, duplicate: 0 };
  return {
    add(id) {
      const fate = stream.fateOf(id);
      fates[fate] += 1;
      if (fate !== 'counted') return;
      const { time, values } = stream.eventOf(id);
      const start = Math.floor(time / TILE_MS) * TILE_MS;
      const origin = stream.originOf(id);
      for (const segment of origin === null ? ['all'] : ['all', `origin=${origin}`]) {
        const slice = sliceOf(sent, start, segment, features);
        slice.events += 1;
        for (const { name, counter } of features) {
          rowSlot(counter.binning.kind, values[name] ?? null, slot);
          counter.add(slice.byFeature.get(name) as Histogram, slot.slot, slot.number, slot.text);
        }
      }
    },
    fates,
    difference: async (parts) => distance(sent, await readStored(world, features, parts), features),
  };
}

async function countedFeatures(world: World): Promise<Counted[]> {
  const plan = await world.catalog.countingPlan(world.modelId);
  if (plan === null) throw new Error('the model has no baseline');
  const nameOf = new Map(plan.features.map(({ id, name }) => [id, name]));
  return plan.sets.flatMap((set) =>
    set.entries.map(({ featureId, binning }, index) => ({
      name: nameOf.get(featureId) ?? '',
      counter: createCounter(binning),
      setId: set.id,
      index,
    })),
  );
}

function sliceOf(slices: Slices, start: number, segment: string, features: readonly Counted[]) {
  const key = `${start} ${segment}`;
  return sliceAt(slices, key, features);
}

function sliceAt(slices: Slices, key: string, features: readonly Counted[]) {
  let slice = slices.get(key);
  if (slice === undefined) {
    const byFeature = new Map(
      features.map(({ name, counter }) => [name, emptyHistogram(counter.binning)]),
    );
    slice = { events: 0, byFeature };
    slices.set(key, slice);
  }
  return slice;
}

async function readStored(
  world: World,
  features: readonly Counted[],
  parts: readonly number[],
): Promise<Slices> {
  const { rows } = await world.pool.query<{
    start: number;
    segment: string;
    set: number;
    events: number;
    counts: Uint8Array;
  }>(
    `SELECT t.start, s.name AS segment, t.binning_set_id AS set, t.events, t.counts
     FROM tile t JOIN segment s ON s.id = t.segment_id
     WHERE t.model_id = $1 AND t.part = ANY($2) AND t.span_minutes = 5`,
    [world.modelId, parts],
  );
  const stored: Slices = new Map();
  for (const row of rows) {
    const slice = sliceOf(stored, row.start, row.segment, features);
    const ofSet = features.filter(({ setId }) => setId === row.set);
    // Every set holds each event once: the first one tells how many there were.
    if (row.set === features[0]?.setId) slice.events += row.events;
    const binnings = ofSet.map(({ counter }) => counter.binning);
    decodeChunk(row.counts, binnings).forEach((histogram, i) => {
      mergeInto(slice.byFeature.get(ofSet[i]?.name ?? '') as Histogram, histogram);
    });
  }
  return stored;
}

function distance(sent: Slices, stored: Slices, features: readonly Counted[]): number {
  let sum = 0;
  for (const key of new Set([...sent.keys(), ...stored.keys()])) {
    const one = sliceAt(sent, key, features);
    const other = sliceAt(stored, key, features);
    sum += Math.abs(one.events - other.events);
    for (const { name } of features) {
      const [left, right] = [one, other].map((slice) => slice.byFeature.get(name) as Histogram);
      if (left === undefined || right === undefined) throw new Error(`nothing is known of ${name}`);
      const stands = numbersOf(right);
      numbersOf(left).forEach((count, i) => (sum += Math.abs(count - (stands[i] ?? 0))));
      const sums = sumsOf(right);
      sum += sumsOf(left).filter((value, i) => value !== sums[i]).length;
    }
  }
  return sum;
}

/** What a histogram counts; all but the names of heavy values, which are no exact count. */
function numbersOf(h: Histogram): number[] {
  if (h.kind !== 'numeric')
    return [h.missing, h.invalid, h.other, h.unseen, ...h.counts, ...h.cells];
  return [h.missing, h.invalid, h.zero, h.negative, h.integer, h.infinite, ...h.counts];
}

function sumsOf(h: Histogram): number[] {
  return h.kind === 'numeric' ? [h.sum, h.sumSquares, h.min, h.max, ...h.tailSums] : [];
}
