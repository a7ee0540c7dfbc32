import type { PartitionKey, RecordBatch } from '../core/domain/ingestion.ts';
import type { SourceControl } from './event-source.ts';

/** Queued beyond this, the partition is paused; below half of it, resumed. */
export interface IntakeLimits {
  readonly queueRecords: number;
  readonly queueBytes: number;
}

/** A batch, and whether it came after a long silence of its partition. */
export interface Taken {
  readonly batch: RecordBatch;
  readonly afterSilence: boolean;
}

/** So many refused batches in a row, and the source cannot deliver what is asked for: the claim is made afresh. */
const REFUSALS = 8;

/** How long the first of those who wait may keep the others back without anything coming of it. */
const PATIENCE_MS = 30_000;

/** Somebody who was refused. */
interface Waiter {
  readonly bytes: number;
  /** The room is kept for it: it fetches again. */
  told: boolean;
}

/**
 * What the batches of all partitions of a process may take, from their arrival until they are counted. One that does not
 * fit is refused and fetched again when there is room. Whoever was refused first comes first: nobody gets room that one
 * before it waits for, so that small batches do not keep a large one out for ever. What is larger than all of the room has
 * it for itself.
 */
export class QueueBudget {
  private readonly limitBytes: number;
  private held = 0;
  /** Whoever was refused first is first. */
  private readonly waiting = new Map<Intake, Waiter>();
  private timer: NodeJS.Timeout | undefined;
  /** The first, and whether it was told, as of the last look at it. */
  private seen: { readonly first: Waiter | null; readonly told: boolean } | null = null;
  /** Room was given back since then. */
  private moved = false;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get heldBytes(): number {
    return this.held;
  }

  /** @returns false: no room, the intake is told later */
  take(intake: Intake, bytes: number): boolean {
    if (!this.fits(this.held + this.wantedBefore(intake), bytes)) {
      // Who waits already keeps its place.
      this.waiting.set(intake, { bytes, told: false });
      this.watch();
      return false;
    }
    this.waiting.delete(intake);
    this.held += bytes;
    // It may be less than was kept for it.
    this.tell();
    return true;
  }

  give(bytes: number): void {
    if (bytes === 0) return;
    this.held -= bytes;
    this.moved = true;
    this.tell();
  }

  forget(intake: Intake): void {
    if (this.waiting.delete(intake)) this.tell();
  }

  private fits(taken: number, bytes: number): boolean {
    return taken === 0 || taken + bytes <= this.limitBytes;
  }

  private wantedBefore(intake: Intake): number {
    let bytes = 0;
    for (const [other, waiter] of this.waiting) {
      if (other === intake) break;
      bytes += waiter.bytes;
    }
    return bytes;
  }

  /** Tells those for whom there is room, up to the first for whom there is none. */
  private tell(): void {
    let taken = this.held;
    for (const [intake, waiter] of this.waiting) {
      if (!this.fits(taken, waiter.bytes)) break;
      taken += waiter.bytes;
      if (waiter.told) continue;
      waiter.told = true;
      intake.fetchAgain();
    }
    this.watch();
  }

  private watch(): void {
    if (this.waiting.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
      this.seen = null;
    } else if (this.timer === undefined) {
      this.look();
      this.timer = setInterval(() => {
        this.look();
      }, PATIENCE_MS);
      this.timer.unref();
    }
  }

  /**
   * Lets the others pass one that was told and does not come (its records may be deleted by now), or that waits while
   * nothing is given back (whoever has the room may be waiting for the others).
   */
  private look(): void {
    const [first] = this.waiting;
    const { seen } = this;
    if (first !== undefined && first[1] === seen?.first) {
      const [intake, { bytes, told }] = first;
      if (told ? seen.told : !this.moved) {
        this.waiting.delete(intake);
        // One that was told comes, or not: it waits for nothing.
        if (!told) this.waiting.set(intake, { bytes, told });
        this.tell();
      }
    }
    const [now] = this.waiting.values();
    this.seen = { first: now ?? null, told: now?.told ?? false };
    this.moved = false;
  }
}

/**
 * The queue between a source and a partition's worker. Proves custody: each batch taken in starts where the one before
 * ended, so that the intervals tile the log without hole or overlap.
 */
export class Intake {
  private readonly key: PartitionKey;
  private readonly control: SourceControl;
  private readonly limits: IntakeLimits;
  private readonly budget: QueueBudget;
  private readonly queue: (Taken & { readonly bytes: number })[] = [];
  private records = 0;
  private bytes = 0;
  /** Of the batch that was taken last: it is being counted. */
  private bytesInHand = 0;
  private paused = false;
  /** Paused for want of room: the budget tells when there is some. */
  private refused = false;
  /** What was queued is dropped, and fetched again when the worker comes back for it. */
  private dropped = false;
  private refusals = 0;
  /** Where the next batch must start; null: nothing is taken. */
  private expected: number | null = null;

