import { expect, it } from 'vitest';

import type { SourceRecord } from '../../../src/core/domain/ingestion.ts';
import type { Counting, PartitionCounting } from '../../../src/ingest/counting.ts';
import { noIngestMetrics } from '../../../src/ingest/ingest-metrics.ts';
import { RecordCounter } from '../../../src/ingest/record-counter.ts';
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
