import { ownRecord } from '../../src/core/domain/ingestion.ts';
import type { PartitionKey, SourceRecord } from '../../src/core/domain/ingestion.ts';
import type { EventSource, RecordConsumer, SourceControl } from '../../src/ingest/event-source.ts';
import { Intake, QueueBudget } from '../../src/ingest/intake.ts';
import { sleep } from '../../src/platform/clock.ts';

const LIMITS = { queueRecords: 50_000, queueBytes: 64 * 1024 * 1024 };
const POLL_MS = 20;
/** Nothing more comes when nothing came for this long. */
const QUIET_MS = 200;
const TIMEOUT_MS = 60_000;

interface Reading {
  readonly intake: Intake;
  readonly key: PartitionKey;
  records: SourceRecord[];
  /** Everything before this offset was handed over. */
  position: number;
}

/**
 * Reads a source as the pipeline does, with the same queue and proof of custody, and keeps all records.
 */
export class SourceReader implements RecordConsumer {
  private readonly readings = new Map<string, Reading>();
  private readonly source: EventSource;
  control: SourceControl | null = null;
  assignments = 0;
  /** Of this reader by the source. */
  calls = 0;
  private lastBatch = 0;
  private readonly budget = new QueueBudget(LIMITS.queueBytes);

  constructor(source: EventSource) {
    this.source = source;
  }

  start(): Promise<void> {
    return this.source.start(this);
  }

  stop(): Promise<void> {
    return this.source.stop();
  }

  /** Goes on where an earlier assignment of the partition ended, as the pipeline does with its stored positions. */
  assigned(partitions: readonly PartitionKey[], control: SourceControl): void {
    this.calls += 1;
    this.assignments += 1;
    this.control = control;
    const before = new Map(this.readings);
    this.readings.clear();
    for (const key of partitions) {
      const name = `${key.topic}/${key.partition}`;
      const { records = [], position = 0 } = before.get(name) ?? {};
      const intake = new Intake(key, control, LIMITS, this.budget);
      this.readings.set(name, { intake, key, records, position });
      // As in life: the position is looked up in a database first.
      setTimeout(() => {
        intake.open(position);
      }, 50);
    }
  }

  unassigned(): void {
    // Positions are kept for the next assignment.
    this.calls += 1;
  }

  batch(batch: Parameters<RecordConsumer['batch']>[0]): boolean {
    this.calls += 1;
    const reading = this.readings.get(`${batch.partition.topic}/${batch.partition.partition}`);
    if (reading === undefined) return false;
    const taken = reading.intake.offer(batch);
    for (let next = reading.intake.take(); next !== undefined; next = reading.intake.take()) {
      reading.records.push(...Array.from(next.batch.records, ownRecord));
      next.batch.records.release?.();
      reading.position = next.batch.to;
      this.lastBatch = performance.now();
    }
    return taken;
  }

  logEnd(): void {
    // The readers of tests know what there is.
    this.calls += 1;
  }

  /** Forgets what was read of the topic and reads each partition from this offset. */
  reopen(topic: string, offset: number): void {
    for (const reading of this.readings.values()) {
      if (reading.key.topic !== topic) continue;
      reading.records = [];
      reading.position = offset;
      reading.intake.open(offset);
    }
  }

  position(topic: string, partition = 0): number {
    return this.readings.get(`${topic}/${partition}`)?.position ?? -1;
  }

  partitions(topic: string): number {
    return [...this.readings.values()].filter(({ key }) => key.topic === topic).length;
  }

  /** Does the source keep delivering from elsewhere than it was told to? */
  isRefused(topic: string, partition = 0): boolean {
    return this.readings.get(`${topic}/${partition}`)?.intake.stuck ?? false;
  }

  /** Waits until every partition of the topic is read to its end, as the source tells it. */
  async readToEnd(topic: string): Promise<void> {
    for (const { key } of [...this.readings.values()].filter((one) => one.key.topic === topic)) {
      const end = (await this.control?.logRange(key))?.end ?? 0;
      await this.reached(topic, key.partition, end);
    }
  }

  /** Waits until every partition of the topic is read up to this offset. */
  async readTo(topic: string, end: number): Promise<void> {
    for (let partition = 0; partition < this.partitions(topic); partition += 1)
      await this.reached(topic, partition, end);
  }

  private async reached(topic: string, partition: number, end: number): Promise<void> {
    const late = performance.now() + TIMEOUT_MS;
    while (this.position(topic, partition) < end) {
      if (performance.now() > late) {
        const at = this.position(topic, partition);
        throw new Error(`${topic}/${partition} stands at ${at} and not at ${end}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Waits until so many records of the topic are there and no more come. @returns them by partition and offset */
  async read(topic: string, count: number, timeoutMs = TIMEOUT_MS): Promise<ReadRecord[]> {
    const end = performance.now() + timeoutMs;
    while (this.recordsOf(topic).length < count && performance.now() < end) await sleep(POLL_MS);
    while (performance.now() - this.lastBatch < QUIET_MS) await sleep(POLL_MS);
    return this.recordsOf(topic);
  }

  private recordsOf(topic: string): ReadRecord[] {
    return [...this.readings.values()]
      .filter(({ key }) => key.topic === topic)
      .toSorted((a, b) => a.key.partition - b.key.partition)
      .flatMap(({ key: { partition }, records }) =>
        records.map((record) => ({ ...record, partition })),
      );
  }
}

export interface ReadRecord extends SourceRecord {
  readonly partition: number;
}
