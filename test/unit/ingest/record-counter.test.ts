import { expect, it } from 'vitest';

import type { SourceRecord } from '../../../src/core/domain/ingestion.ts';
import type { Counting, PartitionCounting } from '../../../src/ingest/counting.ts';
import { noIngestMetrics } from '../../../src/ingest/ingest-metrics.ts';
import { RecordCounter, WAITING } from '../../../src/ingest/record-counter.ts';
import type { Rejected } from '../../../src/ingest/record-counter.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { schemaOf } from '../../support/event-decoding.ts';

const schema = schemaOf('m', ['x']);

type Outcome = ReturnType<PartitionCounting['count']>;

/** What is told of records whose events have these outcomes. */
function tell(...records: readonly (readonly Outcome[])[]): string[] {
  let outcomes: Outcome[] = [];
  const counter = new RecordCounter({
    decoder: {
      decode(_, __, into) {
        for (let i = 0; i < outcomes.length; i += 1) into.add(schema);
        return null;
      },
    },
    counting: { schema: () => schema } as unknown as Counting,
    clock: systemClock,
  });
  const told: string[] = [];
  const partition = {
    judge: () => null,
    count: () => left.shift() ?? 'counted',
    recordCounted: () => told.push('record counted'),
    recordTooLate: () => told.push('record too late'),
    recordDuplicate: () => told.push('record duplicate'),
  } as unknown as PartitionCounting;
  let left: Outcome[] = [];
  for (const record of records) {
    outcomes = [...record];
    left = [...record];
    counter.count(partition, { value: new Uint8Array(1), timestamp: 0 } as SourceRecord, 0);
  }
  const metrics = {
    ...noIngestMetrics,
    events: (_: string, result: string, count: number) => told.push(`records ${result} ${count}`),
    passedOver: (_: string, why: string, count: number) => told.push(`events ${why} ${count}`),
  };
  counter.tell(metrics, 's');
  counter.tell(metrics, 's');
  return told;
}

it('a record of which one event is counted does not hide those that are not', () => {
  const batch: Outcome[] = [
    'counted',
    ...new Array<Outcome>(6_000).fill('too-late'),
    ...new Array<Outcome>(3_999).fill('duplicate'),
  ];

  expect(tell(batch)).toEqual([
    'record counted',
    'records counted 1',
    'events too_late 6000',
    'events duplicate 3999',
  ]);
});

it('a record without a counted event is too late when any of it is, else a duplicate', () => {
  expect(tell(['duplicate', 'too-late'], ['duplicate'], [])).toEqual([
    'record too late',
    'record duplicate',
    'record counted',
    'records counted 1',
    'records too_late 1',
    'records duplicate 1',
    'events too_late 1',
    'events duplicate 2',
  ]);
});

/** A counter that rejects every record, and what it hands on. */
function rejecting() {
  const handed: { letters: readonly Rejected[]; unkept: number }[] = [];
  const counter = new RecordCounter({
    decoder: { decode: () => ({ reason: 'invalid-json', detail: 'not JSON' }) },
    counting: {} as unknown as Counting,
    clock: systemClock,
    hand: (letters, unkept) => handed.push({ letters, unkept }),
  });
  const partition = { recordRejected: () => undefined } as unknown as PartitionCounting;
  const reject = (record: Partial<SourceRecord>): void => {
    counter.count(partition, { offset: 0, timestamp: 0, key: null, ...record } as SourceRecord, 0);
  };
  return { counter, handed, reject };
}

it('a bad record that is handed on keeps nothing of the batch that it came in', () => {
  const { counter, handed, reject } = rejecting();
  const batch = Buffer.alloc(1024 * 1024, 'b');
  const part = (from: number) => batch.subarray(from, from + 10);

  reject({ key: part(0), value: part(20), headers: new Map([['h', part(40)]]) });
  reject({ value: part(60), headers: new Map() });
  counter.tell(noIngestMetrics, 's');

  const [{ letters } = { letters: [] }] = handed;
  const parts = letters.flatMap(({ record: { key, value, headers } }) => [
    ...(key === null ? [] : [key]),
    ...(value === null ? [] : [value]),
    ...headers.values(),
  ]);
  expect(parts.map((bytes) => Buffer.from(bytes).toString())).toEqual(
    new Array(4).fill('b'.repeat(10)),
  );
  expect(parts.map(({ buffer }) => buffer.byteLength)).toEqual([10, 10, 10, 10]);
});

it('of a flood of bad records so many are handed on, and the others counted', () => {
  const { counter, handed, reject } = rejecting();
  const value = Buffer.alloc(10);
  for (let i = 0; i < WAITING.letters + 3; i += 1) reject({ value, headers: new Map() });
  counter.tell(noIngestMetrics, 's');
  for (let i = 0; i < 5; i += 1) reject({ value: Buffer.alloc(5 << 20), headers: new Map() });
  counter.tell(noIngestMetrics, 's');
  reject({ value, headers: new Map() });
  counter.forget();
  counter.tell(noIngestMetrics, 's');

  expect(handed.map(({ letters, unkept }) => [letters.length, unkept])).toEqual([
    [WAITING.letters, 3],
    [3, 2],
  ]);
});
