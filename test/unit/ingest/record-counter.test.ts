import { describe, expect, it } from 'vitest';

import type { EventFormat, EventMapping } from '../../../src/config/types.ts';
import type { EventFrame } from '../../../src/core/domain/event-frame.ts';
import type { Rejection, SourceRecord } from '../../../src/core/domain/ingestion.ts';
import type { Counting, PartitionCounting } from '../../../src/ingest/counting.ts';
import { createEventDecoder } from '../../../src/ingest/decode/event-decoder.ts';
import { noIngestMetrics } from '../../../src/ingest/ingest-metrics.ts';
import { RecordCounter, WAITING } from '../../../src/ingest/record-counter.ts';
import type { Rejected } from '../../../src/ingest/record-counter.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { recordOf, schemaOf } from '../../support/event-decoding.ts';

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

describe('a decoder that throws', () => {
  /** Throws over these offsets. */
  function failing(offsets: readonly number[]) {
    const told: string[] = [];
    const counter = new RecordCounter({
      decoder: {
        decode({ offset }, _, into) {
          into.add(schema);
          if (offsets.includes(offset)) throw new TypeError(`at ${offset}`);
          return null;
        },
      },
      counting: { schema: () => schema } as unknown as Counting,
      clock: systemClock,
      failed: (error, offset) => told.push(`${error.name} ${offset}`),
    });
    const partition = {
      judge: () => null,
      count: () => 'counted',
      recordCounted: () => told.push('counted'),
      recordRejected: (_: unknown, { reason }: Rejection) => told.push(reason),
    } as unknown as PartitionCounting;
    const count = (offset: number): number => {
      const record = { offset, value: new Uint8Array(1), timestamp: 0 } as SourceRecord;
      return counter.count(partition, record, 0).length;
    };
    return { told, counter, count };
  }

  it('stops nothing: its record is quarantined, without what was read of it', () => {
    const { told, count } = failing([1]);

    expect([count(0), count(1), count(2)]).toEqual([1, 0, 1]);
    expect(told).toEqual(['counted', 'TypeError 1', 'internal-error', 'counted']);
  });

  it('is told of once between two checkpoints, however often it throws', () => {
    const { told, counter, count } = failing([0, 1, 2]);
    const reasons: string[] = [];
    const quarantined = (_: string, reason: string, records: number): void => {
      reasons.push(`${reason} ${records}`);
    };

    count(0);
    count(1);
    counter.tell({ ...noIngestMetrics, quarantined }, 's');
    count(2);

    expect(told.filter((line) => line.startsWith('TypeError'))).toEqual([
      'TypeError 0',
      'TypeError 2',
    ]);
    expect(reasons).toEqual(['internal-error 2']);
  });
});

describe('names of features that nobody counts', () => {
  const time = Date.UTC(2024, 0, 1);
  const event = (features: object, more: object = {}): string =>
    JSON.stringify({ model: 'm', ts: time, features, ...more });

  /** What is noted of records, and how often one was decoded for it. */
  function noted(format: EventFormat, mapping: EventMapping, values: readonly string[]) {
    const inner = createEventDecoder(format, mapping);
    let looks = 0;
    const counter = new RecordCounter({
      decoder: {
        decode(record, schemas, into) {
          if (into.keepsNames) looks += 1;
          return inner.decode(record, schemas, into);
        },
      },
      counting: {
        schema: (name: string) => (name === 'm' ? schema : null),
      } as unknown as Counting,
      clock: systemClock,
    });
    const names: string[] = [];
    const partition = {
      judge: () => null,
      count: () => 'counted',
      recordCounted: () => undefined,
      recordRejected: () => undefined,
      unknownName: (frame: EventFrame, name: string) => names.push(`${frame.time - time} ${name}`),
    } as unknown as PartitionCounting;
    const read = (): void => {
      for (const value of values) counter.count(partition, recordOf({ value }), 0);
    };
    read();
    return { names, looks: () => looks, counter, read };
  }
  const bare: EventMapping = {};

  it.each<
    [what: string, format: EventFormat, mapping: EventMapping, value: string, names: string[]]
  >([
    ['a native event', 'native', bare, event({ x: 1, y: 2, 'z z': null }), ['0 y', '0 z z']],
    ['one whose shape is found out', 'auto', bare, event({ y: 2, x: 1 }), ['0 y']],
    [
      'one that has no name twice',
      'auto',
      bare,
      event({ y: 2, ['\u200E']: 1 }),
      ['0 y', '0 \u200E'],
    ],
    ['a prediction', 'auto', bare, event({ x: 1 }, { prediction: 3 }), ['0 prediction']],
    ['labels by name', 'auto', bare, event({ x: 1 }, { label: { y: 1, x: 2 } }), ['0 y', '0 x']],
    [
      'a batch',
      'auto',
      bare,
      JSON.stringify({
        events: [
          { model: 'm', ts: time, features: { x: 1 } },
          { model: 'm', ts: time + 5, features: { y: 1 } },
        ],
      }),
      ['5 y'],
    ],
    [
      'a flat event',
      'flat',
      { time: 'at' },
      JSON.stringify({ model: 'm', at: time, x: 1, y: 2 }),
      ['0 y'],
    ],
    ['a bad record', 'auto', bare, event({ x: 1, ['\0']: 2 }), []],
    ['an event of known features', 'auto', bare, event({ x: 1 }), []],
  ])('of %s are told', (_, format, mapping, value, names) => {
    expect(noted(format, mapping, [value]).names).toEqual(names);
  });

  it('are looked for in few of the records between two checkpoints, and again in the next', () => {
    const values = Array.from({ length: 100 }, (_, i) => event({ x: 1, [`y${i}`]: i }));
    const { names, looks, counter, read } = noted('auto', bare, values);
    expect(names.map((name) => name.slice(2))).toEqual([0, 1, 4, 11, 26, 57].map((i) => `y${i}`));
    counter.tell(noIngestMetrics, 's');
    read();
    expect(looks()).toBe(12);
  });

  it('are looked for once an hour of event time, however long a checkpoint is', () => {
    const values = Array.from({ length: 100 }, (_, i) =>
      event({ [i % 2 === 0 ? 'even' : 'odd']: i }, { ts: time + i * 600_000 }),
    );
    const { names } = noted('auto', bare, values);
    const times = names.map((name) => Number.parseInt(name, 10));
    const pauses = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(3_600_000);
    expect(names.length).toBeLessThan(40);
    expect(new Set(names.slice(-8).map((name) => name.split(' ')[1])).size).toBe(2);
  });

  it('take no second look while every feature is known', () => {
    expect(
      noted(
        'auto',
        bare,
        Array.from({ length: 10 }, () => event({ x: 1 })),
      ).looks(),
    ).toBe(0);
  });
});
