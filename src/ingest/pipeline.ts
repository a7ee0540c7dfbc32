import type { PartitionKey, RecordBatch } from '../core/domain/ingestion.ts';
import { toError } from '../platform/errors.ts';
import { partitionName } from './event-source.ts';
import type { EventSource, RecordConsumer, SourceControl } from './event-source.ts';
import { PartitionWorker } from './partition-worker.ts';
import type { WorkerDeps } from './partition-worker.ts';

/** Reads one source: a worker a partition. */
export interface Pipeline {
  /** Of its source. */
  readonly name: string;
  start(): Promise<void>;
  /** Stops reading, commits what is queued, ends. */
  stop(): Promise<void>;
  /** How many partitions are assigned; null: the source is in no group, or not yet. */
  readonly assigned: number | null;
  /** For how long the source has not answered: ms. */
  readonly silentMs: number;
}

/** How often a lag is looked at that nobody has told anew. */
const LAG_TELL_MS = 5_000;

export function createPipeline(source: EventSource, deps: WorkerDeps): Pipeline {
  const workers = new Map<string, PartitionWorker>();
  let assigned: number | null = null;
  let stopping = false;
  const { remote = false } = source;
  let lagTimer: NodeJS.Timeout | undefined;

  function abandonAll(): void {
    for (const worker of workers.values()) {
      deps.metrics.released(worker.key);
      worker.abandon().catch((thrown: unknown) => {
        deps.log.warn({ err: toError(thrown) }, 'an abandoned partition worker failed');
      });
    }
    workers.clear();
  }

  function replace(partitions: readonly PartitionKey[], control: SourceControl): void {
    abandonAll();
    assigned = partitions.length;
    if (stopping) return;
    // The queues share the limits evenly: a partition that cannot be committed does not starve the others.
    const share = Math.max(1, partitions.length);
    const limits = {
      ...deps.limits,
      queueRecords: deps.limits.queueRecords / share,
      queueBytes: deps.limits.queueBytes / share,
    };
    for (const key of partitions)
      workers.set(
        partitionName(key),
        new PartitionWorker(key, control, { ...deps, limits }, remote),
      );
  }

  const consumer: RecordConsumer = {
    assigned: replace,
    unassigned() {
      abandonAll();
      assigned = null;
    },
    batch: (batch: RecordBatch) =>
      workers.get(partitionName(batch.partition))?.offer(batch) ?? false,
    logEnd: (key, end, start) => {
      workers.get(partitionName(key))?.logEnd(end, start);
    },
  };

  return {
    name: source.name,
    start() {
      lagTimer = setInterval(() => {
        for (const worker of workers.values()) worker.tellLag();
      }, LAG_TELL_MS);
      return source.start(consumer);
    },
    async stop() {
      stopping = true;
      clearInterval(lagTimer);
      await Promise.all([...workers.values()].map((worker) => worker.drain()));
      await source.stop();
    },
    get assigned() {
      return assigned;
    },
    get silentMs() {
      return source.silentMs ?? 0;
    },
  };
}
