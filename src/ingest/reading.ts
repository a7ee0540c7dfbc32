import { setImmediate as nextTurn } from 'node:timers/promises';
import { valueBytes } from '../core/domain/ingestion.ts';
import type { PartitionKey, RecordBatch, SourceRecord } from '../core/domain/ingestion.ts';
import { createBackoff } from '../platform/backoff.ts';
import { sleep } from '../platform/clock.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { withSpan } from '../platform/tracing.ts';
import { anchorOf, findAnchor } from './anchor.ts';
import type { Anchor } from './anchor.ts';
import type { PartitionCounting } from './counting.ts';
import type { SourceControl } from './event-source.ts';
import type { IngestMetrics } from './ingest-metrics.ts';
import type { Intake, IntakeLimits, Taken } from './intake.ts';
import type { LogView } from './log-view.ts';
import type { RecordCounter } from './record-counter.ts';
import type { TickBarrier } from './tick-barrier.ts';

export interface WorkerLimits extends IntakeLimits {
  /** A checkpoint is due after this long, so many records, or so many bytes since the last. */
  readonly checkpointIntervalMs: number;
  readonly checkpointRecords: number;
  readonly checkpointBytes: number;
}

/** What a reading shares with the partition's worker. */
export interface ReadingParts {
  readonly key: PartitionKey;
  readonly counting: PartitionCounting;
  readonly control: SourceControl;
  readonly intake: Intake;
  readonly view: LogView;
  readonly records: RecordCounter;
  readonly barrier: TickBarrier;
  readonly limits: WorkerLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: IngestMetrics;
  /** The assignment has ended: nothing more is to be committed. */
  readonly abandoned: AbortSignal;
  /** The assignment or the process is ending: what is queued is still counted and committed. */
  readonly ending: AbortSignal;
  /** A checkpoint is durable up to this offset. */
  readonly committed: (position: number) => void;
  /** Waits for a batch, for so long at most. */
  readonly waitForWork: (ms: number) => Promise<void>;
}

/**
 * How a reading ended
 * - done: the worker is to end.
 * - again: the claim is lost or in doubt; the partition is to be claimed afresh.
 * - a reason: the log is another one; the partition is to be halted for it.
 */
export type ReadingEnd = 'done' | 'again' | { readonly halt: string };

const IDLE_POLL_MS = 5_000;
/** Records between two breaths of the event loop: heartbeats and other partitions have their turn. */
const SLICE_RECORDS = 500;
/** How often a checkpoint is tried again while the process is stopping. */
const STOPPING_ATTEMPTS = 3;
/** A checkpoint that fails so often in a row will take a while: what is queued behind it is let go. */
const DROPPING_ATTEMPT = 3;

/** Reads a partition under one claim: looks whether the log is still the one that was read, counts, checkpoints. */
export class Reading {
  private readonly parts: ReadingParts;
  private readonly counting: PartitionCounting;
  /** Everything before this offset is counted. */
  private next: number;
  /** The last record before `next` that can be found again; null: there was none yet. */
  private anchor: Anchor | null;
  /** The same while its batch is being counted. */
  private last: SourceRecord | null = null;
  /** To be found first in the next batch: until then nothing is counted. */
  private sought: Anchor | null;
  private bytes = 0;
  private since: number;
  private idleSince: number;

  constructor(parts: ReadingParts) {
    this.parts = parts;
    this.counting = parts.counting;
    this.next = parts.counting.position;
    this.anchor = parts.counting.anchor;
    this.sought = this.anchor;
    this.since = parts.clock.monotonic();
    this.idleSince = this.since;
  }

  async run(): Promise<ReadingEnd> {
    const { intake, abandoned, ending } = this.parts;
    intake.open(this.anchor?.offset ?? this.next);
    for (;;) {
      if (abandoned.aborted) return 'done';
      const taken = intake.take();
      if (taken === undefined) {
        if (ending.aborted) return (await this.flush()) ? 'done' : 'again';
        if (intake.stuck) {
          await this.flush();
          return 'again';
        }
        if (!(await this.rest())) return 'again';
        continue;
      }
      const end = await this.handle(taken);
      if (end !== null) return end;
    }
  }

  /** Apart from the loop, which would hold on to the batch while it waits for another. @returns null: read on */
  private async handle({ batch, afterSilence }: Taken): Promise<ReadingEnd | null> {
    if (afterSilence && this.seekAnchor()) return null;
    const reason = await this.otherLog(batch);
    // What was read before is of the log that was.
    if (reason !== null) return (await this.flush()) ? { halt: reason } : 'again';
    return this.countBatch(batch);
  }

  /**
   * Goes back to the last record that was read: while nothing came, the topic may have been deleted and made anew.
   * @returns false when there is nothing to go back to, or it is looked for already
   */
  private seekAnchor(): boolean {
    const { anchor } = this;
    if (anchor === null || this.sought !== null || this.parts.view.isGone(anchor.offset))
      return false;
    this.sought = anchor;
    this.parts.intake.open(anchor.offset);
    return true;
  }

