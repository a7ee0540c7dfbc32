import type { BlockCounts } from '../baseline/types.ts';
import type { EvaluationPolicy, HistoryWindow } from './types.ts';

/** Blocks from which the variance between them says something; live windows that replace the baseline's seed. */
export const MIN_BLOCKS = 14;
export const MIN_HISTORY = 30;
const HOURS_A_DAY = 24;
const HOUR_MS = 3_600_000;

/**
 * Mean over the group boundaries of the variance between blocks against the binomial one (STATISTICS 4e, unequal block
 * sizes): sum_w n_w (F_w - p)^2 / ((W - 1) p (1 - p)). At least 1.
 * @param blocks counts of the groups, one list a block
 * @returns null with fewer than two usable blocks
 */
export function betweenBlockEffect(blocks: readonly (readonly number[])[]): number | null {
  const used = blocks
    .map((groups) => ({ groups, n: groups.reduce((sum, count) => sum + count, 0) }))
    .filter(({ n }) => n > 0);
  if (used.length < 2) return null;
  const size = used[0]?.groups.length ?? 0;
  const total = used.reduce((sum, { n }) => sum + n, 0);
  let effects = 0;
  let edges = 0;
  const cumulative = used.map(() => 0);
  for (let edge = 0; edge < size - 1; edge += 1) {
    let below = 0;
    used.forEach(({ groups }, w) => {
      cumulative[w] = (cumulative[w] as number) + (groups[edge] ?? 0);
      below += cumulative[w];
    });
    const p = below / total;
    if (p <= 0 || p >= 1) continue;
    let spread = 0;
    used.forEach(({ n }, w) => {
      spread += n * ((cumulative[w] as number) / n - p) ** 2;
    });
    effects += spread / ((used.length - 1) * p * (1 - p));
    edges += 1;
  }
  return edges === 0 ? 1 : Math.max(1, effects / edges);
}

/**
 * The baseline's own design effect for windows of this length: blocks are UTC days for windows of a day or longer, the
 * window's span for shorter ones.
 * @returns null with fewer than 14 blocks
 */
export function seededDesignEffect(blocks: BlockCounts, windowSpanMs: number): number | null {
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
  if (sums.size < MIN_BLOCKS) return null;
  return betweenBlockEffect([...sums.values()]);
}

/** The design effect of a subject, and whether it is still unknown ("warming up": 1, and drift is capped at warning). */
export function designEffectOf(
  source: EvaluationPolicy['designEffect'],
  blocks: BlockCounts | null,
  history: readonly HistoryWindow[],
  windowSpanMs: number,
): { readonly designEffect: number; readonly warmingUp: boolean } {
  if (source === 'none') return { designEffect: 1, warmingUp: false };
  if (typeof source === 'number') return { designEffect: Math.max(1, source), warmingUp: false };
  if (history.length >= MIN_HISTORY) {
    const live = betweenBlockEffect(history.map((window) => window.groups));
    if (live !== null) return { designEffect: live, warmingUp: false };
  }
  const seeded =
    source === 'baseline' && blocks !== null ? seededDesignEffect(blocks, windowSpanMs) : null;
  return seeded === null
    ? { designEffect: 1, warmingUp: true }
    : { designEffect: seeded, warmingUp: false };
}
