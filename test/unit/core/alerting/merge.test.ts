import { describe, expect, it } from 'vitest';
import { mergeDigests } from '../../../../src/core/alerting/merge.ts';
import { byMonitor } from '../../../../src/core/alerting/message.ts';
import { digest, digestFeature, WINDOW_END } from '../../../support/digests.ts';

describe('messages of several monitors', () => {
  const hourly = digest({ monitor: 'hourly', features: [digestFeature({ incident: 4 })] });
  const daily = digest({
    monitor: 'daily',
    severity: 'warning',
    features: [digestFeature({ notice: 'resolved', severity: 'warning', incident: 2 })],
    links: [{ label: 'Daily', url: 'https://g.example/daily' }],
  });

  it('do not take each other for the same alert', () => {
    for (const merged of [mergeDigests(hourly, daily), mergeDigests(daily, hourly)]) {
      expect(merged.severity).toBe('critical');
      expect(
        merged.features.map(({ monitor, notice, incident }) => [monitor, notice, incident]),
      ).toEqual([
        ['hourly', 'first', 4],
        ['daily', 'resolved', 2],
      ]);
      expect(merged.links).toHaveLength(1);
    }
  });

  it('keep what fires of each, and only the newest word of one', () => {
    const still = (monitor: string, features: readonly string[]) =>
      digest({
        monitor,
        features: [digestFeature({ feature: `${monitor}-news` })],
        stillFiring: features.map((feature) => digestFeature({ feature, notice: null })),
      });
    const merged = mergeDigests(
      mergeDigests(still('a', ['x', 'y']), still('b', ['x'])),
      still('a', ['y']),
    );
    expect(merged.stillFiring.map(({ monitor, feature }) => [monitor, feature])).toEqual([
      ['b', 'x'],
      ['a', 'y'],
    ]);
    expect(merged.monitor).toBe('a, b');
  });

  it('come apart again where every monitor has an incident of its own', () => {
    const merged = mergeDigests(hourly, daily);
    expect(
      byMonitor(merged).map(({ monitor, severity, features }) => [
        monitor,
        severity,
        features.map(({ notice }) => notice),
      ]),
    ).toEqual([
      ['hourly', 'critical', ['first']],
      ['daily', 'warning', ['resolved']],
    ]);
    expect(byMonitor(hourly)).toEqual([hourly]);
  });
});

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
    expect(merged.features.map(({ feature }) => feature)).toEqual(['humid', 'temp']);
    expect(merged.stillFiring.map(({ monitor, feature }) => [monitor, feature])).toEqual([
      ['flights-weekly', 'temp'],
      ['flights-weekly', 'wind'],
    ]);
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

  it('name the worst first, whichever came first', () => {
    const ks = (value: number) => ({ value, low: value, high: value, logP: -20 });
    const score = digest({ features: [digestFeature({ feature: 'score', ks: ks(0.49) })] });
    const temp = digest({ features: [digestFeature({ feature: 'temp', ks: ks(0.79) })] });
    const over = digest({ features: [digestFeature({ feature: 'wind', notice: 'resolved' })] });
    for (const order of [
      [over, score, temp],
      [temp, score, over],
    ] as const) {
      const merged = mergeDigests(mergeDigests(order[0], order[1]), order[2]);
      expect(merged.features.map(({ feature }) => feature)).toEqual(['temp', 'score', 'wind']);
    }
  });
});
