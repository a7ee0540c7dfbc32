import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startMailbox } from '../../scripts/servers/mailbox.ts';
import { createDispatcher } from '../../src/notify/dispatcher.ts';
import type { Dispatcher } from '../../src/notify/dispatcher.ts';
import { createEmailNotifier } from '../../src/notify/email/email-notifier.ts';
import type { EmailLimits } from '../../src/notify/email/email-notifier.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import { createWatch } from '../../src/notify/watch/watch.ts';
import { createWebhookNotifier } from '../../src/notify/webhook/webhook-notifier.ts';
import { createWatchStore } from '../../src/storage/postgres/alerts/watch-store.ts';
import { createOutboxStore } from '../../src/storage/postgres/outbox-store.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { startHttpSink } from '../support/http-sink.ts';
import type { SinkAnswer } from '../support/http-sink.ts';
import {
  enqueue,
  letTimePass,
  migratedPool,
  outboxRows,
  outboxWrite,
  silentLog,
} from '../support/outbox.ts';
import { startScriptedSmtp } from '../support/scripted-smtp.ts';
import type { SmtpScript } from '../support/scripted-smtp.ts';

let pool: Pool;
const stops: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  pool = await migratedPool();
});
afterAll(() => pool.end());
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await pool.query('TRUNCATE outbox, problem, replica');
});

/** For who never answers; whoever does is waited for. */
const SOON = { connectMs: 20_000, idleMs: 300, totalMs: 600 };

function emailTo(port: number, limits?: EmailLimits): Notifier {
  const smtp = { host: '127.0.0.1', port, auth: null, from: 'driftd@example.com' };
  const options = limits === undefined ? {} : { limits };
  return createEmailNotifier({ ...smtp, tls: 'none' }, silentLog, options);
}

function dispatcherOf(...notifiers: Notifier[]): Dispatcher {
  const store = createOutboxStore(pool);
  // What is to be tried again must not be due again within the same pass.
  const options = { retryBaseMs: 60_000 };
  return createDispatcher({ store, notifiers, log: silentLog, random: () => 0.999, options });
}

async function scripted(script: SmtpScript) {
  const server = await startScriptedSmtp(script);
  stops.push(() => server.stop());
  return server;
}

async function hook(answer: (index: number) => SinkAnswer, totalMs = 20_000) {
  const sink = await startHttpSink((_request, index) => answer(index));
  stops.push(() => sink.stop());
  const target = { recipient: 'ops', url: sink.url, allowPrivate: true, secret: null };
  return { sink, notifier: createWebhookNotifier([target], { totalMs }) };
}

const webhookRow = (key: string) => outboxWrite(key, { channel: 'webhook', recipient: 'ops' });

describe('a mail server', () => {
  it.each<[string, SmtpScript]>([
    ['that answers 421', { GREETING: '421 busy' }],
    ['that answers 450 to the recipient', { RCPT: '450 greylisted' }],
    ['that breaks off after the message', { '.': 'drop' }],
    ['that never answers', { RCPT: 'silence' }],
    ['that answers one byte at a time', { RCPT: 'drip' }],
  ])(
    '%s gets the message again, with the same key, and takes it once it can',
    async (_n, script) => {
      const bad = await scripted(script);
      await enqueue(pool, [outboxWrite('a')]);
      expect(await dispatcherOf(emailTo(bad.port, SOON)).runOnce()).toEqual({
        sent: 0,
        retried: 1,
        dead: 0,
      });
      expect((await outboxRows(pool))[0]?.wait).toBeLessThanOrEqual(60_000);
      await letTimePass(pool);
      const mailbox = await startMailbox();
      stops.push(() => mailbox.stop());
      expect(await dispatcherOf(emailTo(mailbox.port)).runOnce()).toMatchObject({ sent: 1 });
      const [mail] = await mailbox.waitFor(1);
      expect((await mail?.parse())?.messageId).toBe('<driftd.a@example.com>');
    },
  );

  it('that refuses one of three recipients gets the other two, and another channel hears of the third', async () => {
    const mailbox = await startMailbox({
      rejectRecipient: (address) => address.startsWith('gone@'),
    });
    stops.push(() => mailbox.stop());
    const { sink, notifier } = await hook(() => ({ status: 200 }));
    const dispatcher = dispatcherOf(emailTo(mailbox.port), notifier);
    await enqueue(
      pool,
      ['kim', 'gone', 'lee'].map((name) => outboxWrite(name, { recipient: `${name}@example.com` })),
    );
    expect(await dispatcher.runOnce()).toEqual({ sent: 2, retried: 0, dead: 1 });
    expect((await outboxRows(pool)).map(({ state }) => state)).toEqual(['sent', 'dead', 'sent']);
    expect(mailbox.messages.map(({ to }) => to.join()).sort()).toEqual([
      'kim@example.com',
      'lee@example.com',
    ]);
    const targets = [
      { channel: 'email', recipient: 'kim@example.com', sendResolved: true },
      { channel: 'webhook', recipient: 'ops', sendResolved: true },
    ];
    const receivers = [{ name: 'ops', targets }];
    await createWatch({
      store: createWatchStore(pool),
      owner: 'a',
      roles: ['notify'],
      receivers,
      problemReceivers: receivers,
      schedules: new Map(),
      models: new Map(),
      topics: [],
      testTicks: null,
      heartbeat: null,
      log: silentLog,
    }).runOnce();
    expect(await dispatcher.runOnce()).toEqual({ sent: 1, retried: 0, dead: 0 });
    expect(sink.requests[0]?.body).toContain('dead-letter');
    expect(mailbox.messages).toHaveLength(2);
  });
});

