import type { Message } from '../../core/alerting/message.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Clock } from '../../platform/clock.ts';
import { readMessage, UNREADABLE } from '../notifier.ts';
import type { Notification, Notifier, SendOutcome } from '../notifier.ts';
import { printableLines } from '../printable.ts';
import { createPoster } from './post.ts';
import type { PostRequest } from './post.ts';

/** Where messages of one recipient go: what every channel over HTTP has. */
export interface HttpTarget {
  /** What the outbox calls it: the receiver's name, so that no secret URL is stored. */
  readonly recipient: string;
  readonly url: string;
  readonly allowPrivate: boolean;
}

/** The request of one channel: its body (as JSON) and headers of its own. */
export interface HttpMessage {
  readonly url: string;
  readonly body: unknown;
  readonly headers?: (body: string) => Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

export interface HttpChannelOptions {
  /** The whole attempt. */
  readonly totalMs?: number;
  readonly clock?: Clock;
}

/** What a message is made of; `now`: ms, of this attempt. */
export interface HttpComposeInput<T extends HttpTarget> {
  readonly message: Message;
  readonly notification: Notification;
  readonly target: T;
  readonly now: number;
}

/** A channel that is one POST a message, or one for each part of it that the far side keeps apart. */
export function createHttpNotifier<T extends HttpTarget>(
  channel: string,
  targets: readonly T[],
  compose: (input: HttpComposeInput<T>) => HttpMessage | readonly HttpMessage[],
  { totalMs, clock = systemClock }: HttpChannelOptions = {},
): Notifier {
  const byRecipient = new Map(targets.map((target) => [target.recipient, target]));
  const poster = createPoster(totalMs, clock);
  return {
    channel,
    async send(notification) {
      const message = readMessage(notification.message);
      if (message === null) return UNREADABLE;
      const target = byRecipient.get(notification.recipient);
      // Another replica may know it, or this one once its configuration is mended.
      if (target === undefined)
        return { outcome: 'retry', error: `no ${channel} receiver of this name is configured` };
      const composed = compose({ message, notification, target, now: clock.now() });
      let outcome: SendOutcome = { outcome: 'sent' };
      // One that fails is tried again with all of them: their keys are the same then.
      for (const [i, part] of [composed].flat().entries()) {
        const key = i === 0 ? notification.dedupKey : `${notification.dedupKey}-${String(i + 1)}`;
        outcome = await poster.post(requestOf(part, key, target.allowPrivate));
        if (outcome.outcome !== 'sent') break;
      }
      return outcome;
    },
    close() {
      poster.close();
      return Promise.resolve();
    },
  };
}

function requestOf(message: HttpMessage, key: string, allowPrivate: boolean): PostRequest {
  const body = JSON.stringify(message.body, (_key, value: unknown) =>
    typeof value === 'string' ? printableLines(value) : value,
  );
  return {
    url: message.url,
    allowPrivate,
    body,
    headers: { 'idempotency-key': key, ...message.headers?.(body) },
    secrets: message.secrets,
  };
}
