import { describe, expect, it } from 'vitest';
import { MUTANTS } from '../../scripts/schedules/mutants.ts';
import { FIND_SECONDS, findFault } from '../../scripts/schedules/search.ts';
import { freshDatabase } from '../support/servers.ts';

// Most of a schedule is waiting: they run beside each other.
describe.concurrent(
  'the schedules, in which an owner is stopped at each step of the protocol,',
  () => {
    it('find nothing in the program', async () => {
      const { found, ran } = await findFault(await freshDatabase(), null);

      expect(found).toBeNull();
      expect(ran).toBeGreaterThan(70);
    });

    it.each(Object.keys(MUTANTS))('find the planted bug "%s"', async (mutant) => {
      const { found, otherwise, seconds } = await findFault(await freshDatabase(), mutant);

      expect(
        found,
        `${seconds.toFixed(0)} s; besides: ${JSON.stringify(otherwise)}`,
      ).not.toBeNull();
      // A schedule that only hangs has found nothing.
      expect(found?.fault).not.toMatch(/stuck at|never came|did not end/);
      // The bound is the promise's own (docs/reliability.md).
      expect(seconds).toBeLessThanOrEqual(FIND_SECONDS);
    });
  },
);