describe('a webhook', () => {
  it('that asks for patience gets it, and then the same key', async () => {
    const { sink, notifier } = await hook((index) =>
      index === 0 ? { status: 429, headers: { 'retry-after': '90' } } : { status: 200 },
    );
    await enqueue(pool, [webhookRow('a')]);
    const dispatcher = dispatcherOf(notifier);
    expect(await dispatcher.runOnce()).toMatchObject({ retried: 1 });
    const [row] = await outboxRows(pool);
    expect(row?.wait).toBeGreaterThan(85_000);
    expect(row?.wait).toBeLessThanOrEqual(90_000);
    expect(await dispatcher.runOnce()).toMatchObject({ sent: 0 });
    await letTimePass(pool);
    expect(await dispatcher.runOnce()).toMatchObject({ sent: 1 });
    expect(sink.requests.map(({ headers }) => headers['idempotency-key'])).toEqual(['a', 'a']);
  });

  it.each<[string, SinkAnswer, 'retried' | 'dead']>([
    ['answers 500', { status: 500 }, 'retried'],
    ['answers 408', { status: 408 }, 'retried'],
    ['answers 425', { status: 425 }, 'retried'],
    ['breaks off', 'drop', 'retried'],
    ['never answers', 'silence', 'retried'],
    ['answers for ever', 'drip', 'retried'],
    ['answers 400', { status: 400 }, 'dead'],
    ['answers 410', { status: 410 }, 'dead'],
    ['leads elsewhere', { status: 307, headers: { location: 'http://127.0.0.1:9/' } }, 'dead'],
  ])('that %s: %s', async (_name, answer, outcome) => {
    const never = answer === 'silence' || answer === 'drip';
    const { notifier } = await hook(() => answer, never ? 600 : undefined);
    await enqueue(pool, [webhookRow('a')]);
    expect(await dispatcherOf(notifier).runOnce()).toEqual({
      sent: 0,
      retried: 0,
      dead: 0,
      [outcome]: 1,
    });
  });

  it('that never answers holds no mail up', async () => {
    const mailbox = await startMailbox();
    stops.push(() => mailbox.stop());
    const { notifier } = await hook(() => 'silence', 4_000);
    await enqueue(pool, [webhookRow('h1'), webhookRow('h2'), outboxWrite('m')]);
    const order: string[] = [];
    const counted = (channel: Notifier): Notifier => ({
      ...channel,
      async send(notification) {
        const outcome = await channel.send(notification);
        order.push(channel.channel);
        return outcome;
      },
    });
    const passes = dispatcherOf(counted(emailTo(mailbox.port)), counted(notifier));
    expect(await passes.runOnce()).toEqual({ sent: 1, retried: 2, dead: 0 });
    expect(order[0]).toBe('email');
  });
});
