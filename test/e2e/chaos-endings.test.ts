import { describe, expect, it } from 'vitest';
import { endAtRandom } from '../../scripts/chaos/endings.ts';

describe('driftd under load, sent SIGTERM at random moments,', () => {
  it('ends with 0 within 10 s, and has committed all that it has counted', async () => {
    const { broken, redelivered, difference, resumed } = await endAtRandom({ times: 6, seed: 11 });

    expect(broken).toEqual([]);
    expect(redelivered).toBe(0);
    expect(difference).toBe(0);
    // The other worker went on each time.
    expect(resumed.length).toBe(6);
  });
});
