import { binnedTotal } from '../histogram/histogram.ts';
import type { Histogram } from '../histogram/types.ts';
import { designEffectOf } from './design-effect.ts';
import type { EvaluationPolicy, Subject } from './types.ts';

/** A subject that can be compared, with its effective sizes. */
export interface Sample {
  readonly baseline: Histogram;
  readonly live: Histogram;
  /** Fine counts; of categories `comparedCells`. */
  readonly baselineCells: Float64Array;
  readonly liveCells: Float64Array;
  /** Binned values. */
  readonly n: number;
  readonly m: number;
  /** With missing and invalid ones. */
  readonly observedN: number;
  readonly observedM: number;
  /** What one value counts for after the design effect: n_eff = n * shrinkN. */
  readonly shrinkN: number;
  readonly shrinkM: number;
  readonly nEff: number;
  readonly mEff: number;
  /** 1/n_eff + 1/m_eff. */
  readonly c: number;
  readonly designEffect: number;
  readonly warmingUp: boolean;
}

/**
 * Counts of a histogram as cells whose law is the same on both sides without drift: bins, or tracked categories and one
 * cell for all others. Other and unseen values are never told apart here: what is unseen is so by definition never in the
 * baseline, so that its cell would differ without any drift. It is compared with its Good-Turing estimate alone.
 */
export function comparedCells(h: Histogram): Float64Array {
  if (h.kind === 'numeric') return h.counts;
  const cells = new Float64Array(h.counts.length + 1);
  cells.set(h.counts);
  cells[h.counts.length] = h.other + h.unseen;
  return cells;
}

/** @returns null when either side has no observation */
export function sampleOf(subject: Subject, policy: EvaluationPolicy): Sample | null {
  const { live, baseline: reference } = subject;
  if (live === null || reference === null) return null;
  const baseline = subject.mixture?.histogram ?? reference.histogram;
  const n = binnedTotal(live);
  const m = binnedTotal(baseline);
  const observedN = n + live.missing + live.invalid;
  const observedM = m + baseline.missing + baseline.invalid;
  if (observedN === 0 || observedM === 0) return null;
  const { designEffect, warmingUp } = designEffectOf(
    policy.designEffect,
    reference.blocks,
    subject.history,
    subject.window.spanMs,
    subject.seasonality ?? null,
  );
  const shrinkN = 1 / designEffect;
  const shrinkM =
    (subject.mixture === null ? 1 : subject.mixture.m / Math.max(1, m)) / designEffect;
  const nEff = n * shrinkN;
  const mEff = m * shrinkM;
  const c = nEff > 0 && mEff > 0 ? 1 / nEff + 1 / mEff : Infinity;
  return {
    baseline,
    live,
    baselineCells: comparedCells(baseline),
    liveCells: comparedCells(live),
    n,
    m,
    observedN,
    observedM,
    shrinkN,
    shrinkM,
    nEff,
    mEff,
    c,
    designEffect,
    warmingUp,
  };
}
