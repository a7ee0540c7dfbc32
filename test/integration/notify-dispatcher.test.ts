import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startMailbox } from '../../scripts/servers/mailbox.ts';
import { createDispatcher } from '../../src/notify/dispatcher.ts';
import type { DispatcherDeps } from '../../src/notify/dispatcher.ts';
import { createEmailNotifier } from '../../src/notify/email/email-notifier.ts';
import type { Notification, Notifier, SendOutcome } from '../../src/notify/notifier.ts';
import { createOutboxStore } from '../../src/storage/postgres/outbox-store.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import {
  enqueue,
  letTimePass,
  migratedPool,
  outboxRows,
  outboxWrite,
  silentLog,
} from '../support/outbox.ts';

/** A channel that answers as told and remembers what it was given. */
function channelThat(
  channel: string,
  answer: (notification: Notification, attempt: number) => SendOutcome | Promise<SendOutcome>,
): Notifier & { readonly seen: Notification[] } {
  const seen: Notification[] = [];
  return {
    channel,
    seen,
    send(notification) {
      seen.push(notification);
      return Promise.resolve(answer(notification, seen.length));
    },
    close: () => Promise.resolve(),
  };
}

const SENT: SendOutcome = { outcome: 'sent' };

let pool: Pool;
beforeAll(async () => {
  pool = await migratedPool();
});
afterAll(() => pool.end());
afterEach(() => pool.query('TRUNCATE outbox'));

function dispatcher(notifiers: readonly Notifier[], change: Partial<DispatcherDeps> = {}) {
  const store = createOutboxStore(pool);
  // Almost the whole wait, and a long one: what is to be tried again must not be due again within the same pass.
  const random = (): number => 0.999_999;
  const options = { retryBaseMs: 60_000 };
  return createDispatcher({ store, notifiers, log: silentLog, random, options, ...change });
}

