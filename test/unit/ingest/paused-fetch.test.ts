import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

import { replaceModules } from '../../../src/ingest/kafka/replaced/replaced-modules.ts';

const load = createRequire(import.meta.url);
/** Longer than a test may take. */
const MAX_WAIT_MS = 600_000;

interface Partitions {
  topic: string;
  partitions: number[];
}

interface Group {
  maxWaitTime: number;
  fetch(node: number): Promise<unknown[]>;
  pause(partitions: Partitions[]): void;
  resume(partitions: Partitions[]): void;
}

/** kafkajs' group with two partitions on two brokers, as far as it fetches; what it asks the brokers for is noted. */
function groupOf(): { group: Group; asked: unknown[] } {
  replaceModules();
  const { prototype } = load('kafkajs/src/consumer/consumerGroup') as { prototype: Group };
  const State = load('kafkajs/src/consumer/subscriptionState') as new () => {
    assign(partitions: Partitions[]): void;
  };
  const state = new State();
  state.assign([{ topic: 'predictions', partitions: [0, 1] }]);
  const asked: unknown[] = [];
  const group = Object.assign(Object.create(prototype) as Group, {
    maxWaitTime: MAX_WAIT_MS,
    maxBytesPerPartition: 1,
    logger: { info: () => undefined },
    subscriptionState: state,
    cluster: {
      refreshMetadataIfNecessary: () => Promise.resolve(),
      findBroker: () =>
        Promise.resolve({
          fetch: ({ topics }: { topics: { partitions: { partition: number }[] }[] }) => {
            asked.push(topics.flatMap((one) => one.partitions.map(({ partition }) => partition)));
            return Promise.resolve({ responses: [] });
          },
        }),
    },
    checkForStaleAssignment: () => undefined,
    seekOffsets: () => Promise.resolve(),
    filterPartitionsByNode: (node: number, topics: Partitions[]) =>
      topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.filter((partition) => partition === node),
      })),
    offsetManager: {
      committedOffsets: () => ({ predictions: { 0: '5', 1: '5' } }),
      nextOffset: () => '5',
    },
  });
  return { group, asked };
}

const one = (partition: number): Partitions[] => [
  { topic: 'predictions', partitions: [partition] },
];

describe('a fetch of nothing but paused partitions', () => {
  it('goes on when one of them is resumed, and not before', async () => {
    const { group, asked } = groupOf();
    group.pause(one(0));
    const fetch = group.fetch(0);
    await new Promise(setImmediate);
    // Of another broker: nothing to fetch here.
    group.resume(one(1));
    await expect(fetch).resolves.toEqual([]);
    expect(asked).toEqual([]);
    const next = group.fetch(0);
    await new Promise(setImmediate);
    expect(asked).toEqual([]);
    group.resume(one(0));
    await next;
    expect(asked).toEqual([[0]]);
  });

  it('does not miss what is resumed while it looks at its brokers', async () => {
    const { group, asked } = groupOf();
    group.pause(one(0));
    const fetch = group.fetch(0);
    group.resume(one(0));
    await fetch;
    expect(asked).toEqual([[0]]);
  });

  it('ends without a request when nothing is resumed for as long as a fetch may take', async () => {
    const { group, asked } = groupOf();
    group.maxWaitTime = 1;
    group.pause(one(0));
    await expect(group.fetch(0)).resolves.toEqual([]);
    expect(asked).toEqual([]);
  });

  it('holds up no fetch from another broker', async () => {
    const { group, asked } = groupOf();
    group.pause(one(0));
    await group.fetch(1);
    expect(asked).toEqual([[1]]);
  });
});
