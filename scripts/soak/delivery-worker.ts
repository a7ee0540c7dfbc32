/*
 * Makes alert transitions and delivers their messages, as a process that kills itself (SIGKILL) at one step.
 * Arguments: the database's URL, transitions in all, port of the mail server, URL of the webhook, the step ('' for none)
 * and the how manieth time it is reached. Ends by itself when everything is made and delivered.
 */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import { createDispatcher } from '../../src/notify/dispatcher.ts';
import { createEmailNotifier } from '../../src/notify/email/email-notifier.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import { createWebhookNotifier } from '../../src/notify/webhook/webhook-notifier.ts';
import { createLog } from '../../src/platform/log.ts';
import { createOutboxStore, insertOutbox } from '../../src/storage/postgres/outbox-store.ts';
import { createPool, inTransaction } from '../../src/storage/postgres/pool.ts';
import { digest } from '../../test/support/digests.ts';
import { keyOf, RECIPIENTS } from './delivery-steps.ts';
import type { Step } from './delivery-steps.ts';

const [url = '', total = '0', smtpPort = '0', hookUrl = '', dieAt = '', times = '1'] =
  process.argv.slice(2);
const log = createLog('silent');
const pool = createPool({ url, max: 4, applicationName: 'soak', log });
let left = Number(times);

function reach(step: Step): void {
  if (step !== dieAt) return;
  left -= 1;
  if (left <= 0) process.kill(process.pid, 'SIGKILL');
}

/** The next transition of the alert with its messages, in one transaction. @returns false: all are made */
async function transition(): Promise<boolean> {
  const made = await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ incident: number }>(
      'UPDATE alert SET incident = incident + 1 WHERE incident < $1 RETURNING incident',
      [Number(total)],
    );
    const incident = rows[0]?.incident;
    if (incident === undefined) return false;
    await insertOutbox(
      client,
      RECIPIENTS.map(({ channel, recipient }) => ({
        dedupKey: keyOf(incident, channel),
        receiver: 'ops',
        channel,
        recipient,
        reason: 'first',
        message: digest({ windowEnd: incident * 60_000 }),
      })),
    );
    reach('in the transaction');
    return true;
  });
  if (made) reach('after the transaction');
  return made;
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
  options: { leaseMs: 1_000, pollMs: 20, perMinute: 1_000_000, batch: 2 },
});
dispatcher.start();
while (await transition());
while ((await store.pending()) > 0) await sleep(20);
await dispatcher.stop();
await pool.end();
