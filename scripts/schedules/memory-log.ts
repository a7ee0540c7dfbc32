import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PartitionKey, RecordBatch, SourceRecord } from '../../src/core/domain/ingestion.ts';
import type { LogRange, RecordConsumer, SourceControl } from '../../src/ingest/event-source.ts';
import type { EventSource } from '../../src/ingest/event-source.ts';
import { PLAIN, START } from '../chaos/events.ts';
import type { Stops } from './stops.ts';

const BATCH = 7;
const NO_HEADERS = new Map<string, Uint8Array>();

/** One partition of one topic that several members read: record i is event `firstId + i`. */
export class MemoryLog {
  readonly key: PartitionKey;
  readonly firstId: number;
  end = 0;
  readonly readers = new Set<() => void>();

  constructor(topic: string, firstId: number) {
    this.key = { source: 'schedules', topic, partition: 0 };
    this.firstId = firstId;
  }

  append(count: number): void {
    this.end += count;
    for (const wake of this.readers) wake();
  }

  record(offset: number): SourceRecord {
    const value = Buffer.from(PLAIN.recordOf(this.firstId + offset));
    return { offset, timestamp: START, key: null, value, headers: NO_HEADERS };
  }
}

/**
 * One member's view of the log. Who owns the partition is said from outside, also to two at once: that is what a group
 * looks like while one of its members does not know yet that it is out.
 */
export class MemberSource implements EventSource {
  readonly name = 'schedules';
  readonly silentMs = 0;
  /** The furthest position that the group was told ("commit" to the broker), null before the first. */
  told: number | null = null;
  /** Told of every batch that was handed over. */
  onDelivered: (next: number) => Promise<void> = () => Promise.resolve();
  /** What it believes the log to hold; null: what it holds. */
  believedEnd: number | null = null;
  private readonly log: MemoryLog;
  private readonly stops: Stops;
  private consumer: RecordConsumer | null = null;
  private generation = 0;
  private next = 0;
  private paused = false;
  private moving = false;

  constructor(log: MemoryLog, stops: Stops) {
    this.log = log;
    this.stops = stops;
  }

  start(consumer: RecordConsumer): Promise<void> {
    this.consumer = consumer;
    this.log.readers.add(this.wake);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.generation += 1;
    this.log.readers.delete(this.wake);
    return Promise.resolve();
  }

  assign(owns: boolean): void {
    this.generation += 1;
    this.next = 0;
    this.paused = false;
    this.consumer?.assigned(owns ? [this.log.key] : [], this.control(this.generation));
    if (owns) this.wake();
  }

  private control(generation: number): SourceControl {
    const live = (): boolean => generation === this.generation;
    return {
      seek: (_, offset) => {
        if (live()) this.next = offset;
        this.wake();
      },
      pause: () => {
        if (live()) this.paused = true;
      },
      resume: () => {
        if (live()) this.paused = false;
        this.wake();
      },
      startOffsets: () => Promise.resolve(new Map([[0, 0]])),
      logRange: async (): Promise<LogRange> => {
        await this.stops.at('identity');
        return { start: 0, end: this.believedEnd ?? this.log.end };
      },
      committed: (_, offset) => {
        this.told = Math.max(this.told ?? 0, offset);
      },
    };
  }

  private readonly wake = (): void => {
    if (!this.moving) void this.deliver();
  };

  private async deliver(): Promise<void> {
    this.moving = true;
    try {
      while (!this.paused && this.next < this.log.end && this.consumer !== null) {
        const { generation, next: from } = this;
        const to = Math.min(from + BATCH, this.log.end);
        const records: SourceRecord[] = [];
        for (let offset = from; offset < to; offset += 1) records.push(this.log.record(offset));
        const { key: partition, end: logEnd } = this.log;
        const batch: RecordBatch = { partition, from, to, records, logEnd };
        await this.stops.at('custody');
        await nextTurn();
        // A seek or an assignment that came meanwhile has the say.
        if (generation !== this.generation) continue;
        if (this.next === from) this.next = to;
        if (this.consumer.batch(batch)) await this.onDelivered(to);
        else this.paused = true;
      }
    } finally {
      this.moving = false;
    }
  }
}
