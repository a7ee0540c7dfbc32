import { describe, expect, it } from 'vitest';
import { problemsOf, problemTitle, PROBLEM_KINDS } from '../../../../src/core/alerting/problems.ts';
import type { WatchFacts } from '../../../../src/core/alerting/problems.ts';

const NOW = Date.UTC(2026, 0, 5);
const MINUTE = 60_000;
const well: WatchFacts = {
  now: NOW,
  replicas: [{ owner: 'a', roles: ['ingest'], startedAt: NOW - 9e6, seenAt: NOW - 5_000 }],
  monitors: [{ name: 'daily', overdue: 1 }],
  partitions: [
    { source: 'kafka', name: 'events/0', halted: null, progressedAt: NOW - MINUTE, lost: 0 },
  ],
  absent: [{ source: 'kafka', topic: 'new', since: NOW - MINUTE }],
  models: [
    { name: 'm', since: 0, lastEventAt: NOW - 3_600_000, silentAfterMs: 3_600_000 },
    { name: 'new', since: NOW - 3_600_000, lastEventAt: null, silentAfterMs: 3_600_000 },
  ],
  channels: [{ channel: 'email', waitingSince: NOW - 5 * MINUTE, dead: 0, lastError: null }],
};
const told = (change: Partial<WatchFacts>) =>
  problemsOf({ ...well, ...change }).map(({ kind, about }) => `${kind} ${about}`);
const partition = (name: string, change: object = {}) => ({
  source: 'kafka',
  name,
  halted: null,
  progressedAt: NOW,
  lost: 0,
  ...change,
});
const replica = (owner: string, seenAgo: number, startedAgo = 9e6, roles = ['ingest']) => ({
  owner,
  roles,
  startedAt: NOW - startedAgo,
  seenAt: NOW - seenAgo,
});

describe('driftd watches over itself', () => {
  it('finds nothing where nothing is', () => {
    expect(problemsOf(well)).toEqual([]);
  });

  it.each<[string, Partial<WatchFacts>]>([
    ['replica-dead b', { replicas: [replica('a', 0), replica('b', MINUTE + 1)] }],
    ['evaluation-late daily', { monitors: [{ name: 'daily', overdue: 2 }] }],
    ['ingest-halted kafka', { partitions: [partition('t/1', { halted: 'log changed' })] }],
    ['records-lost kafka', { partitions: [partition('t/1', { lost: 25 })] }],
    ['ingest-stuck kafka', { partitions: [partition('t/1', { progressedAt: NOW - MINUTE - 1 })] }],
    [
      'ingest-absent kafka',
      { absent: [{ source: 'kafka', topic: 'mistyped', since: NOW - MINUTE - 1 }] },
    ],
    [
      'model-silent m',
      { models: [{ name: 'm', since: 0, lastEventAt: NOW - 1_001, silentAfterMs: 1_000 }] },
    ],
    [
      'model-silent m',
      { models: [{ name: 'm', since: NOW - 1_001, lastEventAt: null, silentAfterMs: 1_000 }] },
    ],
    [
      'delivery-broken slack',
      {
        channels: [
          { channel: 'slack', waitingSince: NOW - 5 * MINUTE - 1, dead: 0, lastError: 'x' },
        ],
      },
    ],
    [
      'dead-letter email',
      { channels: [{ channel: 'email', waitingSince: null, dead: 1, lastError: '550 no' }] },
    ],
  ])('%s', (expected, change) => {
    expect(told(change)).toEqual([expected]);
  });

  it('tells of many partitions of a source as one, and counts those it does not name', () => {
    const partitions = Array.from({ length: 64 }, (_, i) =>
      partition(`t/${String(i)}`, { progressedAt: NOW - 5 * MINUTE }),
    );
    const [problem, ...more] = problemsOf({ ...well, partitions });
    expect(more).toEqual([]);
    expect(problem?.parts).toHaveLength(64);
    expect(problem?.detail).toMatch(/^Nothing has been read for 5 min: t\/0, .* and 44 more\.$/);
  });

  it('takes a process for replaced that another took over from after it was last seen', () => {
    const dead = replica('b', 2 * MINUTE);
    expect(told({ replicas: [dead, replica('c', 0, MINUTE)] })).toEqual([]);
    expect(told({ replicas: [dead, replica('c', 0, MINUTE, ['serve'])] })).toEqual([
      'replica-dead b',
    ]);
    expect(told({ replicas: [dead, replica('c', 0, 3 * MINUTE)] })).toEqual(['replica-dead b']);
  });

  it('has a title for each', () => {
    for (const kind of PROBLEM_KINDS) expect(problemTitle(kind, 'x y')).toContain('x y');
  });
});
