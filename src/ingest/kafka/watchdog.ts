import { partitionName } from '../event-source.ts';
import type { PartitionKey } from '../../core/domain/ingestion.ts';
import type { Clock } from '../../platform/clock.ts';

/**
 * Notices a client that has stopped fetching without a word. A silence alone says nothing: the brokers may be away, or
 * there is nothing to read. It is stuck when brokers answer, records wait in partitions that are not paused, and none
 * came for a long time.
 */
export class Watchdog {
  private readonly clock: Clock;
  private readonly patienceMs: number;
  /** Everything before this offset came, by partition. */
  private readonly delivered = new Map<string, number>();
  private readonly paused = new Set<string>();
  private since: number;

  constructor(clock: Clock, patienceMs: number) {
    this.clock = clock;
    this.patienceMs = patienceMs;
    this.since = clock.monotonic();
  }

  /** A new assignment: nothing is known of its partitions. */
  reset(): void {
    this.delivered.clear();
    this.paused.clear();
    this.since = this.clock.monotonic();
  }

  /** The partition is delivered, or to be delivered, from `offset` on. */
  moved(key: PartitionKey, offset: number): void {
    this.delivered.set(partitionName(key), offset);
    this.since = this.clock.monotonic();
  }

  pause(key: PartitionKey): void {
    this.paused.add(partitionName(key));
  }

  resume(key: PartitionKey): void {
    this.paused.delete(partitionName(key));
    this.since = this.clock.monotonic();
  }

  /** The brokers do not answer: whoever waits for them is not stuck. */
  excuse(): void {
    this.since = this.clock.monotonic();
  }

  /** @param ends the ends of what can be read, just told by the brokers */
  isStuck(ends: readonly { readonly key: PartitionKey; readonly end: number }[]): boolean {
    const waiting = ends.some(({ key, end }) => {
      const name = partitionName(key);
      return !this.paused.has(name) && end > (this.delivered.get(name) ?? Infinity);
    });
    if (!waiting) this.since = this.clock.monotonic();
    return this.clock.monotonic() - this.since > this.patienceMs;
  }
}
