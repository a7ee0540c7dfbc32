import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/core/alerting/explain.ts';
import type { FeatureResult, Subject } from '../../../src/core/evaluate/types.ts';
import {
  formatCount,
  formatEffect,
  formatInstant,
  formatP,
  formatShare,
  plural,
} from '../../../src/notify/format.ts';
import { viewOf } from '../../../src/notify/digest-view.ts';
import { renderText } from '../../../src/notify/render-text.ts';
import { subjectOf } from '../../../src/notify/subject.ts';
import { digest, digestFeature } from '../../support/digests.ts';
import { flightsDigest } from '../../support/flights-digest.ts';

describe('numbers', () => {
  it.each([
    [formatCount(1_234_567), '1,234,567'],
    [formatEffect(0.934), '0.93'],
    [formatEffect(0.0512), '0.051'],
    [formatEffect(null), 'n/a'],
    [formatEffect(Infinity), 'n/a'],
    [formatShare(0), '0 %'],
    [formatShare(0.0004), '< 0.1 %'],
    [formatShare(0.0417), '4.17 %'],
    [formatShare(0.634), '63.4 %'],
    [formatShare(NaN), 'n/a'],
    [formatP(Math.log(0.042)), '0.042'],
    [formatP(-2_000), '2.6e-869'],
    [formatP(-Infinity), '0'],
    [formatP(null), 'n/a'],
    [formatInstant(Date.UTC(2013, 6, 18, 14, 5, 59)), '2013-07-18 14:05 UTC'],
    [plural(1, 'feature'), '1 feature'],
    [plural(1_000, 'feature'), '1,000 features'],
  ])('are printed as %s', (printed, expected) => {
    expect(printed).toBe(expected);
  });
});

describe('the subject', () => {
  it.each([
    ['one', digest(), '[critical] flights-late: 1 feature drifted, temp (KS 0.93)'],
    [
      'several, named by the worst',
      digest({
        severity: 'warning',
        features: [digestFeature({ ks: null, psi: 0.31, segment: 'origin=JFK' }), digestFeature()],
      }),
      '[warning] flights-late: 2 features drifted, worst temp [origin=JFK] (PSI 0.31)',
    ],
    [
      'an escalation',
      digest({ features: [digestFeature({ notice: 'escalated' })] }),
      '[critical] flights-late: 1 feature got worse, temp (KS 0.93)',
    ],
    [
      'a recovery beside what fires still',
      digest({ features: [digestFeature({ notice: 'resolved' })], stillFiring: [digestFeature()] }),
      '[resolved] flights-late: 1 feature recovered, 1 still drifting',
    ],
    [
      'both',
      digest({ features: [digestFeature(), digestFeature({ notice: 'resolved' })] }),
      '[critical] flights-late: 1 feature drifted, temp (KS 0.93), 1 feature recovered',
    ],
  ])('says %s', (_name, message, subject) => {
    expect(subjectOf(message)).toBe(subject);
  });

  it('is one line of bounded length whatever the names', () => {
    const subject = subjectOf(
      digest({ model: `a\r\nBcc: x@example.com\u202E${'💥'.repeat(200)}` }),
    );
    expect(subject.length).toBeLessThanOrEqual(140);
    expect(subject).not.toMatch(/[\r\n\u202E]/);
    expect(subject.isWellFormed()).toBe(true);
  });
});

describe('the plain text', () => {
  it('tells all of a real week: verdicts, numbers, words and a picture of letters', () => {
    const message = flightsDigest(Date.UTC(2013, 6, 18));
    if (message === null) throw new Error('July fires');
    const text = renderText(viewOf(message));
    for (const { feature, ks, psi } of message.features) {
      expect(text).toContain(`] ${feature}\n`);
      if (ks !== null) expect(text).toContain(formatEffect(ks.value));
      expect(text).toContain(formatEffect(psi));
    }
    expect(text).toMatch(/Baseline \|[ ▁▂▃▄▅▆▇█]{10,}\| \S+ to \S+/);
    expect(text).toMatch(/Live {5}\|[ ▁▂▃▄▅▆▇█]{10,}\|/);
    expect(text).not.toMatch(/NaN|undefined|null|\[object/);
  });

  it('rounds the same figure in one way', () => {
    const shares = { baseline: 0.11496, live: 0.40312 };
    const result = { missing: shares, invalid: { baseline: 0, live: 0 }, outOfRangeShare: null };
    const feature = digestFeature({
      missing: shares,
      faults: [{ check: 'missing', value: shares.live, expected: shares.baseline }],
      explanation: explain(
        { live: null, baseline: null } as unknown as Subject,
        { ...result, statistics: [] } as unknown as FeatureResult,
      ),
    });
    const text = renderText(viewOf(digest({ features: [feature] })));
    expect(text).toContain('Missing:        40.3 %, 11.5 % in the baseline');
    expect(text).toContain('40.3 % of the values are missing, 11.5 % in the baseline');
    expect(text).toContain('Missing: 11.5 % -> 40.3 %');
  });

  it('counts what it leaves out', () => {
    const features = Array.from({ length: 45 }, (_, i) =>
      digestFeature({ feature: `f${String(i)}` }),
    );
    const text = renderText(viewOf(digest({ features, stillFiring: features })));
    expect(text).toContain('] f39\n');
    expect(text).not.toContain('] f40\n');
    expect(text.match(/\.\.\. and 5 more/g)).toHaveLength(2);
  });

  it('lists links of the web only', () => {
    const links = [
      { label: 'Metrics', url: 'https://driftd.example.com/metrics' },
      { label: 'Evil', url: 'javascript:alert(1)' },
    ];
    const text = renderText(viewOf(digest({ links })));
    expect(text).toContain('Metrics: https://driftd.example.com/metrics');
    expect(text).not.toContain('javascript');
  });
});
