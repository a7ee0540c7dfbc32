import { createBackoff } from '../platform/backoff.ts';
import { sleep, systemClock } from '../platform/clock.ts';
import type { Clock } from '../platform/clock.ts';
import { toError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { LeaseScope, OutboxLease, OutboxStore } from '../storage/outbox-store.ts';
import type { Notifier, SendOutcome } from './notifier.ts';
import { createRateLimit } from './rate-limit.ts';
import type { RateLimit } from './rate-limit.ts';

/** Process counters of deliveries; no-ops by default. */
export interface NotifyMetrics {
  notification(channel: string, result: 'sent' | 'retry' | 'dead' | 'lost'): void;
}

export interface DispatcherDeps {
  readonly store: OutboxStore;
  readonly notifiers: readonly Notifier[];
  readonly log: Log;
  readonly metrics?: NotifyMetrics;
  /** Uniform in [0, 1); of the back-off. */
  readonly random?: () => number;
  readonly clock?: Clock;
  readonly options?: Partial<DispatcherOptions>;
}

export interface DispatcherOptions {
  /** Between two looks at an empty queue. */
  readonly pollMs: number;
  /** Longer than any attempt can take; after it another process may try. */
  readonly leaseMs: number;
  /** Messages of one channel that are tried at the same time. */
  readonly batch: number;
  /** Messages a channel sends within a minute; the others wait, none is dropped. */
  readonly perMinute: number;
  /** A message that could not be delivered for this long is given up. */
  readonly giveUpMs: number;
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  /** How long stopping waits for attempts under way before their connections are cut. */
  readonly stopGraceMs: number;
}

const DEFAULTS: DispatcherOptions = {
  pollMs: 1_000,
  leaseMs: 120_000,
  batch: 5,
  perMinute: 20,
  giveUpMs: 24 * 3_600_000,
  retryBaseMs: 1_000,
  retryCapMs: 900_000,
  stopGraceMs: 4_000,
};

export interface PassResult {
  readonly sent: number;
  readonly retried: number;
  readonly dead: number;
}

export interface Dispatcher {
  /** Delivers what is due now on every channel, until nothing is or the channel has sent enough for this minute. */
  runOnce(): Promise<PassResult>;
  start(): void;
  /** Resolves when the attempts under way have ended and are written down. */
  stop(): Promise<void>;
}

/**
 * Delivers the outbox: lease, send outside any transaction, write the result down. A crash in between sends again with
 * the same dedup key: at least once, duplicates recognisable. Retries back off from 1 s to 15 min with full jitter, or
 * as long as the other side asks for. Every channel has a lane of its own: one that hangs delays no other.
 */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { store, log, metrics } = deps;
  const options = { ...DEFAULTS, ...deps.options };
  const notifiers = new Map(deps.notifiers.map((notifier) => [notifier.channel, notifier]));
  const backoff = createBackoff({
    baseMs: options.retryBaseMs,
    capMs: options.retryCapMs,
    ...(deps.random === undefined ? {} : { random: deps.random }),
  });
  const stopping = new AbortController();
  const lanes = lanesOf(deps.notifiers, options.perMinute, deps.clock ?? systemClock);
  let loops: Promise<unknown> | null = null;

  const attempt = async (lease: OutboxLease): Promise<SendOutcome> => {
    const notifier = notifiers.get(lease.channel);
    // Another replica may know the channel, or this one after its configuration is mended.
    if (notifier === undefined)
      return { outcome: 'retry', error: `no channel "${lease.channel}" is configured here` };
    try {
      return await notifier.send(lease);
    } catch (thrown) {
      return { outcome: 'retry', error: toError(thrown).message };
    }
  };

  const deliver = async (lease: OutboxLease): Promise<keyof PassResult> => {
    const outcome = await attempt(lease);
    const { channel, receiver, recipient, dedupKey, attempts, reason } = lease;
    const context = { channel, receiver, recipient, dedupKey, reason, attempt: attempts + 1 };
    const lost = (kept: boolean): void => {
      if (kept) return;
      log.warn(context, 'the lease of a message was lost; it may be sent twice');
      metrics?.notification(channel, 'lost');
    };
    if (outcome.outcome === 'sent') {
      lost(await store.markSent(lease));
      log.info(context, 'message sent');
      metrics?.notification(channel, 'sent');
      return 'sent';
    }
    const { error } = outcome;
    if (outcome.outcome === 'permanent' || lease.ageMs >= options.giveUpMs) {
      lost(await store.markDead(lease, error));
      log.error({ ...context, error }, 'message given up');
      metrics?.notification(channel, 'dead');
      return 'dead';
    }
    const delayMs = Math.max(
      backoff.delay(attempts),
      Math.min(retryAfterOf(outcome), options.giveUpMs),
    );
    lost(await store.markRetry(lease, delayMs, error));
    log.warn({ ...context, error, delayMs }, 'message not delivered; it will be tried again');
    metrics?.notification(channel, 'retry');
    return 'retried';
  };

  const drain = async ({ scope, rate }: Lane): Promise<PassResult> => {
    const result = { sent: 0, retried: 0, dead: 0 };
    while (!stopping.signal.aborted) {
      const limit = Math.min(options.batch, rate.available());
      if (limit === 0) break;
      const leases = await store.lease(limit, options.leaseMs, scope);
      rate.take(leases.length);
      const settled = await Promise.allSettled(leases.map(deliver));
      for (const one of settled) if (one.status === 'fulfilled') result[one.value] += 1;
      // Only the database can fail here: the rows' leases run out and they are tried again.
      const failed = settled.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw toError(failed.reason);
      if (leases.length === 0) break;
    }
    return result;
  };

  const run = async (lane: Lane): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await drain(lane);
      } catch (thrown) {
        log.error({ err: toError(thrown) }, 'the outbox cannot be read or written');
      }
      await sleep(options.pollMs, stopping.signal);
    }
  };

  return {
    async runOnce() {
      const passes = await Promise.all(lanes.map(drain));
      const sum = (key: keyof PassResult): number =>
        passes.reduce((total, pass) => total + pass[key], 0);
      return { sent: sum('sent'), retried: sum('retried'), dead: sum('dead') };
    },
    start() {
      loops ??= Promise.all(lanes.map(run));
    },
    async stop() {
      stopping.abort();
      const grace = new AbortController();
      await Promise.race([loops, sleep(options.stopGraceMs, grace.signal)]);
      grace.abort();
      await Promise.all(deps.notifiers.map((notifier) => notifier.close()));
      await loops;
    },
  };
}

/** One channel's way through the outbox. */
interface Lane {
  readonly scope: LeaseScope;
  readonly rate: RateLimit;
}

/** One a channel, and one for rows of channels that nobody here knows: they are tried, told of and in the end given up. */
function lanesOf(notifiers: readonly Notifier[], perMinute: number, clock: Clock): Lane[] {
  const channels = notifiers.map(({ channel }) => channel);
  const scopes: LeaseScope[] = channels.map((only) => ({ only }));
  return [...scopes, { except: channels }].map((scope) => ({
    scope,
    rate: createRateLimit(perMinute, clock),
  }));
}

function retryAfterOf(outcome: SendOutcome): number {
  return outcome.outcome === 'retry' ? (outcome.retryAfterMs ?? 0) : 0;
}
