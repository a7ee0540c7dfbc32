import { describe, expect, it } from 'vitest';
import { MUTANTS } from '../../scripts/schedules/mutants.ts';
import { findFault } from '../../scripts/schedules/search.ts';
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
      const { found } = await findFault(await freshDatabase(), mutant);

      expect(found, mutant).not.toBeNull();
    });
  },
);
