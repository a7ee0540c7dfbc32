import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/platform/log.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool, inTransaction } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { freshDatabase } from '../support/servers.ts';

const log = createLog('silent');
const KEY = { source: 'kafka', topic: 'predictions', partition: 0 };
const WRITE = {
  previousOffset: 0,
  nextOffset: 10,
  outcomes: { counted: 0, quarantined: 0, tooLate: 0, duplicate: 0, filtered: 10 },
  anchorOffset: null,
  anchorHash: null,
  tiles: [],
  quarantine: [],
  progress: [],
} as const;

let admin: Pool;
let url: string;

beforeAll(async () => {
  url = await freshDatabase();
  admin = createPool({ url, max: 1, applicationName: 'admin', log });
  await migrate(admin, log);
  await createIngestStore(admin).startTopic(KEY.source, KEY.topic, new Map([[0, 0]]));
});

afterAll(() => admin.end());

/** As on a primary that became a standby: connections from now on can only read. */
async function readOnly(on: boolean): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await admin.query(
    `ALTER DATABASE "${name}" SET default_transaction_read_only = ${on ? 'on' : 'off'}`,
  );
}

describe('a connection to a server that only reads', () => {
  it('is not used again: the next attempt goes by a new one', async () => {
    const claim = await createIngestStore(admin).claim(KEY, 'test');
    await readOnly(true);
    const pool = createPool({ url, max: 1, applicationName: 'driftd', log });
    const write = { part: claim?.part ?? -1, epoch: claim?.epoch ?? -1, ...WRITE };
    try {
      expect(await createIngestStore(pool).commit(write)).toMatchObject({ outcome: 'retry' });
      await expect(
        inTransaction(pool, (client) => client.query('DELETE FROM gap')),
      ).rejects.toMatchObject({ code: '25006' });
      await readOnly(false);

      expect(await createIngestStore(pool).commit(write)).toEqual({ outcome: 'committed' });
    } finally {
      await pool.end();
    }
  });
});
