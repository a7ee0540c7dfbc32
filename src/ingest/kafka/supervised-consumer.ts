import type { Consumer, EachBatchPayload } from 'kafkajs';
import { createBackoff } from '../../platform/backoff.ts';
import type { BackoffOptions } from '../../platform/backoff.ts';
import { sleep, systemClock } from '../../platform/clock.ts';
import { toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { within } from './within.ts';

const DISCONNECT_MS = 5_000;
/** Consumers that were replaced within this time make the next one wait longer. */
const REBUILDS_MS = 600_000;
const PAUSES: BackoffOptions = { baseMs: 500, capMs: 30_000, floorMs: 250 };
/** At start somebody watches: what fails so often is told, and not tried again. */
const START_ATTEMPTS = 3;

/** What the supervisor needs of kafkajs' consumer. */
export type SupervisedClient = Pick<
  Consumer,
  'on' | 'events' | 'connect' | 'subscribe' | 'run' | 'disconnect'
>;

export interface SupervisedConsumerParts<C> {
  readonly make: () => C;
  readonly topics: readonly string[];
  /** The group has given these partitions to this consumer. */
  readonly joined: (consumer: C, partitions: Readonly<Record<string, number[]>>) => void;
  /** Nothing is assigned any more: the consumer has crashed, or is being replaced. */
  readonly lost: () => void;
  /** Must not reject: it would stop the client. */
  readonly batch: (consumer: C, payload: EachBatchPayload) => Promise<void>;
  readonly log: Log;
  readonly pauses?: BackoffOptions;
}

/** One consumer, and what became of it. */
interface Seat<C> {
  readonly consumer: C;
  starting: boolean;
  /** It has stopped for good. */
  crashed: Error | null;
}

/**
 * Keeps one consumer running. After errors that it does not expect kafkajs stops for good, and tells it with an event
 * only; also while it starts, where `run` then resolves as if all was well. Such a consumer is replaced by another, at
 * once the first time, later when it happens often.
 */
export class SupervisedConsumer<C extends SupervisedClient = Consumer> {
  private readonly parts: SupervisedConsumerParts<C>;
  private readonly pauses: BackoffOptions;
  private seat: Seat<C> | null = null;
  private rebuilding: Promise<void> | null = null;
  /** When consumers were replaced lately, on the monotonic clock. */
  private rebuilds: number[] = [];
  private readonly stopped = new AbortController();

  constructor(parts: SupervisedConsumerParts<C>) {
    this.parts = parts;
    this.pauses = parts.pauses ?? PAUSES;
  }

  /** What any other consumer calls counts for nothing. */
  get current(): C | null {
    return this.seat?.consumer ?? null;
  }

  /** @throws Error why the group cannot be joined; no consumer is left then */
  async start(): Promise<void> {
    const backoff = createBackoff(this.pauses);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.connect();
        return;
      } catch (thrown) {
        await this.leave();
        if (attempt >= START_ATTEMPTS || this.stopped.signal.aborted) throw thrown;
        await sleep(backoff.delay(attempt), this.stopped.signal);
      }
    }
  }

  /** Another consumer takes the place of this one; does nothing while one is being made. */
  rebuild(cause: Error): void {
    if (this.stopped.signal.aborted || this.rebuilding !== null) return;
    const { log } = this.parts;
    log.warn({ err: cause }, 'the Kafka consumer stopped; starting another');
    this.rebuilding = this.replace().finally(() => {
      this.rebuilding = null;
      // It may have crashed since it was started, and was not heard then.
      const crashed = this.seat?.crashed ?? null;
      if (crashed !== null) this.rebuild(crashed);
    });
  }

  private async replace(): Promise<void> {
    const backoff = createBackoff(this.pauses);
    const now = systemClock.monotonic();
    this.rebuilds = [...this.rebuilds.filter((at) => now - at < REBUILDS_MS), now];
    for (let attempt = this.rebuilds.length - 1; !this.stopped.signal.aborted; attempt += 1) {
      await this.leave();
      if (attempt > 0) await sleep(backoff.delay(attempt), this.stopped.signal);
      if (this.stopped.signal.aborted) return;
      try {
        await this.connect();
        return;
      } catch (thrown) {
        this.parts.log.warn({ err: toError(thrown) }, 'starting a Kafka consumer failed');
      }
    }
  }

  private async connect(): Promise<void> {
    const { make, topics, joined, lost, batch } = this.parts;
    const consumer = make();
    const seat: Seat<C> = { consumer, starting: true, crashed: null };
    this.seat = seat;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (seat === this.seat) joined(consumer, payload.memberAssignment);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (seat !== this.seat) return;
      lost();
      if (payload.restart) return;
      seat.crashed = payload.error;
      if (!seat.starting) this.rebuild(payload.error);
    });
    await consumer.connect();
    // Always from the beginning: what the client would read is of no weight, custody sends it to the stored position.
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => batch(consumer, payload),
    });
    seat.starting = false;
    if (seat.crashed !== null) throw seat.crashed;
  }

  /** The consumer's calls count for nothing from here on, even if it does not end. */
  private async leave(): Promise<void> {
    const { seat } = this;
    this.seat = null;
    if (seat === null) return;
    this.parts.lost();
    await within(DISCONNECT_MS, seat.consumer.disconnect()).catch((thrown: unknown) => {
      this.parts.log.debug({ err: toError(thrown) }, 'leaving the consumer group failed');
    });
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await Promise.race([this.rebuilding, sleep(DISCONNECT_MS)]);
    await this.leave();
  }
}
