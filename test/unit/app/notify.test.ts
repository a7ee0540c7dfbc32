import { describe, expect, it } from 'vitest';
import { linksOf } from '../../../src/app/notify/links.ts';
import { maintenanceOf } from '../../../src/app/notify/maintenance.ts';
import { watchOf } from '../../../src/app/notify/watch.ts';
import { createLog } from '../../../src/platform/log.ts';
import type { StoredFacts, WatchStore } from '../../../src/storage/watch-store.ts';
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

describe('the ways of being blind', () => {
  const MINUTE = 60_000;
  const START = Date.UTC(2026, 10, 23);
  const nobody = { receivers: [], notify: { problemReceivers: [], testSchedule: null, links: [] } };
  const watched = (schedule: string) =>
    config({
      ...nobody,
      models: [{ name: 'm', owner: null, allowedLatenessMs: 0, silentAfterMs: null }],
      monitors: [{ name: 'daily', model: 'm', schedule, timeZone: 'UTC', clock: 'wall' }],
      routes: [],
      maintenance: [],
      heartbeat: null,
      kafka: { topics: [{ name: 'events' }, { name: 'mistyped' }] },
      replay: null,
      httpSource: null,
    } as never);
  /** Everything stopped at START: what is found this long after it. */
  const foundAfter = async (schedule: string, ms: number): Promise<string[]> => {
    const facts: StoredFacts = {
      now: START + ms,
      replicas: [{ owner: 'a', roles: ['ingest'], startedAt: START, seenAt: START }],
      monitors: [{ name: 'daily', lastDue: START }],
      partitions: [
        {
          source: 'kafka',
          topic: 'events',
          name: 'events/0',
          halted: null,
          progressedAt: START,
          lost: 0,
        },
      ],
      models: [{ name: 'm', since: START, lastEventAt: START }],
      channels: [{ channel: 'email', waitingSince: START, dead: 0, lastError: null }],
      silences: [],
    };
    const store = { facts: () => Promise.resolve(facts) } as WatchStore;
    const clock = { now: () => START + ms, monotonic: () => 0 };
    const parts = { owner: 'b', roles: new Set<string>(), log: createLog('silent'), clock };
    const problems = await watchOf({ config: watched(schedule), store, ...parts }).look();
    return problems.map(({ kind }) => kind).sort();
  };

  const ALL = [
    'delivery-broken',
    'evaluation-late',
    'ingest-absent',
    'ingest-stuck',
    'model-silent',
    'replica-dead',
  ];

  it.each([
    ['*/5 * * * *', 5],
    ['0 * * * *', 60],
    ['0 6 * * *', 24 * 60],
  ])(
    '%s: each is found within two intervals and a minute, and none at once',
    async (schedule, minutes) => {
      expect(await foundAfter(schedule, MINUTE - 1)).toEqual([]);
      // Messages have five minutes, whatever the interval.
      const limit = Math.max(5 * MINUTE, 2 * minutes * MINUTE + MINUTE);
      expect(await foundAfter(schedule, limit + 1)).toEqual(ALL);
    },
  );
});
