import { describe, expect, it } from 'vitest';
import { createBaselineBuilder } from '../../../../src/core/baseline/builder.ts';
import type { CheckContext } from '../../../../src/core/baseline/checks/against-model.ts';
import type { StreamBeside } from '../../../../src/core/baseline/checks/against-stream.ts';
import { MIN_ROWS, checkBaseline } from '../../../../src/core/baseline/checks/checks.ts';
import type { Finding } from '../../../../src/core/baseline/checks/finding.ts';
import type { RowValue } from '../../../../src/core/baseline/row-value.ts';
import { createSampler } from '../../../../src/core/baseline/sampler.ts';
import type { Baseline, BaselineFeature } from '../../../../src/core/baseline/types.ts';
import type { Feature, FeatureKind } from '../../../../src/core/domain/feature.ts';
import type { Histogram } from '../../../../src/core/histogram/types.ts';
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

  it('values that get a binning of their own, and histories on others', () => {
    const on = (...ids: string[]): Baseline => {
      const [x] = baselineOf({ x: () => normal() }).features;
      const [own, ...also] = ids.map((id) => ({
        ...x,
        histogram: { ...x?.histogram, binning: { ...x?.histogram.binning, id } },
      })) as Baseline['features'];
      const feature = { ...own, ...(also.length === 0 ? {} : { also }) };
      return { ...baselineOf({ x: () => normal() }), features: [feature] as Baseline['features'] };
    };
    const context = { features: [feature('x', 'numeric')], active: on('a', 'before') };
    expect(told(checkBaseline(on('a', 'before'), context))).toEqual([]);
    expect(told(checkBaseline(on('b', 'a'), context))).toEqual(['warning own-binning x']);
    expect(told(checkBaseline(on('b', 'before'), context))).toEqual(['warning other-binning x']);
  });
});

describe('the live stream', () => {
  it('tells what its events never bring, bring less often, or as another kind', () => {
    const baseline = baselineOf({
      never: () => normal(),
      seldom: () => normal(),
      texts: () => normal(),
      same: () => normal(),
      new: () => normal(),
    });
    const events = 1_000;
    const stream = new Map([
      ['never', { events, missing: 1_000, invalid: 0 }],
      ['seldom', { events, missing: 300, invalid: 0 }],
      ['texts', { events, missing: 0, invalid: 100 }],
      ['same', { events, missing: 50, invalid: 20 }],
    ]);
    const context = { ...NOTHING, stream };
    expect(told(checkBaseline(baseline, context))).toEqual([
      'warning stream-lacks never',
      'warning stream-missing seldom',
      'warning stream-invalid texts',
    ]);
    const [lacking] = checkBaseline(baseline, { ...context, attributes: ['never'] });
    expect(lacking?.text).toContain('sliced by it as an attribute');
    const few = new Map([...stream].map(([name, of]) => [name, { ...of, events: 100 }]));
    expect(told(checkBaseline(baseline, { ...NOTHING, stream: few }))).toEqual([]);
  });
});

