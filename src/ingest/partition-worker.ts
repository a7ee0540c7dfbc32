import type { PartitionKey, RecordBatch } from '../core/domain/ingestion.ts';
import { createBackoff } from '../platform/backoff.ts';
import { sleep } from '../platform/clock.ts';
import type { Clock } from '../platform/clock.ts';
import { toError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { TickGate } from '../storage/tick-gate.ts';
import type { Counting, PartitionCounting } from './counting.ts';
import type { Decoder } from './decoder.ts';
import { partitionName } from './event-source.ts';
import type { SourceControl } from './event-source.ts';
import type { IngestMetrics } from './ingest-metrics.ts';
import { Intake } from './intake.ts';
import type { QueueBudget } from './intake.ts';
import { LogView } from './log-view.ts';
import { Reading } from './reading.ts';
import type { WorkerLimits } from './reading.ts';
import { RecordCounter } from './record-counter.ts';
import type { DeadLetters } from './record-counter.ts';
import { TickBarrier } from './tick-barrier.ts';

export type { WorkerLimits };

export interface WorkerDeps {
  readonly counting: Counting;
  /** A decoder for one partition of this topic. */
  readonly decoderOf: (topic: string) => Decoder;
  readonly gate: TickGate;
  readonly limits: WorkerLimits;
  /** Shared by all partitions of the process. */
  readonly budget: QueueBudget;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: IngestMetrics;
  /** Left out: nobody asks for bad records. */
  readonly deadLetters?: DeadLetters;
}

/** A halted partition is looked at again after this long: somebody may have set it going. */
const HALTED_POLL_MS = 10_000;
/** When nothing came of a partition for so long, its log is looked at again: it may be another one by now. */
const SILENCE_MS = 2_000;

/**
 * Reads one partition of one assignment: claims it, proves custody of every batch, counts, and checkpoints. Lives until
 * the assignment ends; whatever goes wrong is retried here and never reaches the source.
 */
export class PartitionWorker {
  readonly key: PartitionKey;
  private readonly deps: WorkerDeps;
  private readonly control: SourceControl;
  private readonly remote: boolean;
  private readonly log: Log;
  private readonly intake: Intake;
  private readonly view: LogView;
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
  /** The stored position, once it is known. */
  private storedPosition: number | null = null;
  /** When a batch last came, on the monotonic clock. */
  private batchAt = -Infinity;
  private wake: (() => void) | null = null;
  private readonly done: Promise<void>;

  /** @param remote the source's `remote` */
  constructor(key: PartitionKey, control: SourceControl, deps: WorkerDeps, remote: boolean) {
    this.remote = remote;
    this.key = key;
    this.deps = deps;
    this.control = control;
    this.log = deps.log.child({ partition: partitionName(key) });
    this.intake = new Intake(key, control, deps.limits, deps.budget);
    this.view = new LogView(deps.clock, remote);
    const { deadLetters } = deps;
    this.records = new RecordCounter({
      counting: deps.counting,
      clock: deps.clock,
      decoder: deps.decoderOf(key.topic),
      failed: (error, offset) => {
        this.log.error(
          { err: error, offset },
          'driftd failed to read a record or the names in it: a defect, please report it',
        );
      },
      ...(deadLetters === undefined
        ? {}
        : {
            hand: (rejected, unkept) => {
              const letters = rejected.map((one) => ({ ...one, partition: key }));
              deadLetters.offer(letters, unkept);
            },
          }),
    });
    this.barrier = new TickBarrier(deps.gate, this.log);
    this.done = this.run();
  }

  /** Takes a batch in; false: the source is to pause the partition. Never throws. */
  offer(batch: RecordBatch): boolean {
    const now = this.deps.clock.monotonic();
    const { position } = this.intake;
    if (batch.logEnd !== null) this.view.passed(batch.logEnd);
    const taken = this.intake.offer(batch, this.remote && now - this.batchAt > SILENCE_MS);
    if (this.intake.position !== position) this.batchAt = now;
    this.wake?.();
    return taken;
  }

  /** The log was looked at: it holds offsets from `start` (left out: not known) up to `end`. */
  logEnd(end: number, start?: number): void {
    if (this.view.told(end, start, this.intake.position)) {
      this.log.warn({ start, end }, 'the log no longer holds what is to be read next');
      this.intake.giveUp();
      this.wake?.();
    }
    this.tellLag();
  }

  /** Told now and then, too: the lag must grow while nothing can be committed, and go when it is not known any more. */
  tellLag(): void {
    if (this.storedPosition !== null && !this.abort.signal.aborted)
      this.deps.metrics.lag(this.key, this.view.lag(this.storedPosition));
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
      let ended = false;
      try {
        ended = await this.runClaim();
      } catch (thrown) {
        this.log.warn(
          { err: toError(thrown) },
          'reading the partition failed; claiming it again soon',
        );
      }
      this.intake.close();
      this.view.forget();
      this.records.forget();
      if (ended || this.draining) return;
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
      isFile: control.isFile === true,
      lost: (from, to) => {
        this.log.warn({ from, to }, 'records were deleted before they were read: they are a gap');
      },
    });
    try {
      if (this.draining) return true;
      if (counting.halted !== null) return await this.rememberHalt(counting.halted);
      this.deps.metrics.halted(key, false);
      this.haltedFor = null;
      for (const boundary of this.barrier.reachedBefore(counting)) {
        if (!(await this.barrier.wait(boundary, this.ending.signal))) return true;
      }
      this.log.info({ offset: counting.position }, 'partition claimed');
      this.storedPosition = counting.position;
      const end = await this.reading(counting).run();
      if (typeof end === 'string') return end === 'done';
      return (await counting.halt(end.halt)) ? await this.rememberHalt(end.halt) : false;
    } finally {
      // What is not committed is counted again by whoever claims next.
      const uncommitted = counting.pendingRecords;
      this.log.info({ offset: counting.position, uncommitted }, 'partition released');
      counting.release();
    }
  }

  private reading(counting: PartitionCounting): Reading {
    const { limits, clock, metrics } = this.deps;
    return new Reading({
      key: this.key,
      counting,
      control: this.control,
      intake: this.intake,
      view: this.view,
      records: this.records,
      barrier: this.barrier,
      limits,
      clock,
      log: this.log,
      metrics,
      abandoned: this.abort.signal,
      ending: this.ending.signal,
      committed: (position) => {
        this.failures = 0;
        this.records.tell(metrics, this.key.source);
        this.control.committed(this.key, position);
        this.storedPosition = position;
        this.tellLag();
      },
      waitForWork: (ms) => this.waitForWork(ms),
    });
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
        'the partition is halted and not read; driftd source reset sets it going again (docs/events.md)',
      );
    }
    await sleep(HALTED_POLL_MS, this.ending.signal);
    return this.ending.signal.aborted;
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
