import type { EventFrame } from '../core/domain/event-frame.ts';
import { ownRecord, valueBytes } from '../core/domain/ingestion.ts';
import type {
  PartitionKey,
  QuarantineReason,
  Rejection,
  SourceRecord,
} from '../core/domain/ingestion.ts';
import type { Clock } from '../platform/clock.ts';
import { toError } from '../platform/errors.ts';
import type { Counting, PartitionCounting } from './counting.ts';
import { FrameList } from './decoder.ts';
import type { Decoder } from './decoder.ts';
import type { IngestMetrics } from './ingest-metrics.ts';

/** The clock is looked at once in so many records at least. */
const LOOK_RECORDS = 256;

/** In so much event time one event with unknown features is looked at for their names at least. */
const LOOK_AGAIN_MS = 3_600_000;
const GOLDEN = 0.618_034;

/** Which events of a model are looked at for the names of unknown features. */
interface Looks {
  /** Of the events that have some, since the last checkpoint. */
  nth: number;
  /** The next one, and how many later the one after it. */
  next: number;
  gap: number;
  /** Event time from which one is looked at whichever it is. */
  from: number;
}

/** A bad record, and what is wrong with it. */
export interface Rejected {
  readonly record: SourceRecord;
  readonly rejection: Rejection;
}

export interface DeadLetter extends Rejected {
  readonly partition: PartitionKey;
}

/** Takes bad records once they are durable as such. Returns at once and never throws. */
export interface DeadLetters {
  /**
   * @param letters own their bytes: none keeps the batch alive that it came in
   * @param unkept further letters there were, of which nothing was kept, being too many
   */
  offer(letters: readonly DeadLetter[], unkept?: number): void;
}

/** Letters that may wait anywhere: of a partition until they are durable, and of all until they are sent. */
export const WAITING = { letters: 10_000, bytes: 16 * 1024 * 1024 } as const;
/** What a letter takes besides its bytes. */
const LETTER_BYTES = 500;

/** What a letter takes while it waits, in bytes. */
export function letterBytes({ record: { key, value, headers } }: Rejected): number {
  let bytes = LETTER_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, text] of headers) bytes += name.length + text.length;
  return bytes;
}

/** Takes records one by one into a partition's counting: decoded, judged, counted or quarantined. */
export class RecordCounter {
  private readonly decoder: Decoder;
  private readonly schemas: Counting;
  private readonly clock: Clock;
  private readonly frames = new FrameList();
  private readonly named = new FrameList({ keepsNames: true });
  private readonly looks = new Map<number, Looks>();
  /** The clock as it was last looked at, and records until it is looked at again. */
  private now = 0;
  private untilLook = 0;
  private results = { counted: 0, quarantined: 0, too_late: 0, duplicate: 0 };
  /** Events of records that were decoded: one that is counted must not hide the others of its batch. */
  private passedOver = { too_late: 0, duplicate: 0 };
  private reasons = new Map<QuarantineReason, number>();
  private readonly failed: ((error: Error, offset: number) => void) | undefined;
  private hasFailed = false;
  private readonly hand: ((letters: readonly Rejected[], unkept: number) => void) | undefined;
  private rejected: Rejected[] = [];
  private rejectedBytes = 0;
  private unkept = 0;

  constructor(deps: {
    readonly decoder: Decoder;
    readonly counting: Counting;
    readonly clock: Clock;
    /** Handed bad records once they are durable as such, and how many more there were; left out: nobody asks. */
    readonly hand?: (letters: readonly Rejected[], unkept: number) => void;
    /** Told of the first record since the last checkpoint that the decoder threw over. */
    readonly failed?: (error: Error, offset: number) => void;
  }) {
    this.decoder = deps.decoder;
    this.schemas = deps.counting;
    this.clock = deps.clock;
    this.hand = deps.hand;
    this.failed = deps.failed;
  }

  /**
   * Counts one record, whole or not at all.
   * @param from everything before this offset is counted: a batch that cannot be read may reach back beyond it
   * @returns its events, valid until the next call; empty when it was rejected or has none
   */
  count(counting: PartitionCounting, record: SourceRecord, from: number): FrameList {
    const { frames } = this;
    frames.clear();
    if (record.fault !== undefined) {
      const records = Math.min(record.fault.records, record.offset - from + 1);
      this.reject(counting, record, record.fault, records);
      return frames;
    }
    if (valueBytes(record) === null) {
      counting.recordSkipped();
      return frames;
    }
    const fault = this.decode(record, frames) ?? this.judge(counting, record);
    if (fault !== null) {
      frames.clear();
      this.reject(counting, record, fault, 1);
      return frames;
    }
    this.countEvents(counting, record);
    return frames;
  }

  /** That a decoder throws is a defect, but no record may stop its partition: read again it would be met again, for ever. */
  private decode(record: SourceRecord, into: FrameList): Rejection | null {
    try {
      return this.decoder.decode(record, this.schemas, into);
    } catch (thrown) {
      if (!this.hasFailed) this.failed?.(toError(thrown), record.offset);
      this.hasFailed = true;
      return {
        reason: 'internal-error',
        detail: 'driftd failed to read it, its log has the error',
      };
    }
  }

