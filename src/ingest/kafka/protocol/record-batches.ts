import type { Rejection, SourceRecord } from '../../../core/domain/ingestion.ts';
import { toError } from '../../../platform/errors.ts';
import { ByteReader, MalformedError } from './byte-reader.ts';
import { decompress, OutputLimitError } from './codecs.ts';
import { FetchedMemory } from './fetched-memory.ts';
import { FetchedRecords } from './fetched-records.ts';

/** From `firstOffset` on, up to its abort marker, what this producer wrote in a transaction does not count. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** What the batches of one partition in one response hold. */
export interface DecodedBatches {
  /** What an application may see, in order of offsets. */
  readonly records: FetchedRecords;
  /** The offset behind the last batch, whatever is left in it. */
  readonly to: number;
  readonly logEnd: number;
}

/** The batches of a partition as they came, and the memory that they are in. */
export interface Fetched {
  readonly bytes: Buffer;
  readonly memory: FetchedMemory;
}

/** What one response may still take when decompressed; what is beyond is fetched again. */
export interface DecodeBudget {
  bytes: number;
}

/** Limits of one batch: beyond them its records go to quarantine unread. */
const BATCH_LIMITS = { bytes: 64 * 1024 * 1024, records: 250_000 } as const;

/** https://kafka.apache.org/documentation/#recordbatch */
interface Batch {
  readonly base: number;
  readonly last: number;
  readonly magic: number;
  readonly codec: number;
  readonly appendTime: boolean;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly baseTime: number;
  readonly maxTime: number;
  readonly producerId: number;
  readonly count: number;
  readonly payload: Buffer;
}

/** Offset and length, which every format begins with; the magic byte is the fifth behind them. */
const LENGTH_END = 12;
const MAGIC_AT = 16;
const HEADER_BYTES = 61;
const ABORT_MARKER = 0;
const NO_HEADERS: ReadonlyMap<string, Uint8Array> = new Map();

/**
 * The records that an application reading committed data may see, in the manner of the Java client: control batches and
 * aborted ones are passed over, offsets without a record (compacted away) too. A batch that cannot be read becomes one
 * record with a fault, at the batch's last offset, that stands for all of it.
 *
 * @param aborted in any order: brokers sort by the end of the transactions
 * @returns null when there is no whole batch, or the budget was spent before the first
 */
export async function decodeBatches(
  { bytes, memory }: Fetched,
  aborted: readonly AbortedTransaction[],
  budget: DecodeBudget,
  logEnd: number,
): Promise<DecodedBatches | null> {
  const abortedOf = abortFilter(aborted);
  const records = new FetchedRecords();
  let to: number | null = null;
  for (const batch of batchesOf(bytes)) {
    if (!abortedOf(batch) && !batch.control && batch.count !== 0) {
      if (batch.codec !== 0 && budget.bytes <= 0) break;
      await readBatch(batch, memory, records, budget);
    }
    to = batch.last + 1;
  }
  return to === null ? null : { records, to, logEnd };
}

/** Batches in order; the last may be cut off, because a fetch is limited in bytes. */
function* batchesOf(bytes: Buffer): Generator<Batch> {
  let at = 0;
  while (at + MAGIC_AT < bytes.length) {
    const length = bytes.readInt32BE(at + LENGTH_END - 4);
    const end = at + LENGTH_END + length;
    if (length <= 0 || end > bytes.length) return;
    yield headerOf(bytes.subarray(at, end));
    at = end;
  }
}

