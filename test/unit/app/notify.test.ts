import { describe, expect, it } from 'vitest';
import { linksOf } from '../../../src/app/notify/links.ts';
import { maintenanceOf } from '../../../src/app/notify/maintenance.ts';
import { silentAfterOf } from '../../../src/app/notify/silence.ts';
import type { DriftdConfig } from '../../../src/config/types.ts';

const nothing = {
  model: null,
  owner: null,
  feature: null,
  segment: null,
  tier: null,
  severity: null,
};
const config = (change: Partial<DriftdConfig>): DriftdConfig => change as DriftdConfig;

describe('links', () => {
  it('name model and monitor, encoded', () => {
    const links = [
      { label: 'Dashboard', url: 'https://g.example/d?m={model}&n={monitor}&k={model}' },
    ];
    const notify = { maxPerMinute: 20, problemReceivers: [], testSchedule: null, links };
    expect(linksOf(config({ notify }), { name: 'a b', model: '"><$&{monitor}' })).toEqual([
      {
        label: 'Dashboard',
        url: 'https://g.example/d?m=%22%3E%3C%24%26%7Bmonitor%7D&n=a%20b&k=%22%3E%3C%24%26%7Bmonitor%7D',
      },
    ]);
  });
});

describe('how long a model may be silent', () => {
  const hourly = { model: 'm', schedule: '0 * * * *', timeZone: 'UTC', clock: 'wall' };
  const after = (monitors: readonly object[], silentAfterMs: number | null = null) =>
    silentAfterOf(
      config({
        models: [{ name: 'm', silentAfterMs }],
        monitors: monitors.map((monitor) => ({ ...hourly, ...monitor })),
      } as never),
      Date.UTC(2026, 10, 23, 12),
    ).get('m');
  const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

  it.each([
    ['0 * * * *', 2 * HOUR + MINUTE],
    ['* * * * *', 11 * MINUTE],
    ['0 6 * * *', 2 * DAY + MINUTE],
    ['0 6 * * 1', 14 * DAY + MINUTE],
    ['0 9-17 * * 1-5', 2 * (2 * DAY + 16 * HOUR) + MINUTE],
  ])('%s: two intervals and a minute', (schedule, ms) => {
    expect(after([{ schedule }])).toBe(ms);
  });

  it('goes by the most frequent monitor, or as configured, and not by replayed data', () => {
    expect(after([{ schedule: '0 6 * * *' }, {}])).toBe(2 * HOUR + MINUTE);
    expect(after([{}], 5)).toBe(5);
    expect(after([{ clock: 'event' }])).toBeUndefined();
  });
});

describe('maintenance', () => {
  it('holds from its begin to before its end', () => {
    const holds = maintenanceOf(
      config({
        maintenance: [
          { reason: 'move', match: { ...nothing, model: 'm' }, when: { from: 1_000, to: 2_000 } },
        ],
      }),
    );
    const mute = {
      reason: 'maintenance: move',
      matchers: [{ label: 'model', negated: false, value: 'm', glob: false }],
    };
    expect([999, 1_000, 1_999, 2_000].map((now) => holds(now))).toEqual([[], [mute], [mute], []]);
  });

  it('comes again by its schedule, in its time zone', () => {
    const holds = maintenanceOf(
      config({
        maintenance: [
          {
            reason: 'load test',
            match: nothing,
            when: { schedule: '0 22 * * 6', timeZone: 'Europe/Vienna', durationMs: 6 * 3_600_000 },
          },
        ],
      }),
    );
    // Saturday, 2026-07-04, 22:00 in Vienna is 20:00 UTC.
    const begin = Date.UTC(2026, 6, 4, 20);
    const at = (hours: number): boolean => holds(begin + hours * 3_600_000).length > 0;
    expect([-0.1, 0, 3, 5.9, 6, 24, 7 * 24, 7 * 24 + 6].map(at)).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
  });
});
