import { describe, expect, it } from 'vitest';
import { explain } from '../../../../src/core/alerting/explain.ts';
import type { Subject } from '../../../../src/core/evaluate/types.ts';
import { buildCategoricalBinning } from '../../../../src/core/histogram/categorical-binning.ts';
import { SLOT } from '../../../../src/core/domain/event-frame.ts';
import type { Histogram } from '../../../../src/core/histogram/types.ts';
import { flightsWindow } from '../../../support/flights-digest.ts';
import { countAll } from '../../../support/histograms.ts';

describe('what changed, in words', () => {
  const { subjects, results } = flightsWindow(Date.UTC(2013, 6, 18));
  const sentences = (feature: string): string[] => {
    const i = results.findIndex((result) => result.feature === feature);
    const [subject, result] = [subjects[i], results[i]];
    if (subject === undefined || result === undefined) throw new Error(`no ${feature}`);
    return explain(subject, result);
  };

  it('of a numeric feature: median and quartiles, the largest gap, values never seen', () => {
    const [median, gap, ...rest] = sentences('temp');
    // July in New York, in the baseline January: 38 °F (the file's median is 37.94).
    expect(median).toMatch(
      /^Median 8\d\.\d+, in the baseline 37\.9\d*; the middle half runs from 7\d\S* to \d\d\S*, in the baseline from 30\.\d+ to 44\.\d+\.$/,
    );
    expect(gap).toMatch(/^0 % of the values are at or below 6\d\.?\d*, in the baseline 100 %\.$/);
    expect(rest).toContain("100 % of the values lie outside the baseline's range.");
  });

  it('of a feature that has not moved: little', () => {
    expect(sentences('carrier').length).toBeLessThanOrEqual(4);
    expect(sentences('carrier').join(' ')).not.toContain('NaN');
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
      '"red" is 10 % of the values, in the baseline 50 %.',
      '40 % of the values are new: the baseline never had them, most often "mauve".',
      'Missing: 20 % of the events, in the baseline 0 %.',
    ]);
  });
});
