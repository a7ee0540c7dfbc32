import { createPartitionCounter } from '../../src/accumulate/counting.ts';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import type { PartitionKey, RecordFault, SourceRecord } from '../../src/core/domain/ingestion.ts';
import type { EventSource, RecordConsumer, SourceControl } from '../../src/ingest/event-source.ts';
import { noIngestMetrics } from '../../src/ingest/ingest-metrics.ts';
import type { IngestMetrics } from '../../src/ingest/ingest-metrics.ts';
import { QueueBudget } from '../../src/ingest/intake.ts';
import { createPipeline } from '../../src/ingest/pipeline.ts';
import { createLog } from '../../src/platform/log.ts';
import type { CatalogStore } from '../../src/storage/catalog-store.ts';
import type {
  CheckpointWrite,
  GapWrite,
  IngestStore,
  OffsetOutcomes,
} from '../../src/storage/ingest-store.ts';

const TOPIC = 'predictions';

export function keyOf(partition: number): PartitionKey {
  return { source: 'kafka', topic: TOPIC, partition };
}

/** Offsets from `start` on, each a record of so many bytes; some are what a test says. */
export interface MemoryPartition {
  start: number;
  readonly records: SourceRecord[];
}

export function record(offset: number, value: string, fault?: RecordFault): SourceRecord {
  const bytes = fault === undefined ? Buffer.from(value) : null;
  const common = { offset, timestamp: 1_000, key: null, value: bytes, headers: new Map() };
  return fault === undefined ? common : { ...common, fault };
}

export function records(from: number, to: number, value = 'x'): SourceRecord[] {
  return Array.from({ length: to - from }, (_, i) => record(from + i, `${value}${from + i}`));
}

/**
 * A log in memory, read as kafkajs reads: whatever becomes of a batch the next one follows it, unless there was a seek;
 * an offset that is not there leads to the first one.
 */
export class MemorySource implements EventSource {
  readonly name = 'kafka';
  remote = true;
  silentMs = 0;
  compacted: boolean | null = false;
  readonly partitions: MemoryPartition[];
  readonly batchRecords: number;
  /** Seeks that came while an assignment was being told. */
  earlySeeks = 0;
  delivered = 0;
  /** Called after each batch. */
  afterBatch: () => void = () => undefined;
  private consumer: RecordConsumer | null = null;
  private positions: number[] = [];
  private paused: boolean[] = [];
  private assigning = false;
  private stopped = false;

  constructor(partitions: MemoryPartition[], batchRecords = 10) {
    this.partitions = partitions;
    this.batchRecords = batchRecords;
  }

  start(consumer: RecordConsumer): Promise<void> {
    this.consumer = consumer;
    this.assign();
    void this.run(consumer);
    return Promise.resolve();
  }

  assign(): void {
    this.positions = this.partitions.map(({ start }) => start);
    this.paused = this.partitions.map(() => false);
    this.assigning = true;
    this.consumer?.assigned(
      this.partitions.map((_, partition) => keyOf(partition)),
      this.control(),
    );
    this.assigning = false;
  }

  lose(): void {
    this.partitions.length = 0;
    this.consumer?.unassigned();
  }

  /** Tells where the logs begin and end, as a look at the brokers does. */
  tellEnds(): void {
    for (const [partition, { start }] of this.partitions.entries())
      this.consumer?.logEnd(keyOf(partition), this.endOf(partition), start);
  }

  endOf(partition: number): number {
    const { start = 0, records: held = [] } = this.partitions[partition] ?? {};
    return (held.at(-1)?.offset ?? start - 1) + 1;
  }

  stop(): Promise<void> {
    this.stopped = true;
    return Promise.resolve();
  }

