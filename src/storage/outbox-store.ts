export const NOTIFY_REASONS = [
  'first',
  'escalated',
  'added',
  'resolved',
  'repeat',
  'test',
] as const;
export type NotifyReason = (typeof NOTIFY_REASONS)[number];

/** What to send to one recipient; `message` is plain data, complete: rendering needs nothing else. */
export interface OutboxWrite {
  readonly dedupKey: string;
  readonly receiver: string;
  readonly channel: string;
  readonly recipient: string;
  readonly reason: NotifyReason;
  readonly message: unknown;
  readonly group?: OutboxGroup;
}

/** Messages of one group to one recipient may wait for each other: those that do become one. */
export interface OutboxGroup {
  readonly key: string;
  /** How long the first message waits for more. */
  readonly waitMs: number;
  /** Time between two messages at least. */
  readonly intervalMs: number;
  readonly monitorId: number;
  /** The monitor's clock at this message: repeats count from here; ms. */
  readonly toldAt: number;
}

export interface OutboxLease extends OutboxWrite {
  readonly id: number;
  readonly leaseEpoch: number;
  /** Attempts before this one. */
  readonly attempts: number;
  readonly createdAt: number;
  /** Time since the row was written, on the database's clock. */
  readonly ageMs: number;
}

/** Rows of one channel, or of every channel but some. */
export type LeaseScope = { readonly only: string } | { readonly except: readonly string[] };

export interface OutboxStore {
  /** Takes up to `limit` due rows of the scope with FOR UPDATE SKIP LOCKED and a lease; oldest first. Default: all. */
  lease(limit: number, leaseMs: number, scope?: LeaseScope): Promise<OutboxLease[]>;
  /** Each answers false when the lease was lost to another process meanwhile. */
  markSent(lease: OutboxLease): Promise<boolean>;
  markRetry(lease: OutboxLease, delayMs: number, error: string): Promise<boolean>;
  markDead(lease: OutboxLease, error: string): Promise<boolean>;
  /** Undelivered rows. */
  pending(): Promise<number>;
}
