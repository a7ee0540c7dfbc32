/*
 * How figures are written where people read them. In one mail the same figure stands in the subject, a table, a sentence and a
 * picture: it is rounded here and nowhere else.
 */

/** Less is what rounding leaves of a difference of shares. */
const NO_SHARE = 1e-12;

/** A share in percent, of three digits: 0 %, < 0.1 %, 4.17 %, 63.4 %. @param share 0 to 1 */
export function shareText(share: number): string {
  if (share < NO_SHARE) return '0 %';
  return share < 0.001 ? '< 0.1 %' : `${String(Number((share * 100).toPrecision(3)))} %`;
}

/** So many decimals has an effect, rounded. */
function decimals(effect: number): number {
  return Math.abs(effect) < 0.0995 ? 3 : 2;
}

/** KS or PSI: 0.93, and three decimals below 0.1. */
export function effectText(effect: number): string {
  return effect.toFixed(decimals(effect));
}

/**
 * The ends of an interval, rounded outwards: what lies between the ends lies between what is shown, too. null: the two are
 * the same to three decimals.
 */
export function intervalText(
  low: number,
  high: number,
): readonly [low: string, high: string] | null {
  if (low.toFixed(3) === high.toFixed(3)) return null;
  return [towards(low, Math.floor), towards(high, Math.ceil)];
}

function towards(value: number, round: (value: number) => number): string {
  const digits = decimals(value);
  // toPrecision: 0.29 * 100 is 28.999999999999996.
  const scaled = Number((value * 10 ** digits).toPrecision(12));
  return (round(scaled) / 10 ** digits).toFixed(digits);
}