  private async run(consumer: RecordConsumer): Promise<void> {
    while (!this.stopped) {
      for (const partition of this.partitions.keys()) this.deliver(consumer, partition);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  private deliver(consumer: RecordConsumer, partition: number): void {
    const log = this.partitions[partition];
    if (log === undefined || this.paused[partition] === true) return;
    let from = this.positions[partition] ?? 0;
    if (from < log.start || from > this.endOf(partition)) from = log.start;
    const held = log.records.filter(({ offset }) => offset >= from).slice(0, this.batchRecords);
    const last = held.at(-1);
    if (last === undefined) return;
    const to = last.offset + 1;
    this.positions[partition] = to;
    this.delivered += 1;
    const batch = { partition: keyOf(partition), from, to, records: held, logEnd: null };
    if (!consumer.batch(batch)) this.paused[partition] = true;
    this.afterBatch();
  }

  private control(): SourceControl {
    return {
      seek: ({ partition }, offset) => {
        if (this.assigning) this.earlySeeks += 1;
        this.positions[partition] = offset;
      },
      pause: ({ partition }) => {
        this.paused[partition] = true;
      },
      resume: ({ partition }) => {
        this.paused[partition] = false;
      },
      startOffsets: () =>
        Promise.resolve(new Map(this.partitions.map(({ start }, partition) => [partition, start]))),
      logRange: ({ partition }) =>
        Promise.resolve({
          start: this.partitions[partition]?.start ?? 0,
          end: this.endOf(partition),
        }),
      compacts: () => Promise.resolve(this.compacted),
      committed: () => undefined,
    };
  }
}

/** One partition as it is stored. */
export interface StoredPartition {
  readonly part: number;
  epoch: number;
  nextOffset: number;
  state: 'ok' | 'halted';
  reason: string | null;
  anchorOffset: number | null;
  anchorHash: Uint8Array | null;
  outcomes: OffsetOutcomes;
  readonly gaps: GapWrite[];
  caughtUp: number;
}

const NOTHING: OffsetOutcomes = {
  counted: 0,
  quarantined: 0,
  tooLate: 0,
  duplicate: 0,
  filtered: 0,
};

/** Positions in memory, moved as Postgres moves them. */
export class MemoryStore implements IngestStore {
  readonly rows = new Map<number, StoredPartition>();
  /** Partitions whose checkpoints are not taken. */
  stalled = new Set<number>();
  /** Checkpoints that were not taken for it. */
  refused = 0;

  row(partition: number): StoredPartition {
    const row = this.rows.get(partition);
    if (row === undefined) throw new Error(`nothing is stored of partition ${partition}`);
    return row;
  }

  place(partition: number, nextOffset: number): void {
    if (this.rows.has(partition)) return;
    this.rows.set(partition, {
      part: partition,
      epoch: 0,
      nextOffset,
      state: 'ok',
      reason: null,
      anchorOffset: null,
      anchorHash: null,
      outcomes: NOTHING,
      gaps: [],
      caughtUp: 0,
    });
  }

  ensurePartition({ partition }: PartitionKey, offset: number): Promise<{ nextOffset: number }> {
    this.place(partition, offset);
    return Promise.resolve({ nextOffset: this.row(partition).nextOffset });
  }

  startTopic(_: string, __: string, offsets: ReadonlyMap<number, number>): Promise<void> {
    for (const [partition, offset] of offsets) this.place(partition, offset);
    return Promise.resolve();
  }

  position({ partition }: PartitionKey): Promise<number | null> {
    return Promise.resolve(this.rows.get(partition)?.nextOffset ?? null);
  }

  claim({ partition }: PartitionKey): Promise<StoredPartition> {
    const row = this.row(partition);
    row.epoch += 1;
    return Promise.resolve({ ...row });
  }

  loadTiles = (): Promise<[]> => Promise.resolve([]);
  loadProgress = (): Promise<[]> => Promise.resolve([]);
  loadSeen = (): Promise<[]> => Promise.resolve([]);
  sealed = (): Promise<ReadonlyMap<number, number>> => Promise.resolve(new Map());

  commit(write: CheckpointWrite): ReturnType<IngestStore['commit']> {
    const row = this.row(write.part);
    if (this.stalled.has(write.part)) {
      this.refused += 1;
      return Promise.resolve({ outcome: 'retry', error: new Error('the database is away') });
    }
    if (row.epoch !== write.epoch || row.nextOffset !== write.previousOffset || row.state !== 'ok')
      return Promise.resolve({ outcome: 'fenced' });
    row.nextOffset = write.nextOffset;
    row.anchorOffset = write.anchorOffset ?? row.anchorOffset;
    row.anchorHash = write.anchorHash ?? row.anchorHash;
    const sum = { ...row.outcomes };
    for (const what of Object.keys(sum) as (keyof OffsetOutcomes)[])
      sum[what] += write.outcomes[what];
    row.outcomes = sum;
    return Promise.resolve({ outcome: 'committed' });
  }

  skipGap(part: number, _: number, gap: GapWrite): Promise<boolean> {
    const row = this.row(part);
    row.nextOffset = gap.to;
    row.gaps.push(gap);
    return Promise.resolve(true);
  }

  halt(part: number, _: number, reason: string): Promise<boolean> {
    Object.assign(this.row(part), { state: 'halted', reason });
    return Promise.resolve(true);
  }

  markCaughtUp(part: number): Promise<boolean> {
    this.row(part).caughtUp += 1;
    return Promise.resolve(true);
  }
}

/** The program's own pipeline and counting over a log and positions in memory; its clock can be turned forward. */
export function steeredPipeline(
  source: EventSource,
  options: { readonly budgetBytes?: number; readonly metrics?: Partial<IngestMetrics> } = {},
) {
  const store = new MemoryStore();
  const log = createLog('silent');
  const clock = { ahead: 0, now: () => 10_000, monotonic: () => performance.now() + clock.ahead };
  const catalog = {} as CatalogStore;
  const registry = createModelRegistry({ catalog, models: () => [], log });
  const budget = new QueueBudget(options.budgetBytes ?? 1 << 20);
  const pipeline = createPipeline(source, {
    counting: createPartitionCounter({
      store,
      catalog,
      registry,
      owner: 'test',
      futureToleranceMs: Infinity,
    }),
    // A record without events is counted as it is.
    decoderOf: () => ({ decode: () => null }),
    gate: { nextDue: () => null, settled: () => Promise.resolve(true) },
    limits: {
      checkpointIntervalMs: 20,
      checkpointRecords: 1_000,
      checkpointBytes: 1 << 20,
      queueRecords: 10_000,
      queueBytes: (options.budgetBytes ?? 1 << 20) / 2,
    },
    budget,
    clock,
    log,
    metrics: { ...noIngestMetrics, ...options.metrics },
  });
  return { pipeline, store, clock, budget };
}
