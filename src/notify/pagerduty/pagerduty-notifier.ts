import { createHash } from 'node:crypto';
import { byMonitor, isSystemMessage } from '../../core/alerting/message.ts';
import type { DigestMessage, Message } from '../../core/alerting/message.ts';
import { viewOf } from '../digest-view.ts';
import { createHttpNotifier } from '../http/http-notifier.ts';
import type { HttpChannelOptions, HttpTarget } from '../http/http-notifier.ts';
import type { Notification, Notifier } from '../notifier.ts';
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
    ({ message, notification, target }) =>
      eventsOf(message).map(([part, action]) => ({
        url: target.url,
        body: eventOf(part, action, notification, target.routingKey),
        secrets: [target.routingKey],
      })),
    options,
  );
}

type EventAction = 'trigger' | 'resolve';

/** One event an incident. A test opens one and ends it: nobody has to close it by hand. */
function eventsOf(message: Message): (readonly [Message, EventAction])[] {
  if (!isSystemMessage(message))
    return byMonitor(message).map((part) => [part, isOver(part) ? 'resolve' : 'trigger']);
  if (message.status === 'resolved') return [[message, 'resolve']];
  return message.status === 'test'
    ? [
        [message, 'trigger'],
        [message, 'resolve'],
      ]
    : [[message, 'trigger']];
}

function eventOf(
  message: Message,
  action: EventAction,
  notification: Notification,
  routingKey: string,
) {
  const test = isSystemMessage(message) && message.status === 'test';
  return {
    routing_key: routingKey,
    dedup_key: groupKey(message, notification.recipient),
    client: 'driftd',
    event_action: action,
    payload: {
      summary: shortened(subjectOf(message), MAX_SUMMARY),
      source: 'driftd',
      severity: test ? 'info' : message.severity,
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
  };
}

function linksOf(links: readonly { label: string; url: string }[]) {
  return links.map(({ label, url }) => ({ href: url, text: label }));
}

function isOver({ features, stillFiring }: DigestMessage): boolean {
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
