import type { BaselineFeature } from '../../../core/baseline/types.ts';
import { ALL_SEGMENT } from '../../../core/domain/feature.ts';
import { decodeChunkAt } from '../../../core/histogram/coding/codec.ts';
import { emptyHistogram, mergeInto, observationTotal } from '../../../core/histogram/histogram.ts';
import type { Histogram } from '../../../core/histogram/types.ts';
import type { HistogramQuery, HistogramSource } from '../../api/histogram-source.ts';
import type { BaselineStore, StoredBaseline } from '../../baseline-store.ts';
import type { BinningSet, CatalogStore } from '../../catalog-store.ts';
import type { Pool } from '../pool.ts';
import { binsOf, sideOf } from './histogram-view.ts';

/** Tiles are read by spans of this length: of a day with many partitions there is much. */
const STEP_MS = 6 * 3_600_000;

interface Counted {
  /** By binning id. */
  readonly histograms: ReadonlyMap<string, Histogram>;
  readonly events: number;
}

/** Sums stored tiles of one feature and segment; memory: the tiles of six hours. */
export function createHistogramSource(
  pool: Pool,
  stores: { readonly catalog: CatalogStore; readonly baselines: BaselineStore },
): HistogramSource {
  async function setsOf(featureId: number): Promise<ReadonlyMap<number, BinningSet>> {
    const { rows } = await pool.query<{ id: number }>(
      `SELECT s.id FROM binning_set s WHERE s.binning_ids && ARRAY(SELECT id FROM binning WHERE feature_id = $1)`,
      [featureId],
    );
    return stores.catalog.binningSets(rows.map(({ id }) => id));
  }

  async function count(
    modelId: number,
    featureId: number,
    { segment, from, to }: HistogramQuery,
  ): Promise<Counted> {
    const sets = await setsOf(featureId);
    const histograms = new Map<string, Histogram>();
    const events = new Map<number, number>();
    for (let start = from; start < to; start += STEP_MS) {
      const { rows } = await pool.query<{ setId: number; events: number; counts: Uint8Array }>(
        `SELECT t.binning_set_id AS "setId", t.events, t.counts FROM tile t JOIN segment s ON s.id = t.segment_id
         WHERE t.model_id = $1 AND s.name = $2 AND t.binning_set_id = ANY($3) AND t.start >= $4 AND t.start < $5
         ORDER BY t.start, t.part`,
        [modelId, segment, [...sets.keys()], iso(start), iso(Math.min(to, start + STEP_MS))],
      );
      for (const row of rows) {
        const set = sets.get(row.setId);
        if (set === undefined) continue;
        events.set(row.setId, (events.get(row.setId) ?? 0) + row.events);
        const binnings = set.entries.map(({ binning }) => binning);
        for (const [i, { featureId: of, binning }] of set.entries.entries()) {
          if (of !== featureId) continue;
          const sum = histograms.get(binning.id) ?? emptyHistogram(binning);
          histograms.set(binning.id, sum);
          mergeInto(sum, decodeChunkAt(row.counts, binnings, i));
        }
      }
    }
    // Every set has counted every event: the fullest tells how many there were.
    return { histograms, events: Math.max(0, ...events.values()) };
  }

  return {
    async read(modelId, query) {
      const feature = (await stores.catalog.allFeatures(modelId)).find(
        ({ name }) => name === query.feature,
      );
      if (feature === undefined) return null;
      const stored = await (query.baseline === null
        ? stores.baselines.active(modelId)
        : stores.baselines.find(modelId, query.baseline));
      const counted = await count(modelId, feature.id, query);
      const { live, baseline } = choose(counted, baselineOf(stored, query));
      const binning = (live ?? baseline)?.binning;
      if (binning === undefined) return null;
      return {
        kind: feature.kind,
        binning: binning.id,
        baselineVersion: stored?.row.version ?? null,
        bins: binsOf(binning),
        events: counted.events,
        live: sideOf(live ?? emptyHistogram(binning)),
        baseline: baseline === null ? null : sideOf(baseline),
      };
    },
  };
}

function baselineOf(
  stored: StoredBaseline | null,
  { segment, feature }: HistogramQuery,
): BaselineFeature | null {
  const features =
    segment === ALL_SEGMENT ? stored?.baseline.features : stored?.baseline.segments.get(segment);
  return features?.find(({ name }) => name === feature) ?? null;
}

/** The binning that the baseline knows and most was counted under; without a baseline the one that most was counted under. */
function choose(
  { histograms }: Counted,
  baseline: BaselineFeature | null,
): { readonly live: Histogram | null; readonly baseline: Histogram | null } {
  if (baseline === null) {
    const [most] = [...histograms.values()].sort(
      (a, b) => observationTotal(b) - observationTotal(a),
    );
    return { live: most ?? null, baseline: null };
  }
  let best = { live: histograms.get(baseline.histogram.binning.id) ?? null, baseline };
  for (const also of baseline.also ?? []) {
    const live = histograms.get(also.histogram.binning.id) ?? null;
    if (live !== null && observationTotal(live) > (best.live ? observationTotal(best.live) : 0))
      best = { live, baseline: also };
  }
  return { live: best.live, baseline: best.baseline.histogram };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
