import type { Message } from '../core/alerting/message.ts';
import type { NotifyReason } from '../storage/outbox-store.ts';

/** One message to one recipient. */
export interface Notification {
  /** The same on every attempt: a recipient can tell a duplicate by it. */
  readonly dedupKey: string;
  readonly recipient: string;
  readonly reason: NotifyReason;
  /** When the message was queued, ms since the epoch; the same on every attempt. */
  readonly createdAt: number;
  readonly message: unknown;
}

/**
 * `retry`: later may work, not before `retryAfterMs` when the other side asks for that. `permanent`: it never will.
 * `error` is short and holds no secret.
 */
export type SendOutcome =
  | { readonly outcome: 'sent' }
  | { readonly outcome: 'retry'; readonly error: string; readonly retryAfterMs?: number }
  | { readonly outcome: 'permanent'; readonly error: string };

/** A channel: a way to send messages. Every one must pass the channels' contract suite. */
export interface Notifier {
  readonly channel: string;
  /** Makes one attempt in bounded time. Never rejects for a failed delivery. */
  send(notification: Notification): Promise<SendOutcome>;
  close(): Promise<void>;
}

/** The message of a row, or null when this release does not know its shape. */
export function readMessage(message: unknown): Message | null {
  const known = typeof message === 'object' && message !== null && 'version' in message;
  if (!known || message.version !== 1) return null;
  if ('kind' in message && message.kind !== 'system') return null;
  return message as Message;
}

export const UNREADABLE: SendOutcome = {
  outcome: 'permanent',
  error: 'this release cannot read the message',
};