function headerOf(bytes: Buffer): Batch {
  const reader = new ByteReader(bytes);
  const base = reader.int64();
  reader.offset = MAGIC_AT;
  const magic = reader.int8();
  if (magic < 2 || bytes.length < HEADER_BYTES) return headless(base, magic);
  reader.offset = 21;
  const attributes = reader.int16();
  return {
    base,
    last: base + Math.max(0, reader.int32()),
    magic,
    codec: attributes & 0x07,
    appendTime: (attributes & 0x08) !== 0,
    transactional: (attributes & 0x10) !== 0,
    control: (attributes & 0x20) !== 0,
    baseTime: reader.int64(),
    maxTime: reader.int64(),
    producerId: reader.int64(),
    count: (reader.slice(6), reader.int32()),
    payload: bytes.subarray(HEADER_BYTES),
  };
}

/** Cut short, or of the formats from before Kafka 0.11 (2017), which Kafka 4 has dropped: told, not read. */
function headless(base: number, magic: number): Batch {
  const none = { appendTime: false, transactional: false, control: false, producerId: -1 };
  const time = { baseTime: 0, maxTime: 0 };
  return {
    base,
    last: base,
    magic,
    codec: 0,
    ...none,
    ...time,
    count: 1,
    payload: Buffer.alloc(0),
  };
}

/** Tells of each batch in turn whether it belongs to an aborted transaction. */
function abortFilter(aborted: readonly AbortedTransaction[]): (batch: Batch) => boolean {
  const waiting = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  const open = new Set<number>();
  let next = 0;
  return (batch) => {
    if (batch.producerId < 0) return false;
    for (let entry = waiting[next]; entry !== undefined; entry = waiting[next]) {
      if (entry.firstOffset > batch.last) break;
      open.add(entry.producerId);
      next += 1;
    }
    if (!batch.control) return batch.transactional && open.has(batch.producerId);
    if (isAbortMarker(batch)) open.delete(batch.producerId);
    return false;
  };
}

/** The key of a control record is its version and its type. */
function isAbortMarker({ payload }: Batch): boolean {
  const reader = new ByteReader(payload);
  try {
    reader.varint();
    reader.int8();
    reader.varint();
    reader.varint();
    const key = reader.varBytes();
    return key !== null && key.length >= 4 && key.readInt16BE(2) === ABORT_MARKER;
  } catch {
    return false;
  }
}

async function readBatch(
  batch: Batch,
  fetched: FetchedMemory,
  into: FetchedRecords,
  budget: DecodeBudget,
): Promise<void> {
  try {
    assertReadable(batch);
    const bytes = await decompress(batch.codec, batch.payload, BATCH_LIMITS.bytes);
    const compressed = batch.codec !== 0;
    if (compressed) budget.bytes -= bytes.length;
    const memory = compressed ? new FetchedMemory(bytes) : fetched;
    const { base, last, baseTime, maxTime, appendTime, count } = batch;
    into.addBatch({ base, last, baseTime, maxTime, appendTime, count, bytes, memory });
  } catch (thrown) {
    if (thrown instanceof OutputLimitError) budget.bytes -= BATCH_LIMITS.bytes;
    into.add(unreadable(batch, faultOf(toError(thrown))));
  }
}

function assertReadable({ magic, count }: Batch): void {
  if (magic !== 2) throw new MalformedError(`message format ${magic} is not read`);
  if (count < 0) throw new MalformedError(`${count} records are announced`);
  if (count > BATCH_LIMITS.records) {
    throw new OutputLimitError(`${count} records, at most ${BATCH_LIMITS.records} are read`);
  }
}

function faultOf(error: Error): Rejection {
  const reason = error instanceof OutputLimitError ? 'too-large' : 'invalid-encoding';
  return { reason, detail: error.message };
}

function unreadable(batch: Batch, { reason, detail }: Rejection): SourceRecord {
  const { base, last } = batch;
  const records = Math.max(1, Math.min(batch.count, last - base + 1));
  const which =
    base === last ? 'the record' : `the ${records} records of offsets ${base} to ${last}`;
  return {
    offset: last,
    timestamp: batch.maxTime,
    key: null,
    value: null,
    headers: NO_HEADERS,
    fault: { reason, detail: `${which}: ${detail}`, records },
  };
}