describe('delivery', () => {
  it('sends everything that is due and writes it down', async () => {
    await enqueue(
      pool,
      Array.from({ length: 12 }, (_, i) => outboxWrite(String(i))),
    );
    const email = channelThat('email', () => SENT);
    expect(await dispatcher([email]).runOnce()).toEqual({ sent: 12, retried: 0, dead: 0 });
    expect(new Set(email.seen.map(({ dedupKey }) => dedupKey)).size).toBe(12);
    expect((await outboxRows(pool)).every(({ state }) => state === 'sent')).toBe(true);
  });

  it('tries again with the same key, later and later, and at most 15 minutes later', async () => {
    await enqueue(pool, [outboxWrite('a')]);
    const email = channelThat('email', (_n, attempt) =>
      attempt < 14 ? { outcome: 'retry', error: '450 greylisted' } : SENT,
    );
    const store = createOutboxStore(pool);
    const waits: number[] = [];
    let tried = false;
    const delivery = dispatcher([email], {
      options: {},
      store: {
        ...store,
        // One attempt a pass: the first waits are shorter than a pass may take on a busy machine.
        lease: (...asked) => (tried ? Promise.resolve([]) : store.lease(...asked)),
        markRetry(lease, delayMs, error) {
          tried = true;
          waits.push(delayMs);
          return store.markRetry(lease, delayMs, error);
        },
      },
    });
    for (let i = 0; i < 14; i += 1) {
      tried = false;
      await delivery.runOnce();
      const [row] = await outboxRows(pool);
      if (row?.state === 'pending') {
        // As stored, less what has passed since.
        expect(row.wait).toBeLessThanOrEqual(waits[i] ?? 0);
        expect(row.wait).toBeGreaterThan((waits[i] ?? Infinity) - 10_000);
      }
      await letTimePass(pool);
    }
    expect(waits.map((ms) => Math.round(ms / 1000))).toEqual([
      1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900,
    ]);
    expect(new Set(email.seen.map(({ dedupKey }) => dedupKey))).toEqual(new Set(['a']));
    expect(await outboxRows(pool)).toMatchObject([{ state: 'sent', attempts: 14 }]);
  });

  it('waits as long as the other side asks for', async () => {
    await enqueue(pool, [outboxWrite('a')]);
    const slow = { outcome: 'retry', error: '429', retryAfterMs: 120_000 } as const;
    await dispatcher([channelThat('email', () => slow)], { random: () => 0 }).runOnce();
    const [row] = await outboxRows(pool);
    expect(row?.wait).toBeGreaterThan(115_000);
    expect(row?.wait).toBeLessThanOrEqual(120_000);
  });

  it('gives up at once what can never be sent, and after 24 hours what could not', async () => {
    await enqueue(pool, [outboxWrite('a'), outboxWrite('b')]);
    await pool.query(
      `UPDATE outbox SET created_at = now() - interval '25 hours' WHERE dedup_key = 'b'`,
    );
    const told: string[] = [];
    const email = channelThat('email', ({ dedupKey }) => ({
      outcome: dedupKey === 'a' ? 'permanent' : 'retry',
      error: '550 no such user',
    }));
    const metrics = {
      notification: (channel: string, result: string) => told.push(`${channel} ${result}`),
    };
    expect(await dispatcher([email], { metrics }).runOnce()).toEqual({
      sent: 0,
      retried: 0,
      dead: 2,
    });
    expect(await outboxRows(pool)).toMatchObject([
      { state: 'dead', last_error: '550 no such user' },
      { state: 'dead' },
    ]);
    expect(told).toEqual(['email dead', 'email dead']);
    expect(await dispatcher([email]).runOnce()).toEqual({ sent: 0, retried: 0, dead: 0 });
  });

  it('tells of a channel that is not configured, and tries again', async () => {
    await enqueue(pool, [outboxWrite('a', { channel: 'pigeon' })]);
    await dispatcher([channelThat('email', () => SENT)]).runOnce();
    expect(await outboxRows(pool)).toMatchObject([
      { state: 'pending', attempts: 1, last_error: 'no channel "pigeon" is configured here' },
    ]);
  });

  it('survives a channel that throws', async () => {
    await enqueue(pool, [outboxWrite('a')]);
    const email = channelThat('email', () => {
      throw new Error('a defect');
    });
    expect(await dispatcher([email]).runOnce()).toEqual({ sent: 0, retried: 1, dead: 0 });
    expect(await outboxRows(pool)).toMatchObject([{ state: 'pending', last_error: 'a defect' }]);
  });

  it('lets a channel that hangs delay no other', async () => {
    let release: (outcome: SendOutcome) => void = () => undefined;
    const hanging = new Promise<SendOutcome>((resolve) => (release = resolve));
    await enqueue(pool, [
      ...Array.from({ length: 9 }, (_, i) => outboxWrite(`h${String(i)}`, { channel: 'webhook' })),
      ...Array.from({ length: 9 }, (_, i) => outboxWrite(`e${String(i)}`)),
    ]);
    const email = channelThat('email', () => SENT);
    const delivery = dispatcher([channelThat('webhook', () => hanging), email]);
    const pass = delivery.runOnce();
    await expect.poll(() => email.seen.length).toBe(9);
    expect((await outboxRows(pool)).filter(({ channel }) => channel === 'webhook')).toMatchObject(
      Array.from({ length: 9 }, () => ({ state: 'pending' })),
    );
    release(SENT);
    expect(await pass).toMatchObject({ sent: 18 });
  });

  it('sends at most so many a minute; the others wait', async () => {
    await enqueue(
      pool,
      Array.from({ length: 30 }, (_, i) => outboxWrite(String(i))),
    );
    let now = 0;
    const clock = { now: () => now, monotonic: () => now };
    const delivery = dispatcher([channelThat('email', () => SENT)], { clock });
    expect(await delivery.runOnce()).toMatchObject({ sent: 20 });
    expect(await delivery.runOnce()).toMatchObject({ sent: 0 });
    now += 59_999;
    expect(await delivery.runOnce()).toMatchObject({ sent: 0 });
    now += 1;
    expect(await delivery.runOnce()).toMatchObject({ sent: 10 });
    expect((await outboxRows(pool)).every(({ state }) => state === 'sent')).toBe(true);
  });

  it('runs by itself between start and stop', async () => {
    const email = channelThat('email', () => SENT);
    const delivery = dispatcher([email], { options: { pollMs: 10 } });
    delivery.start();
    await enqueue(pool, [outboxWrite('a')]);
    await expect.poll(async () => (await outboxRows(pool))[0]?.state).toBe('sent');
    await delivery.stop();
    await enqueue(pool, [outboxWrite('b')]);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(email.seen).toHaveLength(1);
  });
});

