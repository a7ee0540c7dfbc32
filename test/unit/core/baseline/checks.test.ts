import { describe, expect, it } from 'vitest';
import { createBaselineBuilder } from '../../../../src/core/baseline/builder.ts';
import { MIN_ROWS, checkBaseline } from '../../../../src/core/baseline/checks.ts';
import type { CheckContext, Finding } from '../../../../src/core/baseline/checks.ts';
import type { RowValue } from '../../../../src/core/baseline/row-value.ts';
import { createSampler } from '../../../../src/core/baseline/sampler.ts';
import type { Baseline } from '../../../../src/core/baseline/types.ts';
import type { Feature, FeatureKind } from '../../../../src/core/domain/feature.ts';
import { createNormal } from '../../../support/baselines.ts';

const ROWS = 600;
const NOTHING: CheckContext = { features: [], active: null };
const normal = createNormal(3);

type Make = (row: number) => RowValue;

function baselineOf(
  columns: Readonly<Record<string, Make>>,
  rows = ROWS,
  kinds: Readonly<Record<string, FeatureKind>> = {},
): Baseline {
  const names = Object.keys(columns);
  const list = Array.from({ length: rows }, (_, row) =>
    names.map((name) => columns[name]?.(row) ?? null),
  );
  const declared = new Map(Object.entries(kinds).map(([name, kind]) => [name, { kind }]));
  const sampler = createSampler({ columns: names, declared });
  for (const row of list) sampler.addRow(row, []);
  const builder = createBaselineBuilder(sampler.plan());
  for (const row of list) builder.addRow(row, null, []);
  return builder.build('m', 'test');
}

const told = (findings: readonly Finding[]): string[] =>
  findings.map(({ level, check, feature }) => `${level} ${check} ${feature ?? '-'}`);

const feature = (name: string, kind: FeatureKind, tier: Feature['tier'] = 'standard'): Feature => ({
  id: 1,
  name,
  kind,
  role: 'input',
  tier,
});

describe('a baseline is checked before it is stored', () => {
  it.each<[what: string, make: Make, finding: string | null]>([
    ['normal numbers', () => normal(), null],
    ['numbers around zero with zeros', (i) => (i % 5 === 0 ? 0 : normal()), null],
    ['counts from zero', (i) => i % 7, null],
    ['percentages up to 99', (i) => i % 100, null],
    ['a year of 999 and others', (i) => 900 + (i % 100), null],
    ['minus one and one', (i) => (i % 2 === 0 ? -1 : 1), null],
    ['zero and one', (i) => i % 2, null],
    ['nothing', () => null, 'error all-missing x'],
    ['a constant number', () => 4, 'warning constant x'],
    ['a constant word', () => 'a', 'warning constant x'],
    ['-999 among temperatures', (i) => (i % 50 === 0 ? -999 : 10 + normal()), 'warning sentinel x'],
    ['one -999', (i) => (i === 7 ? -999 : 10 + normal()), 'warning sentinel x'],
    ['9999 among ages', (i) => (i % 50 === 0 ? 9999 : 20 + (i % 60)), 'warning sentinel x'],
    ['0 K', (i) => (i % 50 === 0 ? 0 : 285 + normal()), 'warning sentinel x'],
    ['identifiers', (i) => `user-${i}`, 'error identifier x'],
    ['many words', (i) => `word ${i % 300}`, 'warning many-categories x'],
    ['some words', (i) => `word ${i % 20}`, null],
    ['booleans', (i) => i % 2 === 0, null],
  ])('%s', (_, make, finding) => {
    const findings = checkBaseline(baselineOf({ x: make, y: () => normal() }), NOTHING);
    expect(told(findings)).toEqual(finding === null ? [] : [finding]);
    for (const { text } of findings) expect(text).toMatch(/^x .{20,}/);
  });

  it('words in a feature declared numeric', () => {
    const baseline = baselineOf({ x: () => 'warm' }, ROWS, { x: 'numeric' });
    expect(told(checkBaseline(baseline, NOTHING))).toEqual(['error all-invalid x']);
  });

  it('too few rows, and no features', () => {
    const few = (rows: number): string[] =>
      told(checkBaseline(baselineOf({ x: () => normal() }, rows), NOTHING));
    expect(few(MIN_ROWS - 1)).toEqual(['error too-few-rows -']);
    expect(few(MIN_ROWS)).toEqual(['warning too-few-rows -']);
    expect(told(checkBaseline(baselineOf({}), NOTHING))).toEqual(['error no-features -']);
  });

  it.each<[what: string, columns: Readonly<Record<string, Make>>]>([
    ['a name that is too long', { ['x'.repeat(129)]: () => normal() }],
    ['a name that steers a terminal', { '\u001b[2J': () => normal() }],
  ])('%s', (_, columns) => {
    expect(told(checkBaseline(baselineOf(columns), NOTHING))).toEqual(['error unreadable-text -']);
  });

  it.each(['a\0', '\ud800'])(
    'a document with a category that no database takes: %j',
    (category) => {
      const baseline = baselineOf({ x: (i) => (i % 2 === 0 ? 'a' : 'b') });
      const features = baseline.features.map((feature) => ({
        ...feature,
        histogram: {
          ...feature.histogram,
          binning: { ...feature.histogram.binning, categories: [category, 'b'] },
        },
      })) as Baseline['features'];
      expect(told(checkBaseline({ ...baseline, features }, NOTHING))).toEqual([
        'error unreadable-text -',
      ]);
    },
  );

  it('more features than an event has keys', () => {
    const columns = Object.fromEntries(
      Array.from({ length: 1_001 }, (_, i) => [`x${i}`, () => normal()]),
    );
    expect(told(checkBaseline(baselineOf(columns, 40), NOTHING))).toEqual([
      'error too-many-features -',
    ]);
  });

  it('features that the stream has and the baseline lacks, the reverse, and other kinds', () => {
    const active = baselineOf({ a: () => normal(), b: () => normal(), c: () => normal() });
    const context: CheckContext = {
      active,
      features: [
        feature('a', 'numeric'),
        feature('b', 'numeric', 'critical'),
        feature('c', 'numeric', 'ignore'),
        feature('k', 'categorical'),
      ],
    };
    const next = baselineOf({ n: () => normal(), k: () => normal() });
    expect(told(checkBaseline(next, context))).toEqual([
      'error kind-contradicts k',
      'error feature-lacking b',
      'warning feature-new n',
      'warning feature-lacking a',
    ]);
    expect(told(checkBaseline(active, context))).toEqual([]);
  });
});
