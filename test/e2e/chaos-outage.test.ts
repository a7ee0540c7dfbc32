import { describe, expect, it } from 'vitest';
import { outlast } from '../../scripts/chaos/outage.ts';

describe('driftd under load, while Postgres is away,', () => {
  it('waits in little memory, and then counts all of it once', async () => {
    const report = await outlast({ outageMs: 15_000, eventsPerSecond: 1_000, warmUpMs: 5_000 });

    expect(report.waiting).toBeGreaterThan(0);
    expect(report.during - report.before).toBeLessThanOrEqual(64);
    expect(report.wrong).toEqual([]);
    expect(report.difference).toBe(0);
  });
});
