import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readWindows } from '../../src/compare/window-counts.ts';
import type { Histogram } from '../../src/core/histogram/types.ts';
import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import { createNormal, rowsOver } from '../support/baselines.ts';

import { freshDatabase } from '../support/servers.ts';
import { createWorld, DAY, HOUR } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 2, 4);
const END = START + 6 * HOUR;

interface Bin {
  readonly bin: number;
  readonly label: string;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly live: number;
  readonly baseline: number;
  readonly live_share: number;
  readonly baseline_share: number;
  readonly live_cdf: number;
  readonly baseline_cdf: number;
}

let world: World;
beforeAll(async () => {
  const normal = createNormal(5);
  const row = (shift: number) => () => {
    const x = normal();
    return {
      // Heavy values become bins of their own; huge ones fall into the tails and beyond.
      x: x < -1 ? 0 : x > 2.5 ? 10 ** (6 * x) : x * 1e-3 + shift,
      few: Math.round(x) + shift,
      code: x > 2 ? `rare ${x.toFixed(2)}` : `c${Math.floor(Math.abs(x) * 4)}`,
      flag: x > 0,
      holes: x > 1 ? null : x,
    };
  };
  world = await createWorld(await freshDatabase(), {
    rows: rowsOver(START - 10 * DAY, START, 24, row(0)),
  });
  await world.count(rowsOver(START, END, 600, row(1)));
});
afterAll(() => world.pool.end());

async function histogram(feature: string, to = END): Promise<Bin[]> {
  const { rows } = await world.pool.query<Bin>(
    `SELECT * FROM driftd_histogram('flights', $1, 'all', $2, $3)`,
    [feature, new Date(START).toISOString(), new Date(to).toISOString()],
  );
  return rows;
}

function cells(h: Histogram): number[] {
  return h.kind === 'numeric' ? [...h.counts] : [...h.counts, h.other, h.unseen];
}

describe('driftd_histogram', () => {
  it.each(['x', 'few', 'code', 'flag', 'holes'])(
    'gives the counts of %s that driftd reads',
    async (name) => {
      const stored = await createBaselineStore(world.pool).active(world.modelId);
      const feature = stored?.baseline.features.find((one) => one.name === name);
      if (feature === undefined) throw new Error(`there is no baseline of ${name}`);
      const features = await world.catalog.features(world.modelId);
      const id = features.find((one) => one.name === name)?.id ?? -1;
      const [window] = await readWindows(world, {
        modelId: world.modelId,
        end: END,
        windows: [{ name: '6h', spanMs: 6 * HOUR }],
        slots: false,
      });
      const live = window?.histogram('all', id, feature.histogram.binning.id);
      if (live === undefined || live === null) throw new Error(`nothing of ${name} is counted`);
      const bins = await histogram(name);
      expect(bins.map((one) => one.live)).toEqual(cells(live));
      expect(bins.map((one) => one.baseline)).toEqual(cells(feature.histogram));
      const [n, m] = [cells(live), cells(feature.histogram)].map((counts) =>
        counts.reduce((sum, count) => sum + count, 0),
      ) as [number, number];
      let [below, before] = [0, 0];
      for (const one of bins) {
        below += one.live;
        before += one.baseline;
        expect(one.live_share).toBeCloseTo(one.live / n, 12);
        expect(one.baseline_share).toBeCloseTo(one.baseline / m, 12);
        expect(one.live_cdf).toBeCloseTo(below / n, 12);
        expect(one.baseline_cdf).toBeCloseTo(before / m, 12);
      }
      if (live.kind !== 'numeric') return;
      const { edges, atoms } = live.binning;
      for (const one of bins) {
        expect(one.upper).toBe(edges[one.bin] ?? null);
        const lower = atoms[one.bin] === 1 ? edges[one.bin] : edges[one.bin - 1];
        expect(one.lower).toBe(lower ?? null);
      }
    },
  );

  it('has the baseline alone where nothing was counted, and nothing of what nobody knows', async () => {
    const none = await histogram('few', START);
    expect(none.length).toBeGreaterThan(3);
    expect(new Set(none.map((one) => one.live))).toEqual(new Set([0]));
    expect(new Set(none.map((one) => one.live_share))).toEqual(new Set([null]));
    expect(await histogram('nobody')).toEqual([]);
  });

  it('is seen by people as rows, too', async () => {
    const { rows } = await world.pool.query<{ events: number; values: number }>(
      `SELECT sum(events)::bigint AS events, sum((SELECT sum(b) FROM unnest(bins) AS b) + missing)::bigint AS values
       FROM driftd_counts WHERE model = 'flights' AND feature = 'holes'`,
    );
    expect(rows[0]?.events).toBe(3600);
    expect(rows[0]?.values).toBe(3600);
  });
});
