import { describe, expect, it } from 'vitest';

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
