import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/platform/log.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { assertReachable, createPool, inTransaction } from '../../src/storage/postgres/pool.ts';
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

describe('a database on several servers', () => {
  /** The address of a server that is there, as another name and without one that is not. */
  const [dead, live] = ['127.0.0.1:1', () => new URL(url).host];
  const at = (...hosts: string[]): string => url.replace(live(), hosts.join(','));

  it('is the one that answers, found at start, whichever place it has', async () => {
    for (const several of [at(dead, live()), at(live(), dead), at(dead, dead, live())]) {
      const pool = createPool({ url: several, max: 2, applicationName: 'driftd', log });
      await assertReachable(pool, several);
      expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      await pool.end();
    }
  });

  it('is named with all its addresses, and no password, when none answers', async () => {
    const several = at(dead, '127.0.0.1:2');
    const pool = createPool({ url: several, max: 2, applicationName: 'driftd', log });
    const refused = assertReachable(pool, several);
    await expect(refused).rejects.toThrow(/at 127\.0\.0\.1:1\S* or 127\.0\.0\.1:2/);
    await expect(refused).rejects.not.toThrow(new URL(url).password);
    await pool.end();
  });

  it('is another one when the one that was used is gone', async () => {
    const sockets = new Set<Socket>();
    const { hostname, port } = new URL(url);
    const first = createServer((socket) => {
      const onward = connect(Number(port), hostname);
      for (const one of [socket, onward]) sockets.add(one.on('error', () => undefined));
      socket.pipe(onward).pipe(socket);
    });
    await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve));
    const proxied = `127.0.0.1:${String((first.address() as AddressInfo).port)}`;
    const pool = createPool({ url: at(proxied, live()), max: 2, applicationName: 'driftd', log });
    try {
      await pool.query('SELECT 1');
      expect(sockets.size).toBe(2);
      first.close();
      for (const socket of sockets) socket.destroy();

      await expect
        .poll(() =>
          pool.query('SELECT 1').then(
            ({ rowCount }) => rowCount,
            () => null,
          ),
        )
        .toBe(1);
    } finally {
      await pool.end();
    }
  });

  it('is none that only reads: such a connection is never handed out', async () => {
    await readOnly(true);
    const several = at(live(), live());
    const pool = createPool({ url: several, max: 2, applicationName: 'driftd', log });
    try {
      await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: '25006' });
      await readOnly(false);
      expect((await pool.query('SELECT 1')).rowCount).toBe(1);
    } finally {
      await readOnly(false);
      await pool.end();
    }
  });
});

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
