import { createHash } from 'node:crypto';
import { isSystemMessage } from '../../core/alerting/message.ts';
import type { Message } from '../../core/alerting/message.ts';
import { viewOf } from '../digest-view.ts';
import { createHttpNotifier } from '../http/http-notifier.ts';
import type { HttpChannelOptions, HttpTarget } from '../http/http-notifier.ts';
import type { Notifier } from '../notifier.ts';
import { printable, shortened } from '../printable.ts';
import { renderText } from '../render-text.ts';
import { subjectOf } from '../subject.ts';

export interface PagerdutyTarget extends HttpTarget {
  /** Integration key of an Events API v2 service. */
  readonly routingKey: string;
}

/** Limit of the field `summary`. */
const MAX_SUMMARY = 1_024;
/** An event may have 512 kB; nobody reads that much on a phone. */
const MAX_DETAILS = 20_000;

/**
 * Triggers one incident a model and monitor through PagerDuty's Events API v2, adds to it while anything fires and
 * resolves it when nothing does any more.
 */
export function createPagerdutyNotifier(
  targets: readonly PagerdutyTarget[],
  options?: HttpChannelOptions,
): Notifier {
  return createHttpNotifier(
    'pagerduty',
    targets,
    ({ message, notification, target }) => ({
      url: target.url,
      body: {
        routing_key: target.routingKey,
        dedup_key: groupKey(message, notification.recipient),
        client: 'driftd',
        event_action: isOver(message) ? 'resolve' : 'trigger',
        payload: {
          summary: shortened(subjectOf(message), MAX_SUMMARY),
          source: 'driftd',
          severity: message.severity,
          timestamp: new Date(notification.createdAt).toISOString(),
          component: printable(isSystemMessage(message) ? 'driftd' : message.model),
          group: printable(isSystemMessage(message) ? message.about : message.monitor),
          class: isSystemMessage(message) ? message.problem : 'drift',
          custom_details: {
            message: shortened(renderText(viewOf(message)), MAX_DETAILS),
            dedup_key: notification.dedupKey,
          },
        },
        ...(isSystemMessage(message) ? {} : { links: linksOf(message.links) }),
      },
      secrets: [target.routingKey],
    }),
    options,
  );
}

function linksOf(links: readonly { label: string; url: string }[]) {
  return links.map(({ label, url }) => ({ href: url, text: label }));
}

function isOver(message: Message): boolean {
  if (isSystemMessage(message)) return message.status === 'resolved';
  const { features, stillFiring } = message;
  return stillFiring.length === 0 && features.every(({ notice }) => notice === 'resolved');
}

/** The same for every message of a group: what PagerDuty knows its incident by. */
function groupKey(message: Message, receiver: string): string {
  const group = isSystemMessage(message)
    ? ['system', message.problem, message.about, message.status === 'test' ? message.since : 0]
    : ['drift', message.model, message.monitor];
  return createHash('sha256')
    .update(JSON.stringify([...group, receiver]))
    .digest('hex');
}
