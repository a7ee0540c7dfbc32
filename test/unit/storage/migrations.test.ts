import { expect, it } from 'vitest';

import { knownMigrations } from '../../../src/storage/postgres/migrate.ts';

/** What 0031 brought, and what every driftd that counts must know of. */
const SEALED_TILES = 31;

it('a driftd that does not know of sealed tiles must not run beside one that rolls up', async () => {
  const breaking = (await knownMigrations()).filter((migration) => migration.breaking);

  // Who knows no migration from there on is refused by each of these.
  expect(breaking.filter(({ version }) => version >= SEALED_TILES)).not.toEqual([]);
});

it('migrations have numbers of their own', async () => {
  const versions = (await knownMigrations()).map(({ version }) => version);

  expect(new Set(versions).size).toBe(versions.length);
});
