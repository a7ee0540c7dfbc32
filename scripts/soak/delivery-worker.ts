/*
 * Makes alert transitions as an evaluation does, groups and all, and delivers their messages, as a process that kills
 * itself (SIGKILL) at one step.
 * Arguments: the database's URL, transitions in all, port of the mail server, URL of the webhook, the step ('' for none)
 * and the how manieth time it is reached. Ends by itself when everything is made and delivered.
 */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import { composeNotifications } from '../../src/core/alerting/compose.ts';
import { DEFAULT_POLICY } from '../../src/core/evaluate/types.ts';
import { createDispatcher } from '../../src/notify/dispatcher.ts';
import { createEmailNotifier } from '../../src/notify/email/email-notifier.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import { createWebhookNotifier } from '../../src/notify/webhook/webhook-notifier.ts';
import { createLog } from '../../src/platform/log.ts';
import { createEvaluationStore } from '../../src/storage/postgres/evaluation-store.ts';
import { createOutboxStore } from '../../src/storage/postgres/outbox-store.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createTickStore } from '../../src/storage/postgres/tick-store.ts';
import type { TickClaim } from '../../src/storage/tick-store.ts';
import { changeAt, noticeOf, numberOf, RECEIVER } from './delivery-steps.ts';
import type { Step } from './delivery-steps.ts';

const [url = '', total = '0', smtpPort = '0', hookUrl = '', dieAt = '', times = '1'] =
  process.argv.slice(2);
/** A tick or a message of a process that was killed is free again after this. */
const LEASE_MS = 1_000;
/** Messages wait for each other so long, and come so far apart at least. */
const GROUP = { groupWaitMs: 20, groupIntervalMs: 40 };
/** After these of six transitions the group may go: one, two and three of them become one message. */
const PAUSE_AFTER = [0, 1, 3];
const PAUSE_MS = 60;

const log = createLog('silent');
const pool = createPool({ url, max: 4, applicationName: 'soak', log });
const ticks = createTickStore(pool);
let left = Number(times);

function reach(step: Step): void {
  if (step !== dieAt) return;
  left -= 1;
  if (left <= 0) process.kill(process.pid, 'SIGKILL');
}

/** As the pool, but about to commit a transaction is a step. */
function stepping(real: Pool): Pool {
  const connect = async () =>
    new Proxy(await real.connect(), {
      get(client, key) {
        const value: unknown = Reflect.get(client, key, client);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]): unknown => {
          if (key === 'query' && given[0] === 'COMMIT') reach('in the transaction');
          return Reflect.apply(value, client, given) as unknown;
        };
      },
    });
  return new Proxy(real, {
    get: (target, key) =>
      key === 'connect' ? connect : (Reflect.get(target, key, target) as unknown),
  });
}

const evaluations = createEvaluationStore(stepping(pool));
const { rows: known } = await pool.query<{ monitor: number; feature: string; id: number }>(
  `SELECT m.id AS monitor, f.name AS feature, f.id FROM monitor m JOIN feature f ON f.model_id = m.model_id`,
);
const monitorId = known[0]?.monitor ?? 0;

async function claimed(due: number): Promise<TickClaim> {
  for (;;) {
    const claim = await ticks.claim(monitorId, due, String(process.pid), LEASE_MS);
    if (claim !== null) return claim;
    await sleep(20);
  }
}

/** The next transition with its messages, in one transaction. @returns its number; null: all are made */
async function transition(): Promise<number | null> {
  const number = numberOf(await ticks.lastSettled(monitorId)) + 1;
  if (number > Number(total)) return null;
  const change = changeAt(number);
  const claim = await claimed(change.due);
  const id = known.find(({ feature }) => feature === change.feature)?.id ?? 0;
  const notice = noticeOf(change, id);
  const { featureId, feature: _, segment, ...alert } = notice.alert;
  await evaluations.store({
    claim,
    windowEnd: change.due,
    revision: 0,
    baselineId: null,
    complete: true,
    watermark: change.due,
    settings: { q: 0, tests: 0, evaluationsPerDay: 1, policy: DEFAULT_POLICY, features: {} },
    summary: {
      quality: [],
      events: {},
      counted: { events: 0, unknown: 0 },
      features: 0,
      drifted: [],
      warned: [],
      worst: [],
    },
    durationMs: 0,
    scores: [],
    alerts: [{ featureId, segment, alert }],
    problems: [],
    outbox: composeNotifications({
      model: 'flights-late',
      monitor: 'flights-daily',
      windowEnd: change.due,
      revision: 0,
      notices: [notice],
      allFiring: [],
      results: [],
      routes: [
        {
          receiver: RECEIVER.name,
          match: { model: null, feature: null, tier: null, severity: null },
          ...GROUP,
        },
      ],
      receivers: [RECEIVER],
      desk: {
        monitorId,
        told: new Map(),
        acknowledged: new Set(),
        muted: new Set(),
        holds: true,
      },
    }),
  });
  reach('after the transaction');
  return number;
}

function watched(notifier: Notifier): Notifier {
  return {
    ...notifier,
    async send(notification) {
      reach('before sending');
      const outcome = await notifier.send(notification);
      reach('after sending');
      return outcome;
    },
  };
}

const store = createOutboxStore(pool);
const smtp = { host: '127.0.0.1', port: Number(smtpPort), auth: null, tls: 'none' } as const;
const target = { recipient: 'ops', url: hookUrl, allowPrivate: true, secret: 'soak' };
const dispatcher = createDispatcher({
  log,
  notifiers: [
    watched(createEmailNotifier({ ...smtp, from: 'driftd@example.com' }, log)),
    watched(createWebhookNotifier([target])),
  ],
  store: {
    ...store,
    async lease(limit, leaseMs, scope) {
      const leases = await store.lease(limit, leaseMs, scope);
      if (leases.length > 0) reach('after leasing');
      return leases;
    },
    async markSent(lease) {
      const kept = await store.markSent(lease);
      reach('after marking');
      return kept;
    },
  },
  options: { leaseMs: LEASE_MS, pollMs: 20, perMinute: 1_000_000, batch: 2 },
});
dispatcher.start();
for (let made = await transition(); made !== null; made = await transition())
  if (PAUSE_AFTER.includes(made % 6)) await sleep(PAUSE_MS);
while ((await store.pending()) > 0) await sleep(20);
await dispatcher.stop();
await pool.end();
