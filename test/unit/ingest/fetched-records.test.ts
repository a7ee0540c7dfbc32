import { describe, expect, it } from 'vitest';

import { decodeFetchResponse } from '../../../src/ingest/kafka/protocol/fetch-response.ts';
import { FetchedMemory } from '../../../src/ingest/kafka/protocol/fetched-memory.ts';
import { FetchedRecords } from '../../../src/ingest/kafka/protocol/fetched-records.ts';

/** One record without key, value and headers at offset 0, length and attributes before it; then nothing. */
const RECORD = Buffer.from([12, 0, 0, 0, 1, 1, 0]);
const LARGE = 100_000;

function listIn(memory: FetchedMemory, from: Buffer): FetchedRecords {
  const records = new FetchedRecords();
  const bytes = from.subarray(0, RECORD.length);
  const times = { baseTime: 5, maxTime: 5, appendTime: false };
  records.addBatch({ base: 0, last: 0, count: 1, ...times, bytes, memory });
  return records;
}

function ownMemory(size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  RECORD.copy(bytes);
  return bytes;
}

describe('fetched records', () => {
  it('give their memory back when the last list of them is released', () => {
    const bytes = ownMemory(LARGE);
    const memory = new FetchedMemory(bytes);
    const [one, other] = [listIn(memory, bytes), listIn(memory, bytes)];
    one.release();
    expect([...other].map(({ offset, timestamp }) => [offset, timestamp])).toEqual([[0, 5]]);
    other.release();
    expect(bytes.length).toBe(0);
  });

  it('hand it on to the list of those from an offset on', () => {
    const bytes = ownMemory(LARGE);
    const whole = listIn(new FetchedMemory(bytes), bytes);
    const rest = whole.from(0);
    whole.release();
    expect([...rest].length).toBe(1);
    rest.release();
    rest.release();
    expect(bytes.length).toBe(0);
  });

  it('are not to be had after that', () => {
    const bytes = ownMemory(LARGE);
    const records = listIn(new FetchedMemory(bytes), bytes);
    records.release();
    expect(() => [...records]).toThrow('had been released');
  });

  it("leave small memory, which may be of Node's pool", () => {
    const bytes = Buffer.from(RECORD);
    const records = listIn(new FetchedMemory(bytes), bytes);
    records.release();
    expect(bytes.length).toBe(RECORD.length);
  });
});

/** One batch of one record, whose value has so many bytes; its offset is 0. */
function batchOf(valueBytes: number): Buffer {
  const record = Buffer.concat([
    Buffer.from([0, 0, 0, 1, ...varint(valueBytes)]),
    Buffer.alloc(valueBytes, 'v'),
    Buffer.from([0]),
  ]);
  const payload = Buffer.concat([Buffer.from(varint(record.length)), record]);
  const head = Buffer.alloc(61);
  head.writeInt32BE(49 + payload.length, 8);
  head.writeInt8(2, 16);
  head.writeBigInt64BE(-1n, 43);
  head.writeInt32BE(1, 57);
  return Buffer.concat([head, payload]);
}

function varint(value: number): number[] {
  const out: number[] = [];
  let left = value * 2;
  for (; left > 127; left = Math.floor(left / 128)) out.push((left & 127) | 128);
  return [...out, left];
}

/** A response of version 4 of one topic, with these batches by partition, in a memory of its own. */
function responseOf(batches: readonly Buffer[]): Buffer {
  const int32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const parts = [Buffer.alloc(4), int32(1), Buffer.from([0, 1, 0x74]), int32(batches.length)];
  for (const [partition, bytes] of batches.entries())
    parts.push(int32(partition), Buffer.alloc(2 + 8 + 8 + 4), int32(bytes.length), bytes);
  const whole = Buffer.concat(parts);
  const own = Buffer.allocUnsafeSlow(whole.length);
  whole.copy(own);
  return own;
}

describe('a response of several partitions', () => {
  const lists = async (response: Buffer): Promise<FetchedRecords[]> => {
    const { responses } = await decodeFetchResponse(4, response);
    return (responses[0]?.partitions ?? []).flatMap(({ messages }) =>
      messages.map(({ decoded }) => decoded.records),
    );
  };
  const values = (list: FetchedRecords | undefined): number[] =>
    [...(list ?? [])].map(({ value }) => value?.length ?? -1);

  it('is not kept by those who have little of it: they may wait for long', async () => {
    const response = responseOf([batchOf(200_000), batchOf(1_000), batchOf(10)]);
    const [large, small, smaller] = await lists(response);
    large?.release();
    expect(response.length).toBe(0);
    expect([values(small), values(smaller)]).toEqual([[1_000], [10]]);
    small?.release();
  });

  it('is shared by those who have much of it', async () => {
    const response = responseOf([batchOf(200_000), batchOf(150_000)]);
    const [one, other] = await lists(response);
    one?.release();
    expect(response.length).toBeGreaterThan(350_000);
    expect(values(other)).toEqual([150_000]);
    other?.release();
    expect(response.length).toBe(0);
  });
});
