import { slotOf } from '../baseline/slots.ts';
import type { Seasonality } from '../baseline/slots.ts';
import type { BlockCounts } from '../baseline/types.ts';
import type { EvaluationPolicy, HistoryWindow } from './types.ts';

/** Blocks from which the variance between them says something; live windows that replace the baseline's seed. */
const MIN_BLOCKS = 14;
const MIN_HISTORY = 30;
const HOURS_A_DAY = 24;
/** First slot of Saturday. */
const WEEKEND = 5 * HOURS_A_DAY;
const HOUR_MS = 3_600_000;

/** Counts of the groups in one stretch of time, and the hour it begins at (UTC hours since the epoch). */
interface Block {
  readonly groups: readonly number[];
  readonly hour: number;
}

/** Blocks of the same part of the day or week, with their sizes. */
type Stratum = readonly { readonly groups: readonly number[]; readonly n: number }[];

/**
 * Mean over the group boundaries of the variance between blocks against the binomial one (STATISTICS 4e, unequal block
 * sizes): sum_w n_w (F_w - p)^2 / ((W - 1) p (1 - p)). With a seasonality blocks are held against the p of their own
 * part of the day or week, so that the season itself is no noise: numerator and denominator are sums over these.
 *
 * @returns at least 1; null when fewer than `least` blocks are left after one a stratum
 */
function betweenBlockEffect(
  blocks: readonly Block[],
  seasonality: Seasonality | null,
  least: number,
): number | null {
  const strata = strataOf(blocks, seasonality);
  const free = strata.reduce((sum, stratum) => sum + stratum.length - 1, 0);
  if (free < least - 1) return null;
  const size = blocks[0]?.groups.length ?? 0;
  let effects = 0;
  let edges = 0;
  for (let edge = 1; edge < size; edge += 1) {
    const effect = effectAt(strata, edge);
    if (effect === null) continue;
    effects += effect;
    edges += 1;
  }
  return edges === 0 ? 1 : Math.max(1, effects / edges);
}

function strataOf(blocks: readonly Block[], seasonality: Seasonality | null): Stratum[] {
  const strata = new Map<number, { groups: readonly number[]; n: number }[]>();
  for (const { groups, hour } of blocks) {
    const n = groups.reduce((sum, count) => sum + count, 0);
    if (n === 0) continue;
    const key = stratumOf(hour, seasonality);
    const stratum = strata.get(key) ?? [];
    stratum.push({ groups, n });
    strata.set(key, stratum);
  }
  return [...strata.values()];
}

/** The hour of the day; with a weekly season apart for the weekend, as pooled slots are. */
function stratumOf(hour: number, seasonality: Seasonality | null): number {
  if (seasonality === null) return 0;
  const slot = slotOf(hour);
  return (slot % HOURS_A_DAY) + (seasonality === 'weekly' && slot >= WEEKEND ? HOURS_A_DAY : 0);
}

/** The inflation of the share of values in the first `edge` groups; null when there is nothing that could vary. */
function effectAt(strata: readonly Stratum[], edge: number): number | null {
  let spread = 0;
  let binomial = 0;
  for (const stratum of strata) {
    const below = stratum.map(({ groups }) =>
      groups.slice(0, edge).reduce((sum, count) => sum + count, 0),
    );
    const total = stratum.reduce((sum, { n }) => sum + n, 0);
    const p = below.reduce((sum, count) => sum + count, 0) / total;
    stratum.forEach(({ n }, w) => {
      spread += n * ((below[w] as number) / n - p) ** 2;
    });
    binomial += (stratum.length - 1) * p * (1 - p);
  }
  return binomial > 0 ? spread / binomial : null;
}

/**
 * The baseline's own design effect for windows of this length: blocks are UTC days for windows of a day or longer, the
 * window's span for shorter ones.
 * @returns null with fewer than 14 blocks
 */
export function seededDesignEffect(
  blocks: BlockCounts,
  windowSpanMs: number,
  seasonality: Seasonality | null = null,
): number | null {
  const hours = Math.max(1, Math.min(HOURS_A_DAY, Math.round(windowSpanMs / HOUR_MS)));
  const sums = new Map<number, number[]>();
  blocks.hours.forEach((hour, i) => {
    const block = Math.floor(hour / hours);
    const sum = sums.get(block) ?? new Array<number>(blocks.groups).fill(0);
    for (let g = 0; g < blocks.groups; g += 1) {
      sum[g] = (sum[g] as number) + (blocks.counts[i * blocks.groups + g] as number);
    }
    sums.set(block, sum);
  });
  const all = [...sums].map(([block, groups]) => ({ groups, hour: block * hours }));
  return betweenBlockEffect(all, seasonality, MIN_BLOCKS);
}

/** The design effect of a subject, and whether it is still unknown ("warming up": 1, and drift is capped at warning). */
export function designEffectOf(
  source: EvaluationPolicy['designEffect'],
  blocks: BlockCounts | null,
  history: readonly HistoryWindow[],
  windowSpanMs: number,
  seasonality: Seasonality | null = null,
): { readonly designEffect: number; readonly warmingUp: boolean } {
  if (source === 'none') return { designEffect: 1, warmingUp: false };
  if (typeof source === 'number') return { designEffect: Math.max(1, source), warmingUp: false };
  const past = history.map(({ groups, start }) => ({ groups, hour: Math.floor(start / HOUR_MS) }));
  const live = betweenBlockEffect(past, seasonality, MIN_HISTORY);
  if (live !== null) return { designEffect: live, warmingUp: false };
  const seeded =
    source === 'baseline' && blocks !== null
      ? seededDesignEffect(blocks, windowSpanMs, seasonality)
      : null;
  return seeded === null
    ? { designEffect: 1, warmingUp: true }
    : { designEffect: seeded, warmingUp: false };
}
