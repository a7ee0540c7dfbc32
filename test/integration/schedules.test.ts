import { describe, expect, it } from 'vitest';
import { MUTANTS } from '../../scripts/schedules/mutants.ts';
import { findFault } from '../../scripts/schedules/search.ts';
import { freshDatabase } from '../support/servers.ts';

describe('the owner of a partition, stopped at each step of the protocol,', () => {
  it('loses nothing, counts nothing twice and tells nothing that is not stored', async () => {
    const { found, ran } = await findFault(await freshDatabase(), null);

    expect(found).toBeNull();
    expect(ran).toBeGreaterThan(70);
  });
});

describe('the schedules', () => {
  it.each(Object.keys(MUTANTS))('find the planted bug "%s"', async (mutant) => {
    const { found } = await findFault(await freshDatabase(), mutant);

    expect(found?.fault).toMatch(/[a-z]/);
  });
});
