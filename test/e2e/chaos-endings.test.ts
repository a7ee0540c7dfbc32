import { describe, expect, it } from 'vitest';
import { endAtRandom } from '../../scripts/chaos/endings.ts';

describe('driftd under load, sent SIGTERM at random moments,', () => {
  it('ends with 0 within 10 s, and has committed all that it has counted', async () => {
    const { broken, redelivered, difference } = await endAtRandom({
      times: 6,
      seed: 11,
      others: false,
    });

    expect(broken).toEqual([]);
    expect(redelivered).toBe(0);
    expect(difference).toBe(0);
  });
});
