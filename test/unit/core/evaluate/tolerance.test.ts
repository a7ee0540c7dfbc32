import { describe, expect, it } from 'vitest';
import { even, judge, repeat, statistic, subjectOf } from './subjects.ts';

/** Half of the values are negative, half are positive. */
const centred = even(50_000).map((x) => x - 0.5);
const positive = even(50_000);

describe('the share of negative values', () => {
  it('of a centred feature moves as far as KS does, and is tolerated as far', () => {
    // A shifted uniform law leaves the baseline's range, which is the spike statistic's business.
    const moved = judge(subjectOf(centred, even(1_000_000, -0.54)), { off: ['spike'] });
    const negative = statistic(moved, 'negative');
    expect(negative.value).toBeCloseTo(0.04, 3);
    expect(statistic(moved, 'ks').value).toBeCloseTo(0.04, 2);
    expect([negative.fires, moved.verdict]).toEqual([null, 'stable']);
  });

  it('fires with KS when the shift is beyond its tolerance', () => {
    const moved = judge(subjectOf(centred, even(1_000_000, -0.62)));
    expect(statistic(moved, 'ks').fires).toBe('critical');
    expect(statistic(moved, 'negative').fires).toBe('critical');
  });

  it('of a feature that never had any is held to the tolerance of shares', () => {
    const live = positive.map((x, i) => (i % 25 === 0 ? -x : x));
    const result = judge(subjectOf(positive, live));
    expect(statistic(result, 'negative').value).toBeCloseTo(0.04, 3);
    expect([statistic(result, 'negative').fires, result.verdict]).toEqual(['critical', 'drifted']);
  });

  it('of a feature that is always negative too', () => {
    const live = positive.map((x, i) => (i % 60 === 0 ? x : -x));
    const result = judge(
      subjectOf(
        positive.map((x) => -x),
        live,
      ),
    );
    expect(statistic(result, 'negative').fires).toBe('warning');
  });
});

describe('the share of whole numbers', () => {
  it('fires when whole numbers get decimals, by a twentieth of them', () => {
    const whole = repeat(50_000, [1, 2, 3, 4]) as number[];
    const live = whole.map((x, i) => (i % 20 === 0 ? x + 0.5 : x));
    expect(statistic(judge(subjectOf(whole, live)), 'integer').fires).toBe('critical');
  });

  it('fires when half of the decimals are rounded away inside their bins', () => {
    const mixed = even(50_000).map((x, i) => (i % 3 === 0 ? Math.round(x * 5000) : x * 5000));
    const live = even(50_000).map((x, i) => (i % 3 !== 1 ? Math.round(x * 5000) : x * 5000));
    const result = judge(subjectOf(mixed, live));
    expect(statistic(result, 'ks').fires).toBeNull();
    expect(statistic(result, 'integer').fires).toBe('critical');
  });
});

describe('the share of zeros', () => {
  const zeros = (share: number): number[] => even(50_000).map((x) => Math.max(0, x - share));

  it('of a zero-inflated feature may wobble as its distribution may', () => {
    const result = judge(subjectOf(zeros(0.6), zeros(0.63)));
    expect([statistic(result, 'zero').fires, result.verdict]).toEqual([null, 'stable']);
  });

  it('fires where there were none', () => {
    expect(statistic(judge(subjectOf(positive, zeros(0.05))), 'zero').fires).toBe('critical');
  });
});
