import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createLog } from '../../src/platform/log.ts';
import type { UnknownNameWrite } from '../../src/storage/ingest-store.ts';
import { createCatalogStore } from '../../src/storage/postgres/catalog-store.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { freshDatabase } from '../support/servers.ts';

const log = createLog('silent');
const START = Date.UTC(2026, 0, 1);

describe('names of features that nobody counts, behind checkpoints', () => {
  let pool: Pool;
  let modelId: number;
  beforeEach(async () => {
    pool = createPool({ url: await freshDatabase(), max: 6, applicationName: 'test', log });
    await migrate(pool, log);
    ({ id: modelId } = await createCatalogStore(pool).ensureModel('m'));
  });
  afterEach(() => pool.end());

  const seen = (name: string, firstSeen: number, lastSeen = firstSeen): UnknownNameWrite => ({
    modelId,
    name,
    firstSeen: START + firstSeen,
    lastSeen: START + lastSeen,
  });

  /** Checkpoints of one partition, each with these names. */
  async function partition(number: number) {
    const store = createIngestStore(pool);
    const key = { source: 's', topic: 't', partition: number };
    await store.ensurePartition(key, 0);
    const claim = await store.claim(key, `owner ${number}`);
    let offset = 0;
    return (names: readonly UnknownNameWrite[]) => {
      offset += 10;
      return store.commit({
        part: claim?.part ?? -1,
        epoch: claim?.epoch ?? -1,
        previousOffset: offset - 10,
        nextOffset: offset,
        outcomes: { counted: 10, quarantined: 0, tooLate: 0, duplicate: 0, filtered: 0 },
        anchorOffset: null,
        anchorHash: null,
        tiles: [],
        quarantine: [],
        progress: [{ modelId, events: offset, minEventTime: START, maxEventTime: START + offset }],
        unknownNames: names,
      });
    };
  }

  const kept = () => createCatalogStore(pool).unknownNames(modelId);

  it('are kept with the first and the last time, from whichever partition', async () => {
    const [first, second] = [await partition(0), await partition(1)];
    await first([seen('a', 5), seen('b', 7)]);
    await second([seen('a', 2, 3), seen('c', 9)]);
    await first([seen('a', 4, 8)]);
    expect(await kept()).toEqual({
      names: [
        { name: 'c', firstSeen: START + 9, lastSeen: START + 9, known: false },
        { name: 'a', firstSeen: START + 2, lastSeen: START + 8, known: false },
        { name: 'b', firstSeen: START + 7, lastSeen: START + 7, known: false },
      ],
      events: 30,
      newest: START + 20,
    });
  });

  it('are at most 100 of a model, those seen last, while two partitions write at once', async () => {
    const writers = [await partition(0), await partition(1)];
    const rounds = Array.from({ length: 30 }, (_, round) => round);
    const outcomes = await Promise.all(
      writers.map(async (write, number) => {
        const found = [];
        for (const round of rounds) {
          const names = Array.from({ length: 60 }, (_, i) =>
            seen(`${round}/${number}/${i}`, round),
          );
          const shared = Array.from({ length: 20 }, (_, i) => seen(`s${i}`, round + number));
          found.push(await write([...names, ...shared].sort((a, b) => (a.name < b.name ? -1 : 1))));
        }
        return found;
      }),
    );
    expect(outcomes.flat()).toEqual(Array.from({ length: 60 }, () => ({ outcome: 'committed' })));
    const { names } = await kept();
    expect(names).toHaveLength(100);
    // Those that come with every checkpoint stay, whatever rubbish comes beside them.
    expect(names.slice(0, 20).map(({ name }) => name)).toEqual(
      Array.from({ length: 20 }, (_, i) => `s${i}`).sort(),
    );
    expect(names[0]).toMatchObject({ firstSeen: START, lastSeen: START + 30 });
    const { rows } = await pool.query('SELECT count(*) AS n FROM unknown_feature');
    expect(rows).toEqual([{ n: 100 }]);
  });

  it('fail no checkpoint, whatever is in them', async () => {
    const write = await partition(0);
    const { namesError, ...result } = (await write([seen('a\0b', 1)])) as { namesError?: Error };
    expect(result).toEqual({ outcome: 'committed' });
    expect(namesError?.message).toContain('invalid byte sequence');
    await pool.query('DROP TABLE unknown_feature');
    expect(await write([seen('a', 1)])).toMatchObject({ outcome: 'committed' });
    expect(await write([])).toEqual({ outcome: 'committed' });
    const { rows } = await pool.query('SELECT next_offset AS next, counted FROM ingest_partition');
    expect(rows).toEqual([{ next: 30, counted: 30 }]);
  });

  it('of a model that is gone meanwhile are not kept', async () => {
    const write = await partition(0);
    await pool.query('DELETE FROM model_progress');
    expect(await write([{ ...seen('a', 1), modelId: 999 }])).toEqual({ outcome: 'committed' });
    expect((await kept()).names).toEqual([]);
  });
});