describe('a process that dies', () => {
  it('between sending and writing it down sends again, recognisably', async () => {
    const mailbox = await startMailbox();
    try {
      const email = createEmailNotifier(
        {
          host: mailbox.host,
          port: mailbox.port,
          auth: null,
          from: 'driftd@example.com',
          tls: 'none',
        },
        silentLog,
      );
      await enqueue(pool, [outboxWrite('a')]);
      const store = createOutboxStore(pool);
      const died = new Error('killed');
      const dying = createDispatcher({
        store: { ...store, markSent: () => Promise.reject(died) },
        notifiers: [email],
        log: silentLog,
      });
      await expect(dying.runOnce()).rejects.toThrow(died);
      await expect(dispatcher([email]).runOnce()).resolves.toMatchObject({ sent: 0 }); // leased still
      await letTimePass(pool);
      await expect(dispatcher([email]).runOnce()).resolves.toMatchObject({ sent: 1 });
      const mails = await Promise.all((await mailbox.waitFor(2)).map((mail) => mail.parse()));
      expect(mails[0]?.messageId).toBe('<driftd.a@example.com>');
      expect(mails[1]?.messageId).toBe(mails[0]?.messageId);
      expect(mails[1]?.headers.get('x-driftd-dedup-key')).toBe('a');
      expect(await outboxRows(pool)).toMatchObject([{ state: 'sent', attempts: 2 }]);
    } finally {
      await mailbox.stop();
    }
  });

  it.each<[string, number]>([
    ['before it leases', 1],
    ['after it has leased', 1],
    ['before it sends', 1],
    ['after it has sent', 2],
    ['after it has written down that it sent', 1],
  ])('%s loses nothing: every message comes, as often as it must', async (step, copies) => {
    await enqueue(pool, [outboxWrite('a'), outboxWrite('b')]);
    const email = channelThat('email', () => SENT);
    const store = createOutboxStore(pool);
    let dead = false;
    const dieAt = (place: string): void => {
      if (place !== step) return;
      dead = true;
      throw new Error('killed');
    };
    const dying = createDispatcher({
      log: silentLog,
      notifiers: [
        {
          ...email,
          async send(notification) {
            // A thrown error would be taken for a failed attempt: a dead process does not even see that.
            if (step === 'before it sends') return new Promise<SendOutcome>(() => undefined);
            return email.send(notification);
          },
        },
      ],
      store: {
        ...store,
        async lease(limit, leaseMs, scope) {
          // The lane of unknown channels has nothing: were it the first to die, the other would still be leasing.
          if (scope === undefined || !('only' in scope)) return store.lease(limit, leaseMs, scope);
          dieAt('before it leases');
          const leases = await store.lease(limit, leaseMs, scope);
          dieAt('after it has leased');
          return leases;
        },
        async markSent(lease) {
          dieAt('after it has sent');
          const kept = await store.markSent(lease);
          dieAt('after it has written down that it sent');
          return kept;
        },
      },
    });
    const pass = dying.runOnce().catch(() => undefined);
    if (step === 'before it sends')
      await expect.poll(async () => (await outboxRows(pool))[1]?.attempts).toBe(1);
    else {
      await pass;
      expect(dead).toBe(true);
    }
    await letTimePass(pool);
    await dispatcher([email]).runOnce();
    expect((await outboxRows(pool)).map(({ state }) => state)).toEqual(['sent', 'sent']);
    const keys = email.seen.map(({ dedupKey }) => dedupKey);
    expect(new Set(keys)).toEqual(new Set(['a', 'b']));
    for (const key of ['a', 'b']) expect(keys.filter((one) => one === key)).toHaveLength(copies);
  });
});
