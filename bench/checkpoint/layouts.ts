import { encodeChunk, MAX_CHUNK_FEATURES } from '../../src/core/histogram/coding/codec.ts';
import { emptyHistogram, mergeInto } from '../../src/core/histogram/histogram.ts';
import type { NumericHistogram } from '../../src/core/histogram/types.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { inTransaction } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { BINNING, FEATURES } from './counts.ts';

/** A way to store counts. */
export interface Layout {
  readonly name: string;
  readonly table: string;
  /** Makes the counts of one flush durable, with a position, in one transaction. */
  flush(counts: readonly NumericHistogram[]): Promise<void>;
}

const START = Date.UTC(2024, 0, 1);

/** driftd: sums are held in memory by the one writer; up to 32 features are one row of bytes, written whole. */
export async function packed(pool: Pool): Promise<Layout> {
  const store = createIngestStore(pool);
  const key = { source: 'bench', topic: 'bench', partition: 0 };
  await store.ensurePartition(key, 0);
  const claim = await store.claim(key, 'bench');
  if (claim === null) throw new Error('the partition cannot be claimed');
  const sums = Array.from({ length: FEATURES }, () => emptyHistogram(BINNING));
  let offset = 0;
  let events = 0;
  return {
    name: 'packed tiles (driftd)',
    table: 'tile',
    async flush(counts) {
      counts.forEach((histogram, i) => mergeInto(sums[i] as NumericHistogram, histogram));
      events += 100;
      const tiles = [];
      for (let from = 0; from < FEATURES; from += MAX_CHUNK_FEATURES) {
        const chunk = sums.slice(from, from + MAX_CHUNK_FEATURES);
        const binningSetId = from / MAX_CHUNK_FEATURES + 1;
        const tile = { start: START, modelId: 1, binningSetId, segmentId: 1, events };
        tiles.push({ ...tile, counts: encodeChunk(chunk) });
      }
      const result = await store.commit({
        part: claim.part,
        epoch: claim.epoch,
        previousOffset: offset,
        nextOffset: offset + 100,
        outcomes: { counted: 100, quarantined: 0, tooLate: 0, duplicate: 0, filtered: 0 },
        anchorOffset: null,
        anchorHash: null,
        tiles,
        quarantine: [],
        progress: [],
      });
      if (result.outcome !== 'committed') throw new Error(`the checkpoint was ${result.outcome}`);
      offset += 100;
    },
  };
}

async function table(pool: Pool, columns: string): Promise<void> {
  await pool.query(`CREATE TABLE ${columns} WITH (fillfactor = 50)`);
  await pool.query('CREATE TABLE IF NOT EXISTS bench_position (name text PRIMARY KEY, at bigint)');
}

const MOVE = `INSERT INTO bench_position VALUES ($1, 100)
  ON CONFLICT (name) DO UPDATE SET at = bench_position.at + 100`;

/** An array of counts a feature; SQL adds the new ones. */
export async function arrays(pool: Pool): Promise<Layout> {
  await table(
    pool,
    'bench_array (start timestamptz, feature int, counts bigint[], PRIMARY KEY (start, feature))',
  );
  return {
    name: 'bigint[] a feature',
    table: 'bench_array',
    flush: (counts) =>
      inTransaction(pool, async (client) => {
        await client.query(MOVE, ['array']);
        await client.query(
          `INSERT INTO bench_array AS t (start, feature, counts)
           SELECT $1, ordinality, counts::bigint[] FROM unnest($2::text[]) WITH ORDINALITY AS u (counts, ordinality)
           ORDER BY ordinality
           ON CONFLICT (start, feature) DO UPDATE SET counts = (
             SELECT array_agg(a + b ORDER BY i)
             FROM unnest(t.counts, excluded.counts) WITH ORDINALITY AS s (a, b, i))`,
          [new Date(START).toISOString(), counts.map((one) => `{${one.counts.join(',')}}`)],
        );
      }),
  };
}

/** A row a bin that has any value. */
export async function rowPerBin(pool: Pool): Promise<Layout> {
  await table(
    pool,
    'bench_bin (start timestamptz, feature int, bin smallint, count bigint, PRIMARY KEY (start, feature, bin))',
  );
  return {
    name: 'row a bin',
    table: 'bench_bin',
    flush: (counts) =>
      inTransaction(pool, async (client) => {
        await client.query(MOVE, ['bin']);
        const [features, bins, values]: [number[], number[], number[]] = [[], [], []];
        counts.forEach((histogram, feature) => {
          histogram.counts.forEach((count, bin) => {
            if (count === 0) return;
            features.push(feature);
            bins.push(bin);
            values.push(count);
          });
        });
        await client.query(
          `INSERT INTO bench_bin AS t (start, feature, bin, count)
           SELECT $1, feature, bin, count FROM unnest($2::int[], $3::smallint[], $4::bigint[]) AS u (feature, bin, count)
           ON CONFLICT (start, feature, bin) DO UPDATE SET count = t.count + excluded.count`,
          [new Date(START).toISOString(), features, bins, values],
        );
      }),
  };
}