  /** @returns why the log is not the one that was read; null: nothing speaks against it */
  private async otherLog(batch: RecordBatch): Promise<string | null> {
    const anchor = this.sought;
    this.sought = null;
    if (anchor === null) return null;
    const found = findAnchor(anchor, batch);
    if (found === 'same') return null;
    const { key, control, metrics, log } = this.parts;
    if (found === 'changed')
      return `the record at offset ${anchor.offset} is not the one that was read there: ${control.isFile === true ? 'the file was changed, or is another one of the same name' : 'the topic was made anew'}`;
    metrics.anchorMissing(key.source);
    if ((await control.compacts?.(key.topic)) === false)
      return `the record at offset ${anchor.offset}, which was read, is gone, and the topic is not compacted: it was made anew`;
    this.anchor = null;
    log.warn(
      { offset: anchor.offset },
      'the last record that was read is gone from the log (compaction does that): that it is the same log is not proven',
    );
    return null;
  }

  private async countBatch(batch: RecordBatch): Promise<'again' | 'done' | null> {
    const { records, barrier, ending, abandoned } = this.parts;
    let slice = 0;
    for (const record of batch.records) {
      // Up to the anchor all was counted under an earlier claim.
      if (record.offset < this.next) continue;
      const frames = records.count(this.counting, record, this.next);
      this.bytes += valueBytes(record) ?? 0;
      this.next = record.offset + 1;
      if (record.fault === undefined) this.last = record;
      const boundary = barrier.reached(this.counting, frames);
      // An idle partition would keep those of its last record.
      frames.clear();
      if (boundary !== null) {
        if (!(await this.flush())) return 'again';
        if (!(await barrier.wait(boundary, ending))) return 'done';
      }
      if (this.isDue() && !(await this.flush())) return 'again';
      slice += 1;
      if (slice % SLICE_RECORDS === 0) await nextTurn();
      if (abandoned.aborted) return 'done';
    }
    // Of the batch nothing is kept: one record would keep all of it in memory.
    this.passAnchor();
    batch.records.release?.();
    this.next = Math.max(this.next, batch.to);
    return null;
  }

  private passAnchor(): void {
    if (this.last !== null) this.anchor = anchorOf(this.last);
    this.last = null;
  }

  private isDue(): boolean {
    const { limits, clock } = this.parts;
    const { pendingRecords, full } = this.counting;
    return (
      pendingRecords >= limits.checkpointRecords ||
      this.bytes >= limits.checkpointBytes ||
      full ||
      (pendingRecords % 256 === 0 && clock.monotonic() - this.since >= limits.checkpointIntervalMs)
    );
  }

  /** Nothing is queued: commits when that is due, else waits for work. @returns false when the claim is gone */
  private async rest(): Promise<boolean> {
    const { clock, limits, waitForWork } = this.parts;
    if (this.next === this.counting.position) {
      if (!(await this.tellIdle())) return false;
      await waitForWork(IDLE_POLL_MS);
      this.since = clock.monotonic();
      return true;
    }
    const left = limits.checkpointIntervalMs - (clock.monotonic() - this.since);
    if (left <= 0) return this.flush();
    await waitForWork(left);
    return true;
  }

  /**
   * Makes what is counted durable; while the database cannot, it is tried again with the same content.
   * @returns false when the claim is gone and the partition must be claimed again
   */
  private async flush(): Promise<boolean> {
    const { counting, next } = this;
    if (next === counting.position) return true;
    this.passAnchor();
    const { key, clock, metrics, log, abandoned, ending, intake } = this.parts;
    const backoff = createBackoff({ baseMs: 100, capMs: 10_000, floorMs: 50 });
    for (let attempt = 0; ; attempt += 1) {
      const started = clock.monotonic();
      // What it took is observed within the span, so that the histogram leads to it.
      const { outcome, error } = await withSpan(
        'driftd.checkpoint',
        { 'driftd.topic': key.topic, 'driftd.partition': key.partition, 'driftd.offset': next },
        async () => {
          const made = await counting.checkpoint(next, this.anchor);
          metrics.checkpoint(key, made.outcome, (clock.monotonic() - started) / 1000);
          return made;
        },
        (made) => ({ 'driftd.outcome': made.outcome }),
      );
      if (outcome === 'committed') {
        if (error !== null)
          log.warn({ err: error }, 'names of unknown features are lost; events bring them again');
        break;
      }
      if (outcome !== 'retry' || attempt === 0)
        log.warn({ outcome, err: error ?? undefined }, 'a checkpoint was not made');
      if (outcome !== 'retry' || abandoned.aborted) return false;
      if (ending.aborted && attempt >= STOPPING_ATTEMPTS) return false;
      if (attempt === DROPPING_ATTEMPT) intake.drop();
      await sleep(backoff.delay(attempt), abandoned);
    }
    this.bytes = 0;
    this.since = clock.monotonic();
    this.parts.committed(next);
    return true;
  }

  /**
   * Tells about every 5 s that there is nothing more to read, so that an idle partition does not hold a window back.
   * @returns false when the claim is gone
   */
  private async tellIdle(): Promise<boolean> {
    const { clock, view } = this.parts;
    const now = clock.monotonic();
    if (!view.isAtEnd(this.counting.position) || now - this.idleSince < IDLE_POLL_MS) return true;
    this.idleSince = now;
    return this.counting.caughtUp();
  }
}
