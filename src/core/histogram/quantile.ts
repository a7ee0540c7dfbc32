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
  // Weights instead of low + share * (high - low): the difference of huge values overflows.
  return share === 0 || low === high ? low : low * (1 - share) + high * share;
}
