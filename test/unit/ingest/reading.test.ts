import { expect, it } from 'vitest';

import type { RecordBatch, SourceRecord } from '../../../src/core/domain/ingestion.ts';
import type { Counting, PartitionCounting } from '../../../src/ingest/counting.ts';
import type { FrameList } from '../../../src/ingest/decoder.ts';
import type { Intake } from '../../../src/ingest/intake.ts';
import { noIngestMetrics } from '../../../src/ingest/ingest-metrics.ts';
import type { LogView } from '../../../src/ingest/log-view.ts';
import { Reading } from '../../../src/ingest/reading.ts';
import { RecordCounter } from '../../../src/ingest/record-counter.ts';
import type { TickBarrier } from '../../../src/ingest/tick-barrier.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createLog } from '../../../src/platform/log.ts';
import { schemaOf } from '../../support/event-decoding.ts';

const EVENTS = 10_000;
const key = { source: 'kafka', topic: 't', partition: 0 };

/** How many frames a list still has. */
function framesOf(list: FrameList): number {
  let frames = 0;
  while ((list.at(frames) as unknown) !== undefined) frames += 1;
  return frames;
}

it('a record of very many events leaves next to nothing behind, though none follows it', async () => {
  const schema = schemaOf('m', ['x']);
  const lists = new Set<FrameList>();
  let batch: RecordBatch | undefined = {
    partition: key,
    from: 0,
    to: 1,
    records: [{ offset: 0, timestamp: 0, key: null, value: new Uint8Array(1), headers: new Map() }],
    logEnd: null,
  };
  const ending = new AbortController();
  ending.abort();
  const counted: number[] = [];
  const reading = new Reading({
    key,
    counting: {
      position: 0,
      anchor: null,
      pendingRecords: 1,
      judge: () => null,
      count: () => 'counted',
      recordCounted: () => undefined,
      unknownName: () => undefined,
      checkpoint: () => Promise.resolve({ outcome: 'committed', error: null }),
    } as unknown as PartitionCounting,
    control: { seek: () => undefined } as never,
    intake: {
      open: () => undefined,
      take() {
        const taken = batch === undefined ? undefined : { batch, afterSilence: false };
        batch = undefined;
        return taken;
      },
    } as unknown as Intake,
    view: {} as LogView,
    records: new RecordCounter({
      decoder: {
        decode(_: SourceRecord, __, into) {
          lists.add(into);
          for (let i = 0; i < EVENTS; i += 1) into.add(schema).unknownFeatures = 1;
          return null;
        },
      },
      counting: { schema: () => schema } as unknown as Counting,
      clock: systemClock,
    }),
    barrier: {
      reached: (_: PartitionCounting, frames: FrameList) => {
        counted.push(frames.length);
        return null;
      },
    } as unknown as TickBarrier,
    limits: {
      checkpointIntervalMs: 1_000,
      checkpointRecords: 1_000,
      checkpointBytes: 1 << 20,
      queueRecords: 1_000,
      queueBytes: 1 << 20,
    },
    clock: systemClock,
    log: createLog('silent'),
    metrics: noIngestMetrics,
    abandoned: new AbortController().signal,
    ending: ending.signal,
    committed: () => undefined,
    waitForWork: () => Promise.resolve(),
  });

  expect(await reading.run()).toBe('done');

  expect(counted).toEqual([EVENTS]);
  // One for counting, one for the names of what is unknown.
  expect(lists.size).toBe(2);
  for (const list of lists) expect(framesOf(list)).toBeLessThanOrEqual(64);
});
