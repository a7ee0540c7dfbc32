import { logShareAbove } from './chernoff.ts';

/** The baseline's categories: what their rarest ones say of those it has not seen. */
export interface UnseenReference {
  /** Values of the baseline. */
  readonly m: number;
  /** Values of it that are counted as unseen themselves, its categories being too many to be known. */
  readonly unseen: number;
  /** Categories that occur once, and twice. */
  readonly singletons: number;
  readonly doubletons: number;
  readonly designEffect: number;
}

/**
 * A baseline of m without a rare category misses a share of more than this / m with a chance below .001: e^-mq for one
 * category of share q, of which there are 1 / q at most, and for two or three together that leave no once- and twice-seen
 * others.
 */
const NEVER_DRAWN = 9;

/**
 * Has the share of unseen categories grown beyond what the baseline's rare values make likely? Good-Turing: the share of
 * values never seen is about N1 / m; its upper limit here is N1/m + 4 sqrt(N1 + 2 N2)/m + .005 + 9/m (STATISTICS 5). Of a
 * small baseline N1 = N2 = 0 says little. A design effect widens what is added to the estimate, not the
 * estimate.
 *
 * @param n effective size of the live sample
 */
export function unseenTest(
  unseenShare: number,
  n: number,
  reference: UnseenReference,
  delta: number,
): { readonly expected: number; readonly logP0: number; readonly logPDelta: number } {
  const { m, unseen, singletons, doubletons, designEffect } = reference;
  if (!(n > 0) || !(m > 0)) return { expected: 0, logP0: 0, logPDelta: 0 };
  const expected = Math.min(1, (unseen + singletons) / m);
  const error = Math.sqrt(designEffect * (singletons + 2 * doubletons)) / m;
  const limit = expected + 4 * error + (NEVER_DRAWN * designEffect) / m + 0.005;
  return {
    expected,
    logP0: limit < 1 ? logShareAbove(unseenShare, n, limit, 0) : 0,
    logPDelta: limit + delta < 1 ? logShareAbove(unseenShare, n, limit, delta) : 0,
  };
}
