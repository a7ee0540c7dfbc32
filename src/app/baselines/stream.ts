import type { StreamBeside, StreamFeature } from '../../core/baseline/checks/against-stream.ts';
import { ALL_SEGMENT } from '../../core/domain/feature.ts';
import { decodeChunk } from '../../core/histogram/coding/codec.ts';
import { observationTotal } from '../../core/histogram/histogram.ts';
import { MAX_UNKNOWN_NAMES, recentNames } from '../../core/quality/unknown-names.ts';
import type { JudgeDeps } from '../../compare/judge.ts';
import type { RowDeclarations } from './declarations.ts';

const DAY_MS = 86_400_000;

/** What was counted of each feature in the last day of the stream: by the binning that most was counted under. */
export async function streamFeatures(
  { tiles, catalog }: Pick<JudgeDeps, 'tiles' | 'catalog'>,
  modelId: number,
): Promise<ReadonlyMap<string, StreamFeature>> {
  const { maxEventTime } = await tiles.watermark(modelId, 0);
  if (maxEventTime === null) return new Map();
  const from = maxEventTime - DAY_MS;
  const rows = await tiles.tiles(modelId, from, maxEventTime + 1, ALL_SEGMENT);
  const sets = await catalog.binningSets([...new Set(rows.map((row) => row.binningSetId))]);
  const names = new Map((await catalog.allFeatures(modelId)).map(({ id, name }) => [id, name]));
  const byBinning = new Map<string, StreamFeature & { readonly name: string }>();
  for (const row of rows) {
    const entries = sets.get(row.binningSetId)?.entries ?? [];
    const binnings = entries.map(({ binning }) => binning);
    for (const [i, histogram] of decodeChunk(row.counts, binnings).entries()) {
      const name = names.get(entries[i]?.featureId ?? -1);
      if (name === undefined) continue;
      const key = `${name}\0${histogram.binning.id}`;
      const before = byBinning.get(key) ?? { name, events: 0, missing: 0, invalid: 0 };
      byBinning.set(key, {
        name,
        events: before.events + observationTotal(histogram),
        missing: before.missing + histogram.missing,
        invalid: before.invalid + histogram.invalid,
      });
    }
  }
  const found = new Map<string, StreamFeature>();
  for (const { name, ...counted } of byBinning.values())
    if (counted.events > (found.get(name)?.events ?? 0)) found.set(name, counted);
  return found;
}

/** What the last day of the stream brings that nobody counts. */
export async function streamBeside(
  catalog: JudgeDeps['catalog'],
  modelId: number,
  { declared, timeColumn }: RowDeclarations,
): Promise<StreamBeside> {
  const unknown = await catalog.unknownNames(modelId);
  const recent = recentNames(unknown);
  const ignored = declared.filter(([, { ignore }]) => ignore === true).map(([name]) => name);
  return {
    names: recent.map(({ name, lastSeen }) => ({
      name,
      lastSeen: new Date(lastSeen).toISOString().replace(/\.\d+Z$/, 'Z'),
    })),
    complete: recent.length < MAX_UNKNOWN_NAMES,
    events: unknown.events,
    ignored: new Set([...ignored, ...(timeColumn === null ? [] : [timeColumn])]),
  };
}
