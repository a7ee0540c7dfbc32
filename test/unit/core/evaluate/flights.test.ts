import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createBaselineBuilder } from '../../../../src/core/baseline/builder.ts';
import { createSampler, planLike } from '../../../../src/core/baseline/sampler.ts';
import type { Baseline } from '../../../../src/core/baseline/types.ts';
import { seededDesignEffect } from '../../../../src/core/evaluate/design-effect.ts';
import { evaluate } from '../../../../src/core/evaluate/evaluate.ts';
import { DEFAULT_POLICY } from '../../../../src/core/evaluate/types.ts';
import type { EvaluationPolicy, FeatureResult } from '../../../../src/core/evaluate/types.ts';
import { DAY_MS } from './subjects.ts';

/** January 2013, the demo's baseline (see baselines/README.md). */
const file = new URL('../../../../baselines/flights-late.csv.gz', import.meta.url);
const [header = '', ...lines] = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n');
const columns = header.split(',');
const rows = lines.map((line) => line.split(',').map((field) => (field === '' ? null : field)));
const times = rows.map((row) => Date.parse(row[columns.indexOf('ts')] ?? ''));
const JANUARY = Date.UTC(2013, 0, 1);
const WEEK = { name: '7d', spanMs: 7 * DAY_MS };
const declared = new Map([
  ['ts', { ignore: true }],
  ['score', { role: 'prediction' }],
] as const);

const sampler = createSampler({ columns, declared });
for (const row of rows) sampler.addRow(row, []);
const january = build(sampler.plan(), JANUARY, Infinity);

function build(plan: ReturnType<typeof sampler.plan>, from: number, to: number): Baseline {
  const builder = createBaselineBuilder(plan, { slots: false });
  rows.forEach((row, i) => {
    const time = times[i] as number;
    if (time >= from && time < to) builder.addRow(row, time, []);
  });
  return builder.build('flights', 'january');
}

/** One 7-day window of January, starting on its day `day`, against the whole month. */
function judgeWeek(day: number, policy: EvaluationPolicy): readonly FeatureResult[] {
  const from = JANUARY + day * DAY_MS;
  const week = build(planLike(january, columns), from, from + WEEK.spanMs);
  const subjects = january.features.map((feature, i) => ({
    feature: feature.name,
    kind: feature.kind,
    role: feature.role,
    tier: 'standard' as const,
    segment: 'all',
    window: WEEK,
    baseline: feature,
    live: week.features[i]?.histogram ?? null,
    comparable: true,
    history: [],
    mixture: null,
  }));
  return evaluate(subjects, policy, { evaluationsPerDay: 1 }).results;
}

const fired = (results: readonly FeatureResult[]): string[] =>
  results
    .filter(({ verdict }) => verdict === 'drifted' || verdict === 'warning')
    .map(({ feature }) => feature);

describe('a month of real flights', () => {
  it.each([
    ['temp', 50],
    ['pressure', 49],
    ['humid', 36],
    ['wind_speed', 28],
    ['visib', 38],
    ['precip', 17],
    ['score', 16],
    ['distance', 1],
    ['sched_hour', 1],
  ])('the days differ in %s by a design effect of about %d', (name, expected) => {
    const blocks = january.features.find((feature) => feature.name === name)?.blocks ?? null;
    const effect = blocks === null ? NaN : seededDesignEffect(blocks, WEEK.spanMs);
    expect(Math.abs((effect ?? NaN) - expected)).toBeLessThanOrEqual(Math.max(1, expected * 0.1));
  });

  it('its own weeks fire never with the seed, and without it the weather fires on all of them', () => {
    const seeded = new Set<string>();
    let withoutSeed = 0;
    for (let day = 0; day < 25; day += 1) {
      for (const feature of fired(judgeWeek(day, DEFAULT_POLICY))) seeded.add(feature);
      const plain = fired(judgeWeek(day, { ...DEFAULT_POLICY, designEffect: 'none' }));
      if (plain.includes('temp')) withoutSeed += 1;
    }
    expect([...seeded]).toEqual([]);
    expect(withoutSeed).toBe(25);
  });
});
