import { expect, it } from 'vitest';
import type { CountedModelPlan, ModelRegistry } from '../../../src/accumulate/model-registry.ts';
import { PartitionAccumulator } from '../../../src/accumulate/partition-accumulator.ts';
import type { SegmentIds } from '../../../src/accumulate/segment-ids.ts';
import { EventFrame } from '../../../src/core/domain/event-frame.ts';
import type { IngestStore } from '../../../src/storage/ingest-store.ts';

const PLANS = new Map(
  [1, 2].map((modelId): [number, CountedModelPlan] => [
    modelId,
    {
      schema: {
        modelId,
        model: `m${modelId}`,
        features: [],
        indexOf: new Map(),
        attributes: [],
      },
      allowedLatenessMs: 0,
      sets: [],
    },
  ]),
);

function accumulator(): PartitionAccumulator {
  return new PartitionAccumulator({
    claim: {
      part: 1,
      epoch: 1,
      nextOffset: 0,
      state: 'ok',
      reason: null,
      anchorOffset: null,
      anchorHash: null,
    },
    progress: [],
    seen: null,
    sealed: new Map(),
    store: { loadTiles: () => Promise.resolve([]) } as Partial<IngestStore> as IngestStore,
    registry: {
      version: 1,
      plan: ({ schema }: EventFrame) => PLANS.get(schema?.modelId ?? 0),
      planOf: (modelId: number) => PLANS.get(modelId),
    } as unknown as ModelRegistry,
    segmentIds: {
      of: () => ['all'],
      idOf: () => Promise.resolve(1),
    } as Partial<SegmentIds> as SegmentIds,
    memory: { limitBytes: Infinity, bytes: 0 },
    futureToleranceMs: 0,
    lateHorizonMs: 1_000,
    payloadKept: 'redacted',
  });
}

it('each checkpoint has the progress of the models that had events since the last one', async () => {
  const counted = accumulator();
  const frame = new EventFrame();
  const count = (modelId: number, time: number) => {
    frame.reset((PLANS.get(modelId) as CountedModelPlan).schema);
    frame.time = time;
    expect(counted.count(frame)).toBe('counted');
    counted.recordCounted();
  };
  let next = 0;
  const checkpoint = async () => {
    next += counted.pendingRecords;
    const write = await counted.prepare(next, null);
    counted.committed(write);
    expect([counted.position, counted.pendingRecords]).toEqual([next, 0]);
    return write.progress.map(({ modelId, events, maxEventTime }) => [
      modelId,
      events,
      maxEventTime,
    ]);
  };
  count(1, 5_000);
  count(1, 6_000);
  expect(await checkpoint()).toEqual([[1, 2, 6_000]]);
  // Of the same model as the last event before the checkpoint.
  count(1, 7_000);
  expect(await checkpoint()).toEqual([[1, 3, 7_000]]);
  count(2, 1_000);
  expect(await checkpoint()).toEqual([[2, 1, 1_000]]);
  expect(await checkpoint()).toEqual([]);
});
