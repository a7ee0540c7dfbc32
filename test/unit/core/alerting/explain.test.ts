import { describe, expect, it } from 'vitest';
import { explain } from '../../../../src/core/alerting/explain.ts';
import type { FeatureResult, Subject } from '../../../../src/core/evaluate/types.ts';
import { buildCategoricalBinning } from '../../../../src/core/histogram/categorical-binning.ts';
import { SLOT } from '../../../../src/core/domain/event-frame.ts';
import type { Histogram, NumericHistogram } from '../../../../src/core/histogram/types.ts';
import { flightsWindow } from '../../../support/flights-digest.ts';
import { countAll } from '../../../support/histograms.ts';

describe('what changed, in words', () => {
  const { subjects, results } = flightsWindow(Date.UTC(2013, 6, 18));
  const sentences = (feature: string, unit: string | null = null): string[] => {
    const i = results.findIndex((result) => result.feature === feature);
    const [subject, result] = [subjects[i], results[i]];
    if (subject === undefined || result === undefined) throw new Error(`no ${feature}`);
    return explain({ ...subject, unit }, result);
  };

  it('of a numeric feature: median and quartiles, the largest gap, values never seen', () => {
    const lines = sentences('temp');
    expect(lines[0]).toMatch(/^More mass above 64\.4: 0 % -> 100 %$/);
    // July in New York, against January: 38 °F (the file's median is 37.94).
    expect(lines.find((line) => line.startsWith('Median'))).toMatch(
      /^Median 37\.9\d* -> 8\d\.\d+$/,
    );
    expect(lines).toContain("Outside the baseline's range: 100 %");
  });

  it('of a feature whose unit is known: with it', () => {
    const lines = sentences('temp', '°F');
    expect(lines[0]).toMatch(/^More mass above 64\.4 °F: 0 % -> 100 %$/);
    expect(lines.find((line) => line.startsWith('Median'))).toMatch(
      /^Median 37\.9\d* °F -> 8\d\.\d+ °F$/,
    );
    expect(lines.find((line) => line.includes(' in ('))).toMatch(/ in \(\S+, \S+\] °F: /);
    expect(sentences('carrier', '°F').join(' ')).not.toContain('°F');
  });

  it('of a feature that has not moved: little', () => {
    expect(sentences('carrier').length).toBeLessThanOrEqual(5);
    expect(sentences('carrier').join(' ')).not.toContain('NaN');
  });

  it('says where values pile up: in their bin, at its only value, or beyond the last edge', () => {
    const i = results.findIndex(({ feature }) => feature === 'temp');
    const [subject, result] = [subjects[i], results[i]];
    if (subject === undefined || result === undefined || subject.live?.kind !== 'numeric')
      throw new Error('no temp');
    const binning = {
      ...subject.live.binning,
      edges: Float64Array.of(0, 150, 300),
      atoms: Uint8Array.of(0, 0, 0, 0),
    };
    const piled = (
      at: number,
      counts: readonly number[],
      atoms: readonly number[] = [],
    ): string => {
      const live = { ...subject.live, counts: Float64Array.from(counts) } as NumericHistogram;
      const own = atoms.length === 0 ? binning : { ...binning, atoms: Uint8Array.from(atoms) };
      const spike = {
        name: 'spike',
        value: 0.9,
        at,
        fires: 'critical',
      } as unknown as FeatureResult['statistics'][number];
      return explain(
        { ...subject, comparable: false, live: { ...live, binning: own } },
        { ...result, outOfRangeShare: 0, statistics: [spike] },
      ).join();
    };
    const rest = ': 90 % more than in the baseline';
    expect(piled(300, [1, 1, 90, 0])).toContain(`Values pile up in (150, 300]${rest}`);
    expect(piled(300, [1, 1, 0, 90])).toContain(`Values pile up above 300${rest}`);
    expect(piled(0, [90, 1, 0, 1])).toContain(`Values pile up at or below 0${rest}`);
    expect(piled(150, [1, 90, 0, 1], [0, 1, 0, 0])).toContain(`Values pile up at 150${rest}`);
  });

  it('says nothing when there is nothing to compare', () => {
    const [subject] = subjects;
    const [result] = results;
    if (subject === undefined || result === undefined) throw new Error('no feature');
    expect(explain({ ...subject, live: null }, result)).toEqual([]);
    expect(explain({ ...subject, baseline: null }, result)).toEqual([]);
  });

  it('of categories: the ones that moved most, and new ones by name', () => {
    const counts = new Map([
      ['red', 500],
      ['blue', 400],
      ['green', 100],
    ]);
    const binning = buildCategoricalBinning(counts, { salt: 's' });
    const count = (list: Readonly<Record<string, number>>): Histogram =>
      countAll(
        binning,
        Object.entries(list).flatMap(([text, times]) =>
          Array.from({ length: times }, () => [SLOT.text, 0, text] as const),
        ),
      );
    const baseline = count(Object.fromEntries(counts));
    const i = results.findIndex(({ feature }) => feature === 'carrier');
    const [subject, result] = [subjects[i], results[i]];
    if (subject?.baseline === undefined || subject.baseline === null || result === undefined)
      throw new Error('no carrier');
    const moved: Subject = {
      ...subject,
      baseline: { ...subject.baseline, histogram: baseline },
      live: count({ red: 100, blue: 400, green: 100, mauve: 400 }),
    };
    const plain = {
      ...result,
      missing: { baseline: 0, live: 0.2 },
      invalid: { baseline: 0, live: 0 },
    };
    expect(explain(moved, plain)).toEqual([
      'New category mauve: at least 40 %',
      'More other values: 0 % -> 40 %',
      'Less red: 50 % -> 10 %',
      'Missing: 0 % -> 20 %',
    ]);
  });
});
