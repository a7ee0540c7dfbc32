import { describe, expect, it } from 'vitest';

import {
  unknownFault,
  volumeFault,
  volumeReferences,
} from '../../../../src/core/quality/faults.ts';
import type { QualityFault } from '../../../../src/core/quality/faults.ts';
import { moveProblems, qualityInWords } from '../../../../src/core/quality/problems.ts';
import type { QualityProblem } from '../../../../src/core/quality/problems.ts';

const END = Date.UTC(2024, 4, 1, 12);
const DAY = 86_400_000;
const every = (step: number, counts: readonly number[]): [number, number][] =>
  counts.map((events, i) => [END - (i + 1) * step, events]);

describe('the volume of a window', () => {
  it('is held against the median of the same time of earlier weeks', () => {
    const weeks = new Map(every(7 * DAY, [1_000, 900, 5, 1_100]));
    expect(volumeFault('24h', END, 474, weeks, 0.5)).toMatchObject({
      check: 'volume-drop',
      window: '24h',
      value: 474,
      expected: 950,
    });
    expect(volumeFault('24h', END, 475, weeks, 0.5)).toBeNull();
    expect(volumeFault('24h', END, 475, weeks, 0.4)).toMatchObject({ check: 'volume-drop' });
  });

  it('is held against earlier days while there are few weeks, and against nothing while there are few days', () => {
    const days = every(DAY, [400, 400, 400, 400, 400]);
    expect(volumeFault('1h', END, 100, new Map(days), 0.5)).toMatchObject({ expected: 400 });
    expect(volumeFault('1h', END, 100, new Map(days.slice(1)), 0.5)).toBeNull();
  });

  it('of few events says nothing, a switched-off check neither, and none at all is no data', () => {
    const few = new Map(every(DAY, [99, 99, 99, 99, 99]));
    expect(volumeFault('1h', END, 1, few, 0.5)).toBeNull();
    const many = new Map(every(DAY, [1_000, 1_000, 1_000, 1_000, 1_000]));
    expect(volumeFault('1h', END, 1, many, 0)).toBeNull();
    expect(volumeFault('1h', END, 0, many, 0)).toMatchObject({ check: 'no-data', expected: 1_000 });
    expect(volumeFault('1h', END, 0, new Map(), 0.5)).toMatchObject({
      check: 'no-data',
      expected: null,
    });
  });

  it('asks for each earlier window once', () => {
    const ends = volumeReferences(END);
    expect(new Set(ends).size).toBe(ends.length);
    expect(ends).toContain(END - 7 * DAY);
    expect(ends).toContain(END - 14 * DAY);
    expect(Math.min(...ends)).toBe(END - 56 * DAY);
  });
});

describe('unknown features', () => {
  it('count from the evaluation before', () => {
    const before = { events: 1_000, unknown: 500 };
    expect(unknownFault(before, { events: 1_200, unknown: 501 })).toBeNull();
    expect(unknownFault(before, { events: 1_200, unknown: 502 })).toMatchObject({ value: 0.01 });
    expect(unknownFault(null, { events: 10, unknown: 10 })).toMatchObject({ value: 1 });
    expect(unknownFault(before, before)).toBeNull();
  });

  it('are told by their names, as far as these are known', () => {
    const fault = unknownFault(null, { events: 10, unknown: 5 });
    const problem = { check: 'unknown', about: '', streak: 2, since: 1, told: false } as const;
    const say = (...names: string[]): string =>
      qualityInWords({ problem, status: 'firing', fault, since: 1 }, 'flights', names).sentence;
    const rest = ': they are not watched. Upload a baseline that has them, or stop sending them.';
    const start =
      '50 % of the events since the last evaluation bring features that the baseline does not know';
    expect(say()).toBe(start + rest);
    expect(say('gust', 'a\u001B[2Jb')).toBe(`${start} (gust, "a\uFFFD[2Jb")${rest}`);
    expect(say(...'abcdefg')).toBe(`${start} (a, b, c, d, e and 2 more)${rest}`);
  });
});

describe('what is told', () => {
  const drop: QualityFault = {
    check: 'volume-drop',
    feature: null,
    segment: 'all',
    window: '1h',
    value: 10,
    expected: 1_000,
  };
  /** The notices of a run of evaluations. */
  function run(
    steps: readonly { faults: readonly QualityFault[]; mayNotify?: boolean }[],
  ): string[] {
    let known: QualityProblem[] = [];
    return steps.map(({ faults, mayNotify = true }, i) => {
      const moved = moveProblems(known, faults, i, mayNotify);
      known = moved.problems;
      return moved.notices.map(({ status, since }) => `${status} since ${since}`).join();
    });
  }
  const bad = { faults: [drop] };
  const good = { faults: [] };

  it('is what lasts for two evaluations, once; and its end, when it has lasted as long', () => {
    expect(run([bad, good, bad, bad, bad, good, bad, good, good, good])).toEqual([
      '',
      '',
      '',
      'firing since 3',
      '',
      '',
      '',
      '',
      'resolved since 3',
      '',
    ]);
  });

  it('waits while nobody may be told, and is not told at all when it is over by then', () => {
    const quiet = { faults: [drop], mayNotify: false };
    expect(run([quiet, quiet, quiet, bad])).toEqual(['', '', '', 'firing since 1']);
    expect(
      run([quiet, quiet, { ...good, mayNotify: false }, { ...good, mayNotify: false }, good]),
    ).toEqual(['', '', '', '', '']);
  });

  it('is nothing that the alert of a feature tells', () => {
    const missing: QualityFault = { ...drop, check: 'missing', feature: 'x' };
    expect(run([{ faults: [missing] }, { faults: [missing] }])).toEqual(['', '']);
  });

  it('remembers nothing of what is long over', () => {
    let known = moveProblems([], [drop], 0, true).problems;
    expect(known).toHaveLength(1);
    for (let at = 1; at <= 2; at += 1) known = moveProblems(known, [], at, true).problems;
    expect(known).toEqual([]);
  });

  it('is said in numbers', () => {
    const problem = {
      check: 'volume-drop',
      about: '1h',
      streak: 2,
      since: 1,
      told: false,
    } as const;
    expect(qualityInWords({ problem, status: 'firing', fault: drop, since: 1 }, 'flights')).toEqual(
      {
        title: 'flights: far fewer events than usual (1h)',
        sentence:
          'The window of 1h has 10 events, where 1000 are usual at this time of the day and week.',
      },
    );
    expect(
      qualityInWords({ problem, status: 'resolved', fault: null, since: 1 }, 'flights').title,
    ).toBe('Over: flights: far fewer events than usual (1h)');
  });
});
