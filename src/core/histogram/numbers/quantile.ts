/**
 * The quantile of an ascending sample, linearly interpolated between order statistics (Hyndman & Fan type 7, numpy's
 * default). NaN without values.
 */
export function quantileLinear(sorted: Float64Array, p: number): number {
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below];
  if (low === undefined) return NaN;
  const high = sorted[below + 1] ?? low;
  const share = position - below;
  const step = high - low;
  // The difference of huge values overflows: then by weights, which round a little more.
  if (!Number.isFinite(step)) return low * (1 - share) + high * share;
  return share < 0.5 ? low + step * share : high - step * (1 - share);
}