  constructor(
    key: PartitionKey,
    control: SourceControl,
    limits: IntakeLimits,
    budget: QueueBudget,
  ) {
    this.key = key;
    this.control = control;
    this.limits = limits;
    this.budget = budget;
  }

  /** The offset that is to come next; null: nothing is taken. */
  get position(): number | null {
    return this.expected;
  }

  /** Reads from `position` on; what was queued before is forgotten. */
  open(position: number): void {
    this.close();
    this.expected = position;
    this.fetchAgain();
  }

  /** Takes nothing more and forgets what is queued. */
  close(): void {
    this.shut();
    this.refusals = 0;
    this.forgetQueue();
    this.release();
  }

  /** Takes nothing more; what is queued stays. */
  shut(): void {
    this.expected = null;
    this.dropped = false;
    this.budget.forget(this);
  }

  /** Lets others have the room for as long as nothing can be counted here. */
  drop(): void {
    const [first] = this.queue;
    if (this.expected === null || first === undefined) return;
    this.budget.forget(this);
    this.expected = first.batch.from;
    this.dropped = true;
    this.forgetQueue();
  }

  /**
   * Takes a batch in; false: the source is to pause the partition. A batch that is not taken in is released.
   * @param afterSilence nothing had come of the partition for long
   */
  offer(batch: RecordBatch, afterSilence = false): boolean {
    if (this.expected === null || this.dropped) {
      batch.records.release?.();
      return this.pause();
    }
    if (batch.from !== this.expected) {
      batch.records.release?.();
      this.refusals += 1;
      this.control.seek(this.key, this.expected);
      return true;
    }
    const bytes = batchBytes(batch);
    if (!this.budget.take(this, bytes)) {
      batch.records.release?.();
      this.refused = true;
      return this.pause();
    }
    this.refusals = 0;
    this.expected = batch.to;
    this.queue.push({ batch, afterSilence, bytes });
    this.records += batch.records.length;
    this.bytes += bytes;
    if (this.records < this.limits.queueRecords && this.bytes < this.limits.queueBytes) return true;
    return this.pause();
  }

  /** The next batch; the one before is done with. */
  take(): Taken | undefined {
    this.release();
    const taken = this.queue.shift();
    if (taken === undefined) {
      if (this.dropped) this.fetchAgain();
      return undefined;
    }
    this.records -= taken.batch.records.length;
    this.bytes -= taken.bytes;
    this.bytesInHand = taken.bytes;
    const { queueRecords, queueBytes } = this.limits;
    const room = this.records < queueRecords / 2 && this.bytes < queueBytes / 2;
    if (this.paused && !this.refused && !this.dropped && this.expected !== null && room)
      this.resume();
    return taken;
  }

  get empty(): boolean {
    return this.queue.length === 0;
  }

  /** The source keeps delivering from elsewhere: what is asked for may be gone. */
  get stuck(): boolean {
    return this.refusals >= REFUSALS;
  }

  /** What was asked for is not there any more: nothing else is to be read before the claim is made afresh. */
  giveUp(): void {
    this.refusals = REFUSALS;
  }

  /** Asks the source for what is expected next, whatever it delivered since. */
  fetchAgain(): void {
    if (this.expected === null) return;
    this.dropped = false;
    this.refused = false;
    this.control.seek(this.key, this.expected);
    this.resume();
  }

  private forgetQueue(): void {
    const { bytes } = this;
    for (const { batch } of this.queue) batch.records.release?.();
    this.queue.length = 0;
    this.records = 0;
    this.bytes = 0;
    this.budget.give(bytes);
  }

  private release(): void {
    const bytes = this.bytesInHand;
    this.bytesInHand = 0;
    this.budget.give(bytes);
  }

  private pause(): false {
    this.paused = true;
    return false;
  }

  private resume(): void {
    this.paused = false;
    this.control.resume(this.key);
  }
}

/** What a record takes besides its bytes. */
const RECORD_BYTES = 200;
/** ... and each of its headers: a value of its own, a name, a place in the map. */
const HEADER_BYTES = 300;

/** What a batch takes while it waits, in bytes. */
export function batchBytes(batch: RecordBatch): number {
  if (batch.records.bytes !== undefined) return batch.records.bytes;
  let bytes = batch.records.length * RECORD_BYTES;
  for (const { key, value, headers } of batch.records) {
    bytes += (key?.length ?? 0) + (value?.length ?? 0);
    if (headers.size > 0) for (const text of headers.values()) bytes += HEADER_BYTES + text.length;
  }
  return bytes;
}
