import { describe, expect, it } from 'vitest';
import { outlast } from '../../scripts/chaos/outage.ts';

describe('driftd under load, while Postgres is away,', () => {
  it('waits in little memory, and then counts all of it once', async () => {
    const report = await outlast({ outageMs: 15_000, eventsPerSecond: 6_000, warmUpMs: 5_000 });

    expect(report.paused).toBe(true);
    expect(report.waiting).toBeGreaterThan(0);
    // Some of the load goes on: what waits is read sooner than as much again is written.
    expect(report.meanwhile).toBeLessThanOrEqual(report.waiting);
    expect(report.during - report.before).toBeLessThanOrEqual(64);
    expect(report.wrong).toEqual([]);
    expect(report.difference).toBe(0);
  });
});
