import { describe, expect, it } from 'vitest';
import { runChaos } from '../../scripts/chaos/run.ts';

describe('three workers, a broker and a database that are hurt at random under load', () => {
  it('count every event once: no bin of any feature differs from the ledger of its producer', async () => {
    // Another one each time; `npm run chaos -- --events 12000 --faults 12 --minutes 0.2 --seed N` has the same faults again.
    const seed = Date.now() % 1_000_000;
    const report = await runChaos({
      events: 12_000,
      faults: 12,
      seed,
      minutes: 0.2,
      say: () => undefined,
    });

    expect(report.broken, `seed ${seed}`).toEqual([]);
    expect(report.difference, `seed ${seed}`).toBe(0);
    expect(Object.values(report.struck).reduce((sum, times) => sum + times, 0)).toBe(12);
  });
});
