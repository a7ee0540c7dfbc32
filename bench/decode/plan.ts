import type { CountedModelPlan } from '../../src/accumulate/model-registry.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { buildCategoricalBinning } from '../../src/core/histogram/categorical-binning.ts';
import { buildNumericBinning } from '../../src/core/histogram/numeric-binning.ts';
import type { Binning } from '../../src/core/histogram/types.ts';
import { MODEL, trainingRows } from '../ingest/events.ts';
import type { Workload } from '../ingest/events.ts';

const TRAINING_ROWS = 5_000;

/** The model of a workload, ready to count under binnings of its training rows. */
export function planOf({ features: width, segments }: Workload): CountedModelPlan {
  const [header = '', ...lines] = trainingRows(width, TRAINING_ROWS).trimEnd().split('\n');
  const names = header.split(',');
  const rows = lines.map((line) => line.split(','));
  const binnings = names.map((_, i) => binningOf(rows.map((row) => row[i] ?? '')));
  const features = names.map((name, id) => {
    const kind = binnings[id]?.kind ?? 'numeric';
    return { id, name, kind, role: 'input', tier: 'standard' } as const;
  });
  return {
    schema: {
      modelId: 1,
      model: MODEL,
      features,
      indexOf: new Map(features.map(({ name, id }) => [name, id])),
      attributes: segments === 0 ? [] : ['country'],
    },
    allowedLatenessMs: 0,
    sets: [
      {
        id: 1,
        features: binnings.map((binning, frameIndex) => ({
          frameIndex,
          counter: createCounter(binning),
        })),
      },
    ],
  };
}

function binningOf(cells: readonly string[]): Binning {
  const present = cells.filter((cell) => cell !== '');
  if (present.every((cell) => Number.isFinite(Number(cell))))
    return buildNumericBinning(Float64Array.from(present, Number).sort());
  const counts = new Map<string, number>();
  for (const cell of present) counts.set(cell, (counts.get(cell) ?? 0) + 1);
  return buildCategoricalBinning(counts);
}