  /** The record is counted when any of its events is, or when it has none; else too late when any is. */
  private countEvents(counting: PartitionCounting, record: SourceRecord): void {
    const { frames, passedOver } = this;
    let late = 0;
    let duplicate = 0;
    let asks = false;
    for (let i = 0; i < frames.length; i += 1) {
      const frame = frames.at(i);
      const outcome = counting.count(frame);
      if (outcome === 'too-late') late += 1;
      else if (outcome === 'duplicate') duplicate += 1;
      else if (frame.unknownFeatures > 0 && this.asksForNames(frame)) asks = true;
    }
    if (asks) this.noteNames(counting, record);
    passedOver.too_late += late;
    passedOver.duplicate += duplicate;
    if (late + duplicate < frames.length || frames.length === 0) {
      counting.recordCounted();
      this.results.counted += 1;
    } else if (late === 0) {
      counting.recordDuplicate();
      this.results.duplicate += 1;
    } else {
      counting.recordTooLate();
      this.results.too_late += 1;
    }
  }

  /**
   * Unknown features most often come with every event, so few of a model are looked at: between two checkpoints the 1st,
   * 2nd, 5th, 12th, 27th ..., and one an hour of event time, so that what comes is seen late in a long checkpoint, too. What
   * few events bring is found behind one of many checkpoints.
   */
  private asksForNames({ schema, time }: EventFrame): boolean {
    const modelId = schema?.modelId ?? -1;
    const looks = this.looks.get(modelId) ?? { nth: 0, next: 1, gap: 1, from: -Infinity };
    this.looks.set(modelId, looks);
    looks.nth += 1;
    if (looks.nth < looks.next && time < looks.from) return false;
    // Now sooner, now later: a rhythm of the events is not met at the same beat every time.
    const share = 1 - ((looks.nth * GOLDEN) % 1) / 2;
    looks.from = Math.max(looks.from, time + share * LOOK_AGAIN_MS);
    if (looks.nth >= looks.next) {
      looks.next += looks.gap;
      // Odd, so that no event is passed over for coming every second or fourth time.
      looks.gap = 2 * looks.gap + 1;
    }
    return true;
  }

  /** Decodes the record once more, now for the names: what is decoded for counting does not pay for them. */
  private noteNames(counting: PartitionCounting, record: SourceRecord): void {
    const { named } = this;
    if (this.decode(record, named) === null) {
      for (let i = 0; i < named.length; i += 1) {
        const frame = named.at(i);
        for (const name of frame.unknownNames ?? []) counting.unknownName(frame, name);
      }
    }
    named.clear();
  }

  private reject(
    counting: PartitionCounting,
    record: SourceRecord,
    { reason, detail }: Rejection,
    records: number,
  ): void {
    counting.recordRejected(record, { reason, detail }, records);
    this.results.quarantined += records;
    if (this.hand !== undefined) this.keep({ record, rejection: { reason, detail } });
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + records);
  }

  private keep(letter: Rejected): void {
    const bytes = letterBytes(letter);
    if (this.rejected.length >= WAITING.letters || this.rejectedBytes + bytes > WAITING.bytes) {
      this.unkept += 1;
      return;
    }
    this.rejectedBytes += bytes;
    this.rejected.push({ ...letter, record: ownRecord(letter.record) });
  }

  /** All events of the record are judged before the first is counted. */
  private judge(counting: PartitionCounting, record: SourceRecord): Rejection | null {
    // The clock may be set back.
    this.untilLook -= 1;
    if (this.untilLook <= 0) {
      this.now = this.clock.now();
      this.untilLook = LOOK_RECORDS;
    }
    for (let i = 0; i < this.frames.length; i += 1) {
      const frame = this.frames.at(i);
      // What an earlier look at the clock lets pass a later one does, too.
      if (counting.judge(frame, this.timeOf(record)) === null) continue;
      this.now = this.clock.now();
      const fault = counting.judge(frame, this.timeOf(record));
      if (fault !== null) return fault;
    }
    return null;
  }

  /** A record's time can be the producer's, who may have no clock (-1) or a wrong one: no later than ours. */
  private timeOf({ timestamp }: SourceRecord): number {
    return timestamp > 0 && timestamp < this.now ? timestamp : this.now;
  }

  /** Tells what was counted since the last call; once it is durable, so that nothing is told twice. */
  tell(metrics: IngestMetrics, source: string): void {
    for (const result of ['counted', 'quarantined', 'too_late', 'duplicate'] as const) {
      if (this.results[result] > 0) metrics.events(source, result, this.results[result]);
    }
    for (const why of ['too_late', 'duplicate'] as const) {
      if (this.passedOver[why] > 0) metrics.passedOver(source, why, this.passedOver[why]);
    }
    for (const [reason, count] of this.reasons) metrics.quarantined(source, reason, count);
    if (this.rejected.length + this.unkept > 0) this.hand?.(this.rejected, this.unkept);
    this.forget();
  }

  /** What was counted since is lost with its claim. */
  forget(): void {
    this.results = { counted: 0, quarantined: 0, too_late: 0, duplicate: 0 };
    this.passedOver = { too_late: 0, duplicate: 0 };
    this.reasons = new Map();
    this.rejected = [];
    this.rejectedBytes = 0;
    this.unkept = 0;
    this.hasFailed = false;
    for (const looks of this.looks.values()) Object.assign(looks, { nth: 0, next: 1, gap: 1 });
  }
}
