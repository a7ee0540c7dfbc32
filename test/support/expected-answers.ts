import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

import type { ComparisonJson } from '../../src/app/compare/comparison-json.ts';
import { psi } from '../../src/core/statistic/psi.ts';

/** Answers of numpy and scipy on the raw values of a data set (test/golden/expected). */
export interface Expected {
  readonly schemes: Readonly<
    Record<string, { readonly windows: Readonly<Record<string, ExpectedWindow>> }>
  >;
}

export interface ExpectedWindow {
  readonly n: number;
  readonly features: Readonly<Record<string, ExpectedFeature>>;
}

interface ExpectedFeature {
  readonly ks?: number;
  readonly miss?: number;
  readonly miss_ref?: number;
  readonly chi2?: number;
  readonly p?: number;
  readonly js?: number;
  readonly edges?: readonly number[];
  readonly ref_rc?: readonly number[];
  readonly win_rc?: readonly number[];
  readonly psi_rc?: number;
  readonly ref?: readonly number[];
  readonly win?: readonly number[];
  readonly psi?: number;
}

export const CONTROL = 'control: even vs odd rows of the first reference (no drift)';

export function readExpected(name: string): Expected {
  const file = new URL(`../golden/expected/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Expected;
}

/** Are the reference's bins tenths? Where values tie with an edge they are not, and driftd's groups are others. */
function isEven({ ref_rc: bins = [] }: ExpectedFeature): boolean {
  const total = bins.reduce((sum, count) => sum + count, 0);
  return bins.length === 10 && bins.every((count) => Math.abs(count / total - 0.1) < 0.005);
}

/** Has every level a cell of its own in driftd's PSI? */
function isHeavy({ ref = [] }: ExpectedFeature): boolean {
  const total = ref.reduce((sum, count) => sum + count, 0);
  return ref.length > 0 && ref.every((count) => count >= Math.max(5, 0.02 * total));
}

/** A comparison with `psi_mode: floor` agrees with the raw values' answers. @returns how many features of each kind were held against them */
export function expectAgreement(
  json: ComparisonJson,
  window: ExpectedWindow,
): { readonly numeric: number; readonly categorical: number } {
  let numeric = 0;
  let categorical = 0;
  expect(json.current.rows).toBe(window.n);
  for (const [name, wanted] of Object.entries(window.features)) {
    const got = json.features.find(({ feature }) => feature === name);
    expect(got, name).toBeDefined();
    expectGivenBins(name, wanted);
    if (wanted.miss !== undefined) {
      expect(got?.missing.current, name).toBeCloseTo(wanted.miss, 9);
      expect(got?.missing.baseline, name).toBeCloseTo(wanted.miss_ref ?? -1, 9);
    }
    if (wanted.ks !== undefined) {
      numeric += 1;
      // The answers are printed with ten digits.
      expect(got?.ks?.dLow, name).toBeLessThanOrEqual(wanted.ks + 1e-9);
      expect(got?.ks?.dHigh, name).toBeGreaterThanOrEqual(wanted.ks - 1e-9);
      expect((got?.ks?.dHigh ?? 1) - (got?.ks?.dLow ?? 0), name).toBeLessThanOrEqual(0.01);
    }
    if (wanted.js !== undefined && isEven(wanted)) {
      // Both on deciles of the baseline, which lie at fine edges here: near, not equal. JS is of base 2 there.
      expect(Math.abs((got?.js ?? NaN) / Math.sqrt(Math.LN2) - wanted.js), name).toBeLessThan(0.01);
      const psi = wanted.psi_rc ?? NaN;
      expect(Math.abs((got?.psi ?? NaN) - psi), name).toBeLessThan(0.005 + 0.05 * psi);
    }
    if (wanted.psi !== undefined && isHeavy(wanted)) {
      expect(Math.abs((got?.psi ?? NaN) - wanted.psi), name).toBeLessThan(1e-9);
    }
    if (wanted.chi2 !== undefined) {
      categorical += 1;
      expect(Math.abs((got?.chi2?.statistic ?? NaN) / wanted.chi2 - 1), name).toBeLessThan(1e-8);
      expect(Math.abs((got?.chi2?.p ?? NaN) / (wanted.p ?? 0) - 1), name).toBeLessThan(1e-8);
    }
  }
  return { numeric, categorical };
}

/** PSI on the very bins of the answers, with their rule for empty ones. */
function expectGivenBins(name: string, wanted: ExpectedFeature): void {
  const [baseline, live] = [wanted.ref_rc ?? wanted.ref, wanted.win_rc ?? wanted.win];
  const answer = wanted.psi_rc ?? wanted.psi;
  if (baseline === undefined || live === undefined || answer === undefined) return;
  const value = psi(Float64Array.from(baseline), Float64Array.from(live), 'floor');
  expect(Math.abs(value - answer), name).toBeLessThanOrEqual(1e-9 * Math.max(1, answer));
}
