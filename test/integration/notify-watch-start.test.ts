import { expect, it } from 'vitest';

import { createWatch } from '../../src/notify/watch/watch.ts';
import { createWatchStore } from '../../src/storage/postgres/alerts/watch-store.ts';
import { migratedPool, silentLog } from '../support/outbox.ts';

it('a process is heard of from its start on, though it looks at others later', async () => {
  const pool = await migratedPool();
  const store = createWatchStore(pool);
  const silent = (owner: string) =>
    pool.query(
      `UPDATE replica SET seen_at = now() - interval '61 seconds'
       WHERE owner = $1 AND seen_at > now() - interval '30 seconds'`,
      [owner],
    );
  await store.seen('host:3:c', ['serve']);
  await silent('host:3:c');
  const receiver = {
    name: 'ops',
    targets: [{ channel: 'webhook', recipient: 'ops', sendResolved: true }],
  };
  const starting = createWatch({
    store,
    owner: 'host:2:b',
    roles: ['ingest'],
    receivers: [receiver],
    problemReceivers: [receiver],
    schedules: new Map(),
    models: new Map(),
    topics: [],
    testTicks: null,
    heartbeat: null,
    log: silentLog,
    startAfterMs: 60_000,
    everyMs: 20,
  });

  starting.start();

  for (const _ of ['at its start', 'again'])
    await expect.poll(async () => (await silent('host:2:b')).rowCount).toBe(1);
  await starting.stop();
  expect((await pool.query('SELECT FROM outbox')).rowCount).toBe(0);
  await pool.end();
});
