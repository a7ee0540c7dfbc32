import { statisticEntry } from '../statistic/catalogue.ts';
import type { StatisticName } from '../statistic/catalogue.ts';
import type { Sample } from './sample.ts';
import type { Delta, EvaluationPolicy } from './types.ts';

/**
 * The spike statistic looks at bins of at most this baseline share; shares up to it, or as near to 1, are structural.
 * Categories above it have the tolerance of distributions: a category of half of all values that moves by three points
 * in a year is no more than KS would tolerate, a new one of two points is.
 */
export const STRUCTURAL_SHARE = 0.02;

/**
 * The tolerated effect of a statistic on this sample; null: it takes no part in the decision.
 *
 * The shares of zeros, of negative and of whole numbers have the tolerance of shares only where they are structural,
 * where the baseline has them (nearly) never or (nearly) always. Any other is a point of the distribution itself: a
 * shift that KS tolerates moves the share of negative values of a centred feature just as far. It has the tolerance of
 * distributions then, as the spike statistic leaves heavy bins to KS and PSI.
 */
export function toleranceOf(
  name: StatisticName,
  sample: Sample,
  policy: EvaluationPolicy,
): Delta | null {
  const { effect } = statisticEntry(name);
  if (effect === null) return null;
  if (effect === 'distribution') return policy.delta;
  const { baseline, m } = sample;
  if (
    baseline.kind !== 'numeric' ||
    !(name === 'zero' || name === 'negative' || name === 'integer')
  )
    return policy.shareDelta;
  const share = m > 0 ? baseline[name] / m : 0;
  return Math.min(share, 1 - share) > STRUCTURAL_SHARE ? policy.delta : policy.shareDelta;
}
