import { describe, expect, it } from 'vitest';
import { runChaos } from '../../scripts/chaos/run.ts';

describe('three workers, a broker and a database that are hurt at random under load', () => {
  it('count every event once: no bin of any feature differs from the ledger of its producer', async () => {
    const report = await runChaos({
      events: 12_000,
      faults: 10,
      seed: 7,
      minutes: 0.2,
      say: () => undefined,
    });

    expect(report.broken).toEqual([]);
    expect(report.difference).toBe(0);
    expect(Object.values(report.struck).reduce((sum, times) => sum + times, 0)).toBe(10);
  });
});
