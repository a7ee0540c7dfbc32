/** One event as it was posted. */
export interface PostedEvent {
  readonly payload: Uint8Array;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Everything of one request: stored whole or not at all. */
export interface Posting {
  readonly events: readonly PostedEvent[];
  /** null: none was given, and the same again is counted again. `scope`: whose key it is. */
  readonly idempotency: {
    readonly scope: string;
    readonly key: string;
    readonly bodyHash: Uint8Array;
  } | null;
}

/**
 * - stored: durable, to be counted exactly once.
 * - known: the same key with the same content is stored already.
 * - conflict: the same key came with another content.
 * - full: too much waits to be counted.
 */
export type PostingOutcome = 'stored' | 'known' | 'conflict' | 'full';

export interface InboxRecord extends PostedEvent {
  readonly position: number;
  readonly receivedAt: number;
}

/** Events, or bytes of payloads and headers. */
export interface InboxLimit {
  readonly events: number;
  readonly bytes: number;
}

/** Posted events on their way to be counted: positions without a hole, in the order in which they became durable. */
export interface EventInbox {
  /** Durable when it resolves. Postings that come at the same time share a transaction. */
  post(posting: Posting): Promise<PostingOutcome>;
  /** The records from this position on, within the limit: one at least, if there is one. */
  read(from: number, limit: InboxLimit): Promise<InboxRecord[]>;
  /** Positions in [start, end) are there. */
  range(): Promise<{ readonly start: number; readonly end: number }>;
  /** What is counted is let go, and keys of more than a day. Only what the stored position has passed goes. */
  forget(): Promise<void>;
}
