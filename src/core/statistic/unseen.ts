import { logShareAbove } from './chernoff.ts';

/**
 * Has the share of unseen categories grown beyond what the baseline's rare values make likely? Good-Turing: the share of
 * values never seen is about N1 / m; its upper limit here is N1/m + 4 sqrt(N1 + 2 N2)/m + .005 (STATISTICS 5).
 *
 * @param n @param m effective sample sizes
 */
export function unseenTest(
  unseenShare: number,
  n: number,
  m: number,
  goodTuring: { readonly singletons: number; readonly doubletons: number },
  delta: number,
): { readonly expected: number; readonly logP0: number; readonly logPDelta: number } {
  if (!(n > 0) || !(m > 0)) return { expected: 0, logP0: 0, logPDelta: 0 };
  const { singletons, doubletons } = goodTuring;
  const limit = singletons / m + (4 * Math.sqrt(singletons + 2 * doubletons)) / m + 0.005;
  return {
    expected: Math.min(1, singletons / m),
    logP0: limit < 1 ? logShareAbove(unseenShare, n, limit, 0) : 0,
    logPDelta: limit + delta < 1 ? logShareAbove(unseenShare, n, limit, delta) : 0,
  };
}
