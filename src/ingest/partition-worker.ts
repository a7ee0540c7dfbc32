import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PartitionKey, RecordBatch, SourceRecord } from '../core/domain/ingestion.ts';
import { createBackoff } from '../platform/backoff.ts';
import { sleep } from '../platform/clock.ts';
import type { Clock } from '../platform/clock.ts';
import { toError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { TickGate } from '../storage/tick-gate.ts';
import { anchorOf, findAnchor } from './anchor.ts';
import type { Anchor } from './anchor.ts';
import type { Counting, PartitionCounting } from './counting.ts';
import type { Decoder } from './decoder.ts';
import { partitionName } from './event-source.ts';
import type { SourceControl } from './event-source.ts';
import type { IngestMetrics } from './ingest-metrics.ts';
import { Intake } from './intake.ts';
import type { IntakeLimits } from './intake.ts';
import { RecordCounter } from './record-counter.ts';
import { TickBarrier } from './tick-barrier.ts';

export interface WorkerLimits extends IntakeLimits {
  /** A checkpoint is due after this long, so many records, or so many bytes since the last. */
  readonly checkpointIntervalMs: number;
  readonly checkpointRecords: number;
  readonly checkpointBytes: number;
}

export interface WorkerDeps {
  readonly counting: Counting;
  /** A decoder for one partition of this topic. */
  readonly decoderOf: (topic: string) => Decoder;
  readonly gate: TickGate;
  readonly limits: WorkerLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: IngestMetrics;
}

const IDLE_POLL_MS = 5_000;
/** Records between two breaths of the event loop: heartbeats and other partitions have their turn. */
const SLICE_RECORDS = 500;
/** A halted partition is looked at again after this long: somebody may have set it going. */
const HALTED_POLL_MS = 10_000;
/** How often a checkpoint is tried again while the process is stopping. */
const STOPPING_ATTEMPTS = 3;

/** What is counted but not committed under the current claim. */
interface Open {
  readonly counting: PartitionCounting;
  /** Everything before this offset is counted. */
  next: number;
  since: number;
  bytes: number;
  idleSince: number;
  /** Not found in the log yet: until then nothing is counted. */
  sought: Anchor | null;
  /** The last record before `next`, unless it could not be read. */
  last: SourceRecord | null;
}

/**
 * Reads one partition of one assignment: claims it, proves custody of every batch, counts, and checkpoints. Lives until
 * the assignment ends; whatever goes wrong is retried here and never reaches the source.
 */
export class PartitionWorker {
  readonly key: PartitionKey;
  private readonly deps: WorkerDeps;
  private readonly control: SourceControl;
  private readonly log: Log;
  private readonly intake: Intake;
  private readonly records: RecordCounter;
  private readonly barrier: TickBarrier;
  /** The assignment has ended. */
  private readonly abort = new AbortController();
  /** The assignment or the process is ending. */
  private readonly ending = new AbortController();
  private draining = false;
  private failures = 0;
  /** Told already. */
  private haltedFor: string | null = null;
  private logEndOffset: number | null = null;
  /** The stored position, once it is known. */
  private storedPosition: number | null = null;
  private wake: (() => void) | null = null;
  private readonly done: Promise<void>;

  constructor(key: PartitionKey, control: SourceControl, deps: WorkerDeps) {
    this.key = key;
    this.deps = deps;
    this.control = control;
    this.log = deps.log.child({ partition: partitionName(key) });
    this.intake = new Intake(key, control, deps.limits);
    this.records = new RecordCounter({
      counting: deps.counting,
      clock: deps.clock,
      decoder: deps.decoderOf(key.topic),
    });
    this.barrier = new TickBarrier(deps.gate, this.log);
    this.done = this.run();
  }

  /** Takes a batch in; false: the source is to pause the partition. Never throws. */
  offer(batch: RecordBatch): boolean {
    if (batch.logEnd !== null) this.logEndOffset = batch.logEnd;
    const taken = this.intake.offer(batch);
    this.wake?.();
    return taken;
  }

  logEnd(end: number): void {
    this.logEndOffset = end;
    this.tellLag();
  }

  /** Told with every look at the end of the log, too: the lag must grow while nothing can be committed. */
  private tellLag(): void {
    if (this.logEndOffset === null || this.storedPosition === null) return;
    this.deps.metrics.lag(this.key, Math.max(0, this.logEndOffset - this.storedPosition));
  }

  /** The assignment has ended: everything uncommitted is forgotten, the next owner starts at the stored offset. */
  abandon(): Promise<void> {
    this.abort.abort();
    return this.drain();
  }

  /** Takes nothing more, counts what is queued, commits it, ends. */
  drain(): Promise<void> {
    this.draining = true;
    this.intake.shut();
    this.ending.abort();
    this.wake?.();
    return this.done;
  }

  private async run(): Promise<void> {
    const backoff = createBackoff({ baseMs: 200, capMs: 10_000, floorMs: 100 });
    while (!this.abort.signal.aborted) {
      try {
        if (await this.runClaim()) return;
      } catch (thrown) {
        this.log.warn(
          { err: toError(thrown) },
          'reading the partition failed; claiming it again soon',
        );
      }
      this.intake.close();
      this.records.forget();
      if (this.draining) return;
      // Also after a fence: two owners who do not know of each other yet must not take turns without an end.
      this.failures += 1;
      await sleep(backoff.delay(this.failures), this.ending.signal);
    }
  }

  /** Reads under one claim. @returns true when the worker is to end, false when it must claim again */
  private async runClaim(): Promise<boolean> {
    const { control, key } = this;
    const counting = await this.deps.counting.claim(key, {
      startOffsets: () => control.startOffsets(key.topic),
      range: () => control.logRange(key),
    });
    try {
      if (this.draining) return true;
      if (counting.halted !== null) return await this.rememberHalt(counting.halted);
      this.deps.metrics.halted(key, false);
      this.haltedFor = null;
      for (const boundary of this.barrier.reachedBefore(counting)) {
        if (!(await this.barrier.wait(boundary, this.ending.signal))) return true;
      }
      this.intake.open(counting.anchor?.offset ?? counting.position);
      this.log.info({ offset: counting.position }, 'partition claimed');
      return await this.read(counting);
    } finally {
      // What is not committed is counted again by whoever claims next.
      const uncommitted = counting.pendingRecords;
      this.log.info({ offset: counting.position, uncommitted }, 'partition released');
      counting.release();
    }
  }

  /** @returns whether the worker is to end; not before it has waited for somebody to set the partition going */
  private async rememberHalt(reason: string): Promise<boolean> {
    this.intake.close();
    this.control.pause(this.key);
    this.deps.metrics.halted(this.key, true);
    if (this.haltedFor !== reason) {
      this.haltedFor = reason;
      this.log.error(
        { reason },
        'the partition is halted and not read; docs/events.md says what to do',
      );
    }
    await sleep(HALTED_POLL_MS, this.ending.signal);
    return this.ending.signal.aborted;
  }

  private async read(counting: PartitionCounting): Promise<boolean> {
    const now = this.deps.clock.monotonic();
    this.storedPosition = counting.position;
    const open: Open = {
      counting,
      next: counting.position,
      since: now,
      bytes: 0,
      idleSince: now,
      sought: counting.anchor,
      last: null,
    };
    for (;;) {
      if (this.abort.signal.aborted) return true;
      const batch = this.intake.take();
      if (batch === undefined) {
        if (this.draining) return this.flush(open);
        if (this.intake.stuck) return false;
        if (!(await this.rest(open))) return false;
        continue;
      }
      const anchor = open.sought;
      open.sought = null;
      if (anchor !== null && this.isOtherLog(batch, anchor)) {
        const reason = `the record at offset ${anchor.offset} is not the one that was read there: the topic was made anew`;
        return (await counting.halt(reason)) ? this.rememberHalt(reason) : false;
      }
      const outcome = await this.countBatch(open, batch);
      if (outcome !== 'goon') return outcome === 'end';
    }
  }

  private isOtherLog(batch: RecordBatch, anchor: Anchor): boolean {
    const found = findAnchor(anchor, batch);
    if (found === 'missing') {
      this.log.warn(
        { offset: anchor.offset },
        'the last record that was read is gone from the log (compaction does that): that it is the same log is not proven',
      );
    }
    return found === 'changed';
  }

  /** @returns lost: the claim is gone; end: the worker must not count further */
  private async countBatch(open: Open, batch: RecordBatch): Promise<'goon' | 'lost' | 'end'> {
    const { counting } = open;
    let slice = 0;
    for (const record of batch.records) {
      // Up to the anchor all was counted under an earlier claim.
      if (record.offset < open.next) continue;
      const frames = this.records.count(counting, record);
      open.bytes += record.value?.length ?? 0;
      open.next = record.offset + 1;
      if (record.fault === undefined) open.last = record;
      const boundary = this.barrier.reached(counting, frames);
      if (boundary !== null) {
        if (!(await this.flush(open))) return 'lost';
        if (!(await this.barrier.wait(boundary, this.ending.signal))) return 'end';
      }
      if (this.isDue(open) && !(await this.flush(open))) return 'lost';
      slice += 1;
      if (slice % SLICE_RECORDS === 0) await nextTurn();
      if (this.abort.signal.aborted) return 'end';
    }
    open.next = Math.max(open.next, batch.to);
    return 'goon';
  }

  private isDue({ counting, bytes, since }: Open): boolean {
    const { limits, clock } = this.deps;
    return (
      counting.pendingRecords >= limits.checkpointRecords ||
      bytes >= limits.checkpointBytes ||
      counting.full ||
      (counting.pendingRecords % 256 === 0 &&
        clock.monotonic() - since >= limits.checkpointIntervalMs)
    );
  }

  /** Nothing is queued: commits when that is due, else waits for work. @returns false when the claim is gone */
  private async rest(open: Open): Promise<boolean> {
    const { clock, limits } = this.deps;
    if (open.next === open.counting.position) {
      if (!(await this.tellIdle(open))) return false;
      await this.waitForWork(IDLE_POLL_MS);
      open.since = clock.monotonic();
      return true;
    }
    const left = limits.checkpointIntervalMs - (clock.monotonic() - open.since);
    if (left <= 0) return this.flush(open);
    await this.waitForWork(left);
    return true;
  }

  /**
   * Makes what is counted durable; while the database cannot, it is tried again with the same content.
   * @returns false when the claim is gone and the partition must be claimed again
   */
  private async flush(open: Open): Promise<boolean> {
    const { counting, next } = open;
    if (next === counting.position) return true;
    const { clock, metrics } = this.deps;
    const anchor = open.last === null ? null : anchorOf(open.last);
    const backoff = createBackoff({ baseMs: 100, capMs: 10_000, floorMs: 50 });
    for (let attempt = 0; ; attempt += 1) {
      const started = clock.monotonic();
      const { outcome, error } = await counting.checkpoint(next, anchor);
      metrics.checkpoint(this.key.source, outcome, (clock.monotonic() - started) / 1000);
      if (outcome === 'committed') break;
      if (outcome !== 'retry' || attempt === 0) {
        this.log.warn({ outcome, err: error ?? undefined }, 'a checkpoint was not made');
      }
      if (outcome !== 'retry' || this.abort.signal.aborted) return false;
      if (this.draining && attempt >= STOPPING_ATTEMPTS) return false;
      await sleep(backoff.delay(attempt), this.abort.signal);
    }
    this.committed(open);
    return true;
  }

  private committed(open: Open): void {
    const { clock, metrics } = this.deps;
    this.failures = 0;
    open.bytes = 0;
    open.last = null;
    open.since = clock.monotonic();
    this.records.tell(metrics, this.key.source);
    this.control.committed(this.key, open.next);
    this.storedPosition = open.next;
    this.tellLag();
  }

  /**
   * Tells about every 5 s that there is nothing more to read, so that an idle partition does not hold a window back.
   * @returns false when the claim is gone
   */
  private async tellIdle(open: Open): Promise<boolean> {
    const now = this.deps.clock.monotonic();
    const atEnd = this.logEndOffset !== null && open.counting.position >= this.logEndOffset;
    if (!atEnd || now - open.idleSince < IDLE_POLL_MS) return true;
    open.idleSince = now;
    this.deps.metrics.lag(this.key, 0);
    return open.counting.caughtUp();
  }

  private async waitForWork(ms: number): Promise<void> {
    const pause = new AbortController();
    this.wake = () => {
      pause.abort();
    };
    if (this.intake.empty && !this.intake.stuck && !this.ending.signal.aborted) {
      await sleep(Math.max(1, ms), pause.signal);
    }
    this.wake = null;
  }
}
