import { describe, expect, it } from 'vitest';
import { mergeDigests } from '../../../../src/core/alerting/merge.ts';
import { digest, digestFeature, WINDOW_END } from '../../../support/digests.ts';

describe('two messages of one group', () => {
  it('become one with everything that is new', () => {
    const merged = mergeDigests(
      digest({ severity: 'warning', features: [digestFeature({ severity: 'warning' })] }),
      digest({
        monitor: 'flights-weekly',
        windowEnd: WINDOW_END + 1,
        features: [digestFeature({ feature: 'humid' })],
        stillFiring: [
          digestFeature({ notice: null }),
          digestFeature({ feature: 'wind', notice: null }),
        ],
      }),
    );
    expect(merged.monitor).toBe('flights-daily, flights-weekly');
    expect(merged.windowEnd).toBe(WINDOW_END + 1);
    expect(merged.severity).toBe('critical');
    expect(merged.features.map(({ feature }) => feature)).toEqual(['temp', 'humid']);
    expect(merged.stillFiring.map(({ feature }) => feature)).toEqual(['wind']);
  });

  it('tell an alert that got worse in between as new, and one that closed as closed', () => {
    const worse = mergeDigests(
      digest({ features: [digestFeature({ severity: 'warning' })] }),
      digest({ features: [digestFeature({ notice: 'escalated' })] }),
    );
    expect(worse.features).toMatchObject([{ notice: 'first', severity: 'critical' }]);
    const over = mergeDigests(
      digest(),
      digest({ features: [digestFeature({ notice: 'resolved', severity: 'warning' })] }),
    );
    expect(over.features).toMatchObject([{ notice: 'resolved' }]);
    expect(over.severity).toBe('warning');
    expect(over.monitor).toBe('flights-daily');
  });
});
