import { partitionName } from '../event-source.ts';
import type { PartitionKey } from '../../core/domain/ingestion.ts';
import type { Clock } from '../../platform/clock.ts';

interface Watched {
  /** Everything before this offset came; Infinity: nothing was asked for yet. */
  delivered: number;
  paused: boolean;
  /** When something last came of it, or there was nothing to wait for. */
  since: number;
}

/**
 * Notices a client that has stopped fetching a partition without a word. A silence alone says nothing: the brokers may
 * be away, or there is nothing to read. A partition is stuck when brokers answer, records wait in it, it is not paused,
 * and none of it came for a long time, whatever comes of the others.
 */
export class Watchdog {
  private readonly clock: Clock;
  private readonly patienceMs: number;
  private readonly partitions = new Map<string, Watched>();

  constructor(clock: Clock, patienceMs: number) {
    this.clock = clock;
    this.patienceMs = patienceMs;
  }

  /** A new assignment: nothing is known of its partitions. */
  reset(): void {
    this.partitions.clear();
  }

  /** The partition is delivered, or to be delivered, from `offset` on. */
  moved(key: PartitionKey, offset: number): void {
    const watched = this.of(key);
    watched.delivered = offset;
    watched.since = this.clock.monotonic();
  }

  pause(key: PartitionKey): void {
    this.of(key).paused = true;
  }

  resume(key: PartitionKey): void {
    const watched = this.of(key);
    watched.paused = false;
    watched.since = this.clock.monotonic();
  }

  /** The brokers do not answer: whoever waits for them is not stuck. */
  excuse(): void {
    for (const watched of this.partitions.values()) watched.since = this.clock.monotonic();
  }

  /**
   * @param ends the ends of what can be read, just told by the brokers
   * @returns the partitions that have waited too long
   */
  stuck(ends: readonly { readonly key: PartitionKey; readonly end: number }[]): PartitionKey[] {
    const now = this.clock.monotonic();
    return ends.flatMap(({ key, end }) => {
      const watched = this.of(key);
      if (watched.paused || end <= watched.delivered) watched.since = now;
      return now - watched.since > this.patienceMs ? [key] : [];
    });
  }

  private of(key: PartitionKey): Watched {
    const name = partitionName(key);
    let watched = this.partitions.get(name);
    if (watched === undefined) {
      watched = { delivered: Infinity, paused: false, since: this.clock.monotonic() };
      this.partitions.set(name, watched);
    }
    return watched;
  }
}