describe('features that the stream brings and the baseline lacks', () => {
  const baseline = baselineOf({ x: () => normal(), y: () => normal() });
  const beside = (names: readonly string[], more: Partial<StreamBeside> = {}): StreamBeside => ({
    names: names.map((name) => ({ name, lastSeen: '2024-01-02T03:04:05Z' })),
    complete: true,
    events: 1_000,
    ignored: new Set(),
    ...more,
  });
  const old = baselineOf({ old: () => normal() }).features;
  const active = { ...baseline, features: [...baseline.features, ...old] };

  it('are told by name, with when they came last', () => {
    const [finding] = checkBaseline(baseline, { ...NOTHING, beside: beside(['x', 'y', 'z']) });
    expect(finding).toEqual({
      level: 'warning',
      check: 'stream-sends',
      feature: 'z',
      text: 'the stream sends z (last seen 2024-01-02T03:04:05Z), the baseline lacks it: it is not watched; add it, or ignore it',
    });
  });

  it('are told when they are counted for other versions only, and those of the active one once', () => {
    const events = 1_000;
    const stream = new Map([
      ['x', { events, missing: 0, invalid: 0 }],
      ['y', { events, missing: 0, invalid: 0 }],
      ['old', { events, missing: 0, invalid: 0 }],
      ['shadowed', { events, missing: 400, invalid: 0 }],
      ['gone', { events, missing: 1_000, invalid: 0 }],
      ['few', { events: 10, missing: 0, invalid: 0 }],
    ]);
    const features = active.features.map(({ name }) => feature(name, 'numeric'));
    const findings = checkBaseline(baseline, { features, active, stream, beside: beside(['z']) });
    expect(told(findings)).toEqual([
      'warning feature-lacking old',
      'warning stream-sends z',
      'warning stream-sends shadowed',
    ]);
    expect(findings.at(-1)?.text).toContain('sends shadowed (in 600 of the last 1000 events)');
  });

  it('are not told when they are ignored, or a prediction that has another name here', () => {
    const context = (more: Partial<StreamBeside>): CheckContext => ({
      ...NOTHING,
      beside: beside(['x', 'y', 'prediction', 'label', 'id'], more),
    });
    expect(told(checkBaseline(baseline, context({ ignored: new Set(['id']) })))).toEqual([
      'warning stream-sends prediction',
      'warning stream-sends label',
    ]);
    const [x, y] = baseline.features as [BaselineFeature, BaselineFeature];
    const scored = { ...baseline, features: [x, { ...y, role: 'prediction' as const }] };
    expect(
      told(checkBaseline(scored, context({ ignored: new Set(['id', 'label', 'y']) }))),
    ).toEqual([]);
  });

  it('are told in few lines, however many they are and whatever they are called', () => {
    const names = Array.from({ length: 99 }, (_, i) => `\u001B[3${i}m`);
    const findings = checkBaseline(baseline, { ...NOTHING, beside: beside(['x', 'y', ...names]) });
    expect(findings).toHaveLength(21);
    expect(findings.at(-1)?.text).toBe(
      `the stream sends 79 features more that the baseline lacks: ${[20, 21, 22, 23, 24].map((i) => `"\uFFFD[3${i}m"`).join(', ')} and 74 more`,
    );
  });

  it('have a reverse before the first version: what no event brings', () => {
    const lacks = (context: Partial<CheckContext>): string[] =>
      told(checkBaseline(baseline, { ...NOTHING, beside: beside(['x']), ...context }));
    expect(lacks({})).toEqual(['warning stream-lacks y']);
    expect(lacks({ beside: beside(['x'], { complete: false }) })).toEqual([]);
    expect(lacks({ beside: beside(['x'], { events: 199 }) })).toEqual([]);
    expect(lacks({ beside: beside([]) })).toEqual([]);
    expect(lacks({ stream: new Map([['x', { events: 9, missing: 0, invalid: 0 }]]) })).toEqual([]);
    expect(lacks({ active: baseline, features: [] })).toEqual([]);
  });
});

describe('the shape of a document, whatever the model', () => {
  const whole = baselineOf({ x: () => normal(), c: (i) => (i % 2 === 0 ? 'a' : 'b') });
  const [x, c] = whole.features as [BaselineFeature, BaselineFeature];
  const sliced = (features: readonly BaselineFeature[], name = 'origin=JFK'): Baseline => ({
    ...whole,
    segments: new Map([[name, features]]),
  });

  it.each<[what: string, baseline: Baseline, finding: string]>([
    ['a segment with fewer features', sliced([c]), ''],
    [
      'a segment that holds a feature as another kind',
      sliced([{ ...x, kind: 'categorical' }]),
      'error segments-differ x',
    ],
    [
      'a segment with a feature of its own',
      sliced([{ ...x, name: 'y' }]),
      'error segments-differ y',
    ],
    [
      'a feature with NUL in its name, in a segment',
      sliced([{ ...x, name: 'y\0' }]),
      'error segments-differ y\0',
    ],
    ['a segment that is called as the whole', sliced([x], 'all'), 'error segments-differ -'],
    ['a segment without a name', sliced([x], ''), 'error unreadable-text -'],
    [
      '101 segments',
      { ...whole, segments: new Map(Array.from({ length: 101 }, (_, i) => [`s=${i}`, [x]])) },
      'error too-large -',
    ],
    [
      'a text that no database takes, among the heavy values of a segment',
      sliced([{ ...c, histogram: { ...c.histogram, heavy: new Map([['a\0', 1]]) } as Histogram }]),
      'error unreadable-text -',
    ],
    [
      'the same on a further binning',
      {
        ...whole,
        features: [
          x,
          {
            ...c,
            also: [
              { ...c, histogram: { ...c.histogram, heavy: new Map([['\ud800', 1]]) } as Histogram },
            ],
          },
        ],
      },
      'error unreadable-text -',
    ],
    [
      '9 further binnings',
      { ...whole, features: [{ ...x, also: Array.from({ length: 9 }, () => x) }] },
      'error too-large x',
    ],
    [
      '1,001 bins',
      {
        ...whole,
        features: [
          {
            ...x,
            histogram: {
              ...x.histogram,
              binning: { ...x.histogram.binning, edges: new Float64Array(1_000) },
            } as Histogram,
          },
        ],
      },
      'error too-large x',
    ],
    [
      '513 categories',
      {
        ...whole,
        features: [
          {
            ...c,
            histogram: {
              ...c.histogram,
              binning: {
                ...c.histogram.binning,
                categories: Array.from({ length: 513 }, (_, i) => `${i}`),
              },
            } as Histogram,
          },
        ],
      },
      'error too-large c',
    ],
  ])('%s', (_, baseline, finding) => {
    expect(told(checkBaseline(baseline, NOTHING)).join()).toBe(finding);
  });
});
