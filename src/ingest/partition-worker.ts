import type { EventFrame } from '../core/domain/event-frame.ts';
import type { PartitionKey, RecordBatch, SourceRecord } from '../core/domain/ingestion.ts';
import type { TickGate } from '../storage/tick-gate.ts';
import { createBackoff } from '../platform/backoff.ts';
import { sleep } from '../platform/clock.ts';
import type { Clock } from '../platform/clock.ts';
import { toError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { Counting, PartitionCounting } from './counting.ts';
import type { Decoder } from './decoder.ts';
import { partitionName } from './event-source.ts';
import type { SourceControl } from './event-source.ts';
import type { IngestMetrics } from './ingest-metrics.ts';

export interface WorkerLimits {
  /** A checkpoint is due after this long, so many records, or so many bytes since the last. */
  readonly checkpointIntervalMs: number;
  readonly checkpointRecords: number;
  readonly checkpointBytes: number;
  /** Queued beyond this, the partition is paused; below half of it, resumed. */
  readonly queueRecords: number;
  readonly queueBytes: number;
}

export interface WorkerDeps {
  readonly counting: Counting;
  readonly decoder: Decoder;
  readonly gate: TickGate;
  readonly limits: WorkerLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: IngestMetrics;
}

const GATE_POLL_MS = 25;
const IDLE_POLL_MS = 5_000;

/**
 * Reads one partition of one assignment: claims it, proves custody of every batch, counts, and checkpoints. Lives until
 * the assignment ends; whatever goes wrong is retried here and never reaches the source.
 */
export class PartitionWorker {
  readonly key: PartitionKey;
  private readonly deps: WorkerDeps;
  private readonly control: SourceControl;
  private readonly log: Log;
  private readonly abort = new AbortController();
  private readonly queue: RecordBatch[] = [];
  private queuedRecords = 0;
  private queuedBytes = 0;
  private paused = false;
  /** Offset that the next accepted batch must start at; null while there is no claim. */
  private expected: number | null = null;
  private logEndOffset: number | null = null;
  private wake: (() => void) | null = null;
  private draining = false;
  private readonly done: Promise<void>;

  constructor(key: PartitionKey, control: SourceControl, deps: WorkerDeps) {
    this.key = key;
    this.deps = deps;
    this.control = control;
    this.log = deps.log.child({ partition: partitionName(key) });
    this.done = this.run();
  }

  /** Takes a batch in; false: the source is to pause the partition. Never throws. */
  offer(batch: RecordBatch): boolean {
    if (this.draining || this.abort.signal.aborted) return false;
    if (batch.logEnd !== null) this.logEndOffset = batch.logEnd;
    // Custody: intervals must tile the log. Before the claim nothing is known; a wrong start is sent back.
    if (this.expected === null) {
      this.paused = true;
      return false;
    }
    if (batch.from !== this.expected) {
      this.control.seek(this.key, this.expected);
      return true;
    }
    this.expected = batch.to;
    this.queue.push(batch);
    this.queuedRecords += batch.records.length;
    this.queuedBytes += bytesOf(batch);
    this.signal();
    const { queueRecords, queueBytes } = this.deps.limits;
    if (this.queuedRecords < queueRecords && this.queuedBytes < queueBytes) return true;
    this.paused = true;
    return false;
  }

  logEnd(end: number): void {
    this.logEndOffset = end;
  }

  /** The assignment has ended: everything uncommitted is forgotten, the next owner starts at the stored offset. */
  abandon(): Promise<void> {
    this.abort.abort();
    this.signal();
    return this.done;
  }

  /** Takes nothing more, counts what is queued, commits it, ends. */
  drain(): Promise<void> {
    this.draining = true;
    this.signal();
    return this.done;
  }

  private signal(): void {
    this.wake?.();
  }

  private async run(): Promise<void> {
    const backoff = createBackoff({ baseMs: 200, capMs: 10_000, floorMs: 100 });
    let failures = 0;
    while (!this.abort.signal.aborted) {
      try {
        const counting = await this.deps.counting.claim(this.key, () =>
          this.control.startOffset(this.key),
        );
        failures = 0;
        if (this.abort.signal.aborted) return;
        if (counting.halted !== null) {
          this.log.error(
            { reason: counting.halted },
            'the partition is halted; see driftd source status',
          );
          this.deps.metrics.halted(this.key, true);
          return;
        }
        this.deps.metrics.halted(this.key, false);
        this.restart(counting.position);
        if (await this.read(counting)) return;
      } catch (thrown) {
        const error = toError(thrown);
        failures += 1;
        this.log.warn({ err: error }, 'reading the partition failed; claiming it again');
        if (this.draining) return;
        await sleep(backoff.delay(failures), this.abort.signal);
      }
    }
  }

  /** Forgets what was queued and reads from the stored position. */
  private restart(position: number): void {
    this.clearQueue();
    this.expected = position;
    this.control.seek(this.key, position);
    this.resumeSource();
    this.log.info({ offset: position }, 'partition claimed');
  }

  private clearQueue(): void {
    this.queue.length = 0;
    this.queuedRecords = 0;
    this.queuedBytes = 0;
  }

  private resumeSource(): void {
    this.paused = false;
    this.control.resume(this.key);
  }

  /** Counts batches under one claim. @returns true when the worker is to end, false when it must claim again */
  private async read(counting: PartitionCounting): Promise<boolean> {
    const { clock, limits } = this.deps;
    let next = counting.position;
    let since = clock.monotonic();
    let bytes = 0;
    let idleSince = clock.monotonic();
    const flush = async (): Promise<boolean> => {
      if (next === counting.position) return true;
      const ok = await this.checkpoint(counting, next);
      bytes = 0;
      since = clock.monotonic();
      return ok;
    };
    for (;;) {
      if (this.abort.signal.aborted) return true;
      const batch = this.queue.shift();
      if (batch === undefined) {
        if (this.draining) return flush();
        const open = next !== counting.position;
        const left = limits.checkpointIntervalMs - (clock.monotonic() - since);
        if (open && left <= 0) {
          if (!(await flush())) return this.abort.signal.aborted;
          continue;
        }
        if (!open) idleSince = await this.tellIdle(counting, idleSince);
        await this.waitForWork(open ? left : IDLE_POLL_MS);
        if (!open) since = clock.monotonic();
        continue;
      }
      this.queuedRecords -= batch.records.length;
      this.queuedBytes -= bytesOf(batch);
      this.resumeWhenRoom();
      for (const record of batch.records) {
        bytes += record.value?.length ?? 0;
        const boundary = this.countRecord(counting, record);
        next = record.offset + 1;
        if (boundary !== null) {
          if (!(await flush())) return this.abort.signal.aborted;
          await this.waitForTick(boundary);
          if (this.abort.signal.aborted) return true;
        }
        const due =
          counting.pendingRecords >= limits.checkpointRecords ||
          bytes >= limits.checkpointBytes ||
          (counting.pendingRecords % 256 === 0 &&
            clock.monotonic() - since >= limits.checkpointIntervalMs);
        if (due && !(await flush())) return this.abort.signal.aborted;
      }
      next = batch.to;
    }
  }

  /** Counts one record. @returns the tick to wait for when it takes an event-clock model past one, with its model */
  private countRecord(counting: PartitionCounting, record: SourceRecord): Boundary | null {
    const { source } = this.key;
    const { decoder, metrics } = this.deps;
    if (record.value === null) {
      counting.recordSkipped();
      return null;
    }
    const frames: Counted = { any: false, models: [] };
    const rejection = decoder.decode(record, this.deps.counting, (frame) => {
      const fault = counting.judge(frame, record.timestamp);
      if (fault !== null) frames.fault = fault;
      else if (frames.fault === undefined) this.countFrame(counting, frame, frames);
    });
    const fault = rejection ?? frames.fault ?? null;
    if (fault !== null) {
      counting.recordRejected(record.offset, fault, record.value);
      metrics.events(source, 'quarantined', 1);
      metrics.quarantined(source, fault.reason);
      return null;
    }
    if (frames.any) counting.recordCounted();
    else counting.recordTooLate();
    metrics.events(source, frames.any ? 'counted' : 'too_late', 1);
    return this.passedTick(counting, frames.models);
  }

  private countFrame(counting: PartitionCounting, frame: EventFrame, frames: Counted): void {
    if (counting.count(frame)) frames.any = true;
    frames.models.push(frame.schema?.modelId ?? -1);
  }

  private readonly nextTick = new Map<number, number | null>();

  private passedTick(counting: PartitionCounting, models: readonly number[]): Boundary | null {
    for (const modelId of models) {
      const watermark = counting.watermark(modelId);
      if (watermark === null) continue;
      let due = this.nextTick.get(modelId);
      if (due === undefined) {
        // What was passed before this claim has been waited for by whoever passed it, or is due now.
        due = this.deps.gate.nextDue(modelId, watermark - 1);
        this.nextTick.set(modelId, due);
      }
      if (due !== null && watermark >= due) return { modelId, watermark };
    }
    return null;
  }

  private async waitForTick({ modelId, watermark }: Boundary): Promise<void> {
    while (!this.abort.signal.aborted && !this.draining) {
      try {
        if (await this.deps.gate.settled(modelId, watermark)) break;
      } catch (thrown) {
        this.log.warn({ err: toError(thrown) }, 'asking whether a tick is evaluated failed');
      }
      await sleep(GATE_POLL_MS, this.abort.signal);
    }
    this.nextTick.set(modelId, this.deps.gate.nextDue(modelId, watermark));
  }

  /** @returns false when the claim is gone and the partition must be claimed again */
  private async checkpoint(counting: PartitionCounting, next: number): Promise<boolean> {
    const { clock, metrics } = this.deps;
    const backoff = createBackoff({ baseMs: 100, capMs: 10_000, floorMs: 50 });
    for (let attempt = 0; ; attempt += 1) {
      const started = clock.monotonic();
      const { outcome, error } = await counting.checkpoint(next);
      metrics.checkpoint(this.key.source, outcome, (clock.monotonic() - started) / 1000);
      if (outcome === 'committed') {
        this.control.committed(this.key, next);
        if (this.logEndOffset !== null) {
          metrics.lag(this.key, Math.max(0, this.logEndOffset - next));
        }
        return true;
      }
      if (outcome !== 'retry') {
        this.log.warn(
          { outcome, err: error ?? undefined },
          'checkpoint not confirmed; claiming again',
        );
        return false;
      }
      if (attempt === 0)
        this.log.warn({ err: error ?? undefined }, 'checkpoint failed; trying again');
      if (this.abort.signal.aborted || (this.draining && attempt > 3)) return false;
      await sleep(backoff.delay(attempt), this.abort.signal);
    }
  }

  /** Tells about every 5 s that there is nothing more to read, so that an idle partition does not hold a window back. */
  private async tellIdle(counting: PartitionCounting, since: number): Promise<number> {
    const now = this.deps.clock.monotonic();
    const atEnd = this.logEndOffset !== null && counting.position >= this.logEndOffset;
    if (!atEnd || now - since < IDLE_POLL_MS) return since;
    await counting.caughtUp();
    this.deps.metrics.lag(this.key, 0);
    return now;
  }

  private resumeWhenRoom(): void {
    const { queueRecords, queueBytes } = this.deps.limits;
    if (this.paused && this.queuedRecords < queueRecords / 2 && this.queuedBytes < queueBytes / 2) {
      this.resumeSource();
    }
  }

  private async waitForWork(ms: number): Promise<void> {
    const pause = new AbortController();
    this.wake = () => {
      pause.abort();
    };
    if (this.queue.length === 0 && !this.draining && !this.abort.signal.aborted) {
      await sleep(Math.max(1, ms), pause.signal);
    }
    this.wake = null;
  }
}

interface Boundary {
  readonly modelId: number;
  readonly watermark: number;
}

interface Counted {
  any: boolean;
  readonly models: number[];
  fault?: import('../core/domain/ingestion.ts').Rejection;
}

function bytesOf(batch: RecordBatch): number {
  let bytes = 0;
  for (const { value } of batch.records) bytes += value?.length ?? 0;
  return bytes;
}
