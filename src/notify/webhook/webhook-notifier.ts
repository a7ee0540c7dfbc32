import { createHmac } from 'node:crypto';
import { isSystemMessage, monitorsIn } from '../../core/alerting/message.ts';
import type { Message } from '../../core/alerting/message.ts';
import { alertItems } from '../http/alert-items.ts';
import type { AlertItem } from '../http/alert-items.ts';
import { createHttpNotifier } from '../http/http-notifier.ts';
import type { HttpChannelOptions, HttpTarget } from '../http/http-notifier.ts';
import type { Notifier } from '../notifier.ts';
import { printable } from '../printable.ts';
import { subjectOf } from '../subject.ts';

export interface WebhookTarget extends HttpTarget {
  /** Signs every request; null: unsigned. */
  readonly secret: string | null;
}

/**
 * Posts Alertmanager's webhook body (version 4) to a URL of one's own, so that what reads Alertmanager reads driftd.
 * Header `Idempotency-Key` is the dedup key. Header `Driftd-Signature: t=<seconds>,v1=<hex>` is the HMAC-SHA256 of
 * `<seconds>.<body>` under the receiver's secret.
 */
export function createWebhookNotifier(
  targets: readonly WebhookTarget[],
  options?: HttpChannelOptions,
): Notifier {
  return createHttpNotifier(
    'webhook',
    targets,
    ({ message, target, now }) => ({
      url: target.url,
      body: webhookBody(message, target.recipient, now),
      headers: (body) => (target.secret === null ? {} : signature(target.secret, body, now)),
      secrets: [target.secret ?? '', target.url],
    }),
    options,
  );
}

function signature(secret: string, body: string, now: number): Record<string, string> {
  const seconds = Math.floor(now / 1000);
  const mac = createHmac('sha256', secret)
    .update(`${String(seconds)}.${body}`)
    .digest('hex');
  return { 'driftd-signature': `t=${String(seconds)},v1=${mac}` };
}

function webhookBody(message: Message, receiver: string, now: number) {
  const alerts = alertItems(message, now);
  const groupLabels = groupLabelsOf(message);
  const key = Object.entries(groupLabels).map(
    ([name, text]) => `${name}=${JSON.stringify(printable(text))}`,
  );
  return {
    version: '4',
    groupKey: `{}:{${key.join(', ')}}`,
    truncatedAlerts: 0,
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    receiver,
    groupLabels,
    commonLabels: common(alerts, 'labels'),
    commonAnnotations: { ...common(alerts, 'annotations'), subject: subjectOf(message) },
    externalURL: '',
    alerts,
  };
}

/** What the alerts of the message have in common by design: a merged one is of several monitors. */
function groupLabelsOf(message: Message): Readonly<Record<string, string>> {
  if (isSystemMessage(message)) return { problem: message.problem, about: message.about };
  const [monitor, ...others] = monitorsIn(message);
  const { model } = message;
  return monitor === undefined || others.length > 0 ? { model } : { model, monitor };
}

/** What all alerts agree in. */
function common(alerts: readonly AlertItem[], key: 'labels' | 'annotations') {
  const [first, ...others] = alerts;
  return Object.fromEntries(
    Object.entries(first?.[key] ?? {}).filter(([name, text]) =>
      others.every((alert) => alert[key][name] === text),
    ),
  );
}
