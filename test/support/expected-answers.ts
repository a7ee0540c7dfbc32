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
  readonly levels?: number;
  readonly new?: readonly string[];
  readonly edges?: readonly number[];
  readonly ref_rc?: readonly number[];
  readonly win_rc?: readonly number[];
  readonly psi_rc?: number;
  readonly ref?: readonly number[];
  readonly win?: readonly number[];
  readonly psi?: number;
}

export const CONTROL = 'control: even vs odd rows of the first reference (no drift)';

/** The tracked categories of a binning: more levels than this are told apart only in part. */
const TRACKED = 64;

export function readExpected(name: string): Expected {
  const file = new URL(`../golden/expected/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Expected;
}

/** A comparison agrees with the raw values' answers. @returns how many features of each kind were held against them */
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
    // Values that the baseline never had share one cell, so that two new levels make one degree of freedom less.
    const apart = (wanted.levels ?? 0) <= TRACKED && (wanted.new ?? []).length <= 1;
    if (wanted.chi2 !== undefined && apart) {
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
