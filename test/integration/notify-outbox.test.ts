import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { startMailbox } from '../../scripts/servers/mailbox.ts';
import { createDispatcher } from '../../src/notify/dispatcher.ts';
import { createEmailNotifier } from '../../src/notify/email/email-notifier.ts';
import { createLog } from '../../src/platform/log.ts';
import type { OutboxWrite } from '../../src/storage/outbox-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createOutboxStore, insertOutbox } from '../../src/storage/postgres/outbox-store.ts';
import { createPool, inTransaction, type Pool } from '../../src/storage/postgres/pool.ts';
import { digest } from '../support/digests.ts';
import { freshDatabase } from '../support/servers.ts';

const log = createLog('silent');
const pools: Pool[] = [];
let pool: Pool;

beforeEach(async () => {
  pool = createPool({ url: await freshDatabase(), max: 8, applicationName: 'test', log });
  pools.push(pool);
  await migrate(pool, log);
});
afterAll(async () => {
  for (const one of pools) await one.end();
});

function write(name: string, change: Partial<OutboxWrite> = {}): OutboxWrite {
  return {
    dedupKey: name,
    receiver: 'oncall',
    channel: 'email',
    recipient: `${name}@example.com`,
    reason: 'first',
    message: digest(),
    ...change,
  };
}

const add = (...writes: OutboxWrite[]): Promise<number> =>
  inTransaction(pool, (client) => insertOutbox(client, writes));

/** Lets every lease and back-off be over. */
const passTime = () =>
  pool.query(
    `UPDATE outbox SET lease_until = lease_until - interval '1 day', next_attempt_at = now() - interval '1 day'`,
  );

const row = async (key: string) =>
  (
    await pool.query<{ state: string; attempts: number; last_error: string | null }>(
      'SELECT state, attempts, last_error FROM outbox WHERE dedup_key = $1',
      [key],
    )
  ).rows[0];

describe('the outbox', () => {
  it('takes a dedup key once, and nothing of a transaction that fails', async () => {
    expect(await add(write('a'), write('b'))).toBe(2);
    expect(await add(write('b'), write('c'))).toBe(1);
    const failing = inTransaction(pool, async (client) => {
      await insertOutbox(client, [write('d')]);
      throw new Error('the evaluation failed');
    });
    await expect(failing).rejects.toThrow('the evaluation failed');
    expect(await createOutboxStore(pool).pending()).toBe(3);
  });

  it('gives a row to one of many who ask at once', async () => {
    await add(...Array.from({ length: 40 }, (_, i) => write(`m${String(i)}`)));
    const store = createOutboxStore(pool);
    const leases = await Promise.all(Array.from({ length: 8 }, () => store.lease(5, 60_000)));
    const keys = leases.flat().map(({ dedupKey }) => dedupKey);
    expect(keys).toHaveLength(40);
    expect(new Set(keys).size).toBe(40);
    expect(await store.lease(5, 60_000)).toEqual([]);
  });

  it('gives the row of a process that died to another, and then ignores the first', async () => {
    await add(write('a'));
    const store = createOutboxStore(pool);
    const [first] = await store.lease(1, 60_000);
    await passTime();
    const [second] = await store.lease(1, 60_000);
    if (first === undefined || second === undefined) throw new Error('nothing was leased');
    expect(second).toMatchObject({ dedupKey: 'a', attempts: 1, message: digest() });
    expect(second.leaseEpoch).toBeGreaterThan(first.leaseEpoch);
    expect(await store.markRetry(first, 0, 'late')).toBe(false);
    expect(await store.markSent(first)).toBe(false);
    expect(await store.markSent(second)).toBe(true);
    expect(await store.markDead(second, 'again')).toBe(false);
    expect(await row('a')).toMatchObject({ state: 'sent', attempts: 2 });
  });

  it('holds a row back until its delay is over, and says how old the oldest is', async () => {
    await add(write('a'));
    const store = createOutboxStore(pool);
    const [lease] = await store.lease(1, 60_000);
    if (lease === undefined) throw new Error('nothing was leased');
    expect(await store.markRetry(lease, 3_600_000, 'x'.repeat(5_000))).toBe(true);
    expect(await store.lease(1, 60_000)).toEqual([]);
    expect((await row('a'))?.last_error).toHaveLength(500);
    await pool.query(`UPDATE outbox SET created_at = now() - interval '10 minutes'`);
    await passTime();
    expect((await store.lease(1, 60_000))[0]?.ageMs).toBeGreaterThanOrEqual(600_000);
  });

  it('stores texts that jsonb does not take', async () => {
    await add(write('a', { message: { category: 'nul \u0000 half \uD800 "\\u0000"' } }));
    const [lease] = await createOutboxStore(pool).lease(1, 60_000);
    expect(lease?.message).toEqual({ category: 'nul \uFFFD half \uFFFD "\\u0000"' });
  });
});

describe('delivery from the outbox by SMTP', () => {
  it('sends every message once from two replicas, and gives up the one that is refused for good', async () => {
    const box = await startMailbox({ rejectRecipient: (address) => address.startsWith('gone') });
    const smtp = {
      host: box.host,
      port: box.port,
      auth: null,
      from: 'driftd@example.com',
      tls: 'none',
    } as const;
    await add(...Array.from({ length: 24 }, (_, i) => write(`m${String(i)}`)), write('gone'));
    const replicas = [1, 2].map(() =>
      createDispatcher({
        store: createOutboxStore(pool),
        notifiers: [createEmailNotifier(smtp, log)],
        log,
      }),
    );
    const passes = await Promise.all(replicas.map((dispatcher) => dispatcher.runOnce()));
    expect(passes.reduce((sum, { sent }) => sum + sent, 0)).toBe(24);
    expect(passes.reduce((sum, { dead }) => sum + dead, 0)).toBe(1);
    const ids = await Promise.all(box.messages.map(async (mail) => (await mail.parse()).messageId));
    expect(new Set(ids).size).toBe(24);
    expect(box.messages).toHaveLength(24);
    expect((await row('gone'))?.last_error).toContain('No such mailbox');
    await Promise.all(replicas.map((dispatcher) => dispatcher.stop()));
    await box.stop();
  });

  it('delivers after the mail server has come back', async () => {
    const down = await startMailbox();
    await down.stop();
    await add(write('a'));
    const dispatcherTo = (port: number) =>
      createDispatcher({
        store: createOutboxStore(pool),
        notifiers: [
          createEmailNotifier(
            { host: '127.0.0.1', port, auth: null, from: 'driftd@example.com', tls: 'none' },
            log,
          ),
        ],
        log,
        random: () => 0.999,
        // Longer than a pass may take.
        options: { retryBaseMs: 60_000 },
      });
    expect(await dispatcherTo(down.port).runOnce()).toEqual({ sent: 0, retried: 1, dead: 0 });
    expect(await row('a')).toMatchObject({ state: 'pending', attempts: 1 });
    await passTime();
    const up = await startMailbox();
    expect(await dispatcherTo(up.port).runOnce()).toEqual({ sent: 1, retried: 0, dead: 0 });
    expect((await up.waitFor(1))[0]?.to).toEqual(['a@example.com']);
    expect(await row('a')).toMatchObject({ state: 'sent', last_error: null });
    await up.stop();
  });
});
