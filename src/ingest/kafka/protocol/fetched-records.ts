import type { RecordList, SourceRecord, ValuePlace } from '../../../core/domain/ingestion.ts';
import { ByteReader, MalformedError } from './byte-reader.ts';
import type { FetchedMemory } from './fetched-memory.ts';

/** One batch, decompressed: records of it are made when they are asked for. */
export interface RecordBytes {
  /** Offset that the records count from, and the last one that they may have. */
  readonly base: number;
  readonly last: number;
  /** What the records' times count from; with `appendTime` they all are `maxTime`. */
  readonly baseTime: number;
  readonly maxTime: number;
  readonly appendTime: boolean;
  readonly count: number;
  readonly bytes: Buffer;
  /** What `bytes` are in. */
  readonly memory: FetchedMemory;
}

const SMALLEST_RECORD = 7;
const NO_HEADERS: ReadonlyMap<string, Uint8Array> = new Map();

/**
 * Records of a partition in one response, in order of offsets. What waits to be counted is bytes and no objects: a
 * record is made anew each time the list is gone through.
 */
export class FetchedRecords implements RecordList {
  private readonly parts: (RecordBytes | SourceRecord)[] = [];
  private records = 0;
  private held = 0;
  private least = -Infinity;
  private memories = new Set<FetchedMemory>();
  private released = false;

  get length(): number {
    return this.records;
  }

  get bytes(): number {
    return this.held;
  }

  /** @throws MalformedError when they are not as they should be; then none of them is added */
  addBatch(batch: RecordBytes): void {
    checkRecords(batch);
    this.parts.push(batch);
    this.records += batch.count;
    this.held += batch.bytes.length;
    if (this.memories.has(batch.memory)) return;
    this.memories.add(batch.memory);
    batch.memory.hold();
  }

  add(record: SourceRecord): void {
    this.parts.push(record);
    this.records += 1;
  }

  /** Without those before this offset. This list is of no use any more. */
  from(offset: number): FetchedRecords {
    const rest = new FetchedRecords();
    rest.parts.push(...this.parts);
    rest.held = this.held;
    rest.least = offset;
    for (const record of this) if (record.offset >= offset) rest.records += 1;
    rest.memories = this.memories;
    this.memories = new Set();
    this.released = true;
    return rest;
  }

  release(): void {
    this.released = true;
    for (const memory of this.memories) memory.letGo();
    this.memories.clear();
  }

  *[Symbol.iterator](): Generator<SourceRecord, void, undefined> {
    if (this.released) throw new Error('records were asked for that had been released');
    for (const part of this.parts) {
      if (!('count' in part)) {
        if (part.offset >= this.least) yield part;
        continue;
      }
      const reader = new ByteReader(part.bytes);
      for (let i = 0; i < part.count; i += 1) {
        const record = new FetchedRecord(part, reader);
        if (record.offset >= this.least) yield record;
      }
    }
  }
}

/** Goes over the records, so that all of them can be read later. */
function checkRecords({ base, last, count, bytes }: RecordBytes): void {
  if (count * SMALLEST_RECORD > bytes.length) {
    throw new MalformedError(`${count} records do not fit in ${bytes.length} bytes`);
  }
  const reader = new ByteReader(bytes);
  for (let i = 0; i < count; i += 1) {
    const length = reader.varint();
    const end = reader.offset + length;
    reader.int8();
    reader.varint();
    const offset = base + reader.varint();
    if (offset < base || offset > last) {
      throw new MalformedError(`a record at offset ${offset} is not in its batch`);
    }
    reader.passVarBytes();
    reader.passVarBytes();
    const headers = reader.varint();
    if (headers < 0) throw new MalformedError(`${headers} headers are announced`);
    for (let left = headers; left > 0; left -= 1) {
      reader.pass(reader.varint());
      reader.passVarBytes();
    }
    if (reader.offset !== end) throw new MalformedError('a record is not as long as it says');
  }
}

/** A record in its batch's bytes. Views of them cost more than the rest of it: they are made when they are asked for. */
class FetchedRecord implements SourceRecord, ValuePlace {
  readonly offset: number;
  readonly timestamp: number;
  readonly headers: ReadonlyMap<string, Uint8Array>;
  readonly memory: Buffer;
  readonly from: number;
  readonly to: number;
  private readonly keyFrom: number;
  private readonly keyTo: number;
  private readonly isTombstone: boolean;

  constructor(batch: RecordBytes, reader: ByteReader) {
    reader.varint();
    reader.int8();
    const timeDelta = reader.varint();
    this.offset = batch.base + reader.varint();
    this.timestamp = batch.appendTime ? batch.maxTime : batch.baseTime + timeDelta;
    this.memory = batch.bytes;
    // -1: there is none.
    const keyBytes = reader.varint();
    this.keyFrom = reader.offset;
    this.keyTo = reader.offset + keyBytes;
    reader.pass(Math.max(0, keyBytes));
    const valueBytes = reader.varint();
    this.from = reader.offset;
    reader.pass(Math.max(0, valueBytes));
    this.to = reader.offset;
    this.isTombstone = valueBytes < 0;
    this.headers = readHeaders(reader);
  }

  get key(): Uint8Array | null {
    return this.keyTo < this.keyFrom ? null : this.memory.subarray(this.keyFrom, this.keyTo);
  }

  get value(): Uint8Array | null {
    return this.isTombstone ? null : this.memory.subarray(this.from, this.to);
  }

  get place(): ValuePlace | undefined {
    return this.isTombstone ? undefined : this;
  }
}

/** Of a name that comes more than once the first counts. */
function readHeaders(reader: ByteReader): ReadonlyMap<string, Uint8Array> {
  const count = reader.varint();
  if (count === 0) return NO_HEADERS;
  const headers = new Map<string, Uint8Array>();
  for (let i = 0; i < count; i += 1) {
    const name = reader.slice(reader.varint()).toString('utf8');
    const value = reader.varBytes();
    if (value !== null && !headers.has(name)) headers.set(name, value);
  }
  return headers;
}
