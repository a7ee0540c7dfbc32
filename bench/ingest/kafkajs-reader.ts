import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { Stopwatch } from './stopwatch.ts';
import { FETCH } from './task.ts';
import type { Order, Reading, Task } from './task.ts';

type Handle = (value: Buffer) => void;

interface Event {
  readonly features: Readonly<Record<string, number | string | null>>;
}

/** What a worker does that somebody writes in an afternoon: parse, and count each feature in a Map. Nothing is durable. */
function countingIntoMaps(): Handle {
  const counts = new Map<string, Map<number | string | null, number>>();
  return (value) => {
    const { features } = JSON.parse(value.toString()) as Event;
    for (const name in features) {
      const got = features[name] ?? null;
      const bin = typeof got === 'number' ? Math.floor(got * 10) : got;
      let bins = counts.get(name);
      if (bins === undefined) {
        bins = new Map();
        counts.set(name, bins);
      }
      bins.set(bin, (bins.get(bin) ?? 0) + 1);
    }
  };
}

function handleOf(reader: Order['reader']): Handle {
  if (reader === 'maps') return countingIntoMaps();
  if (reader === 'raw') return () => undefined;
  return (value) => {
    JSON.parse(value.toString());
  };
}

/** kafkajs as it is, with batches as large as driftd asks for; reads the topic once. */
export async function readWithKafkajs(task: Task, reader: Order['reader']): Promise<Reading> {
  const kafka = new Kafka({ brokers: [...task.brokers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({
    groupId: randomUUID(),
    maxWaitTimeInMs: 250,
    maxBytesPerPartition: FETCH.partition,
    maxBytes: FETCH.response,
  });
  const watch = new Stopwatch();
  const handle = handleOf(reader);
  const { promise: all, resolve: done } = Promise.withResolvers<Reading>();
  consumer.on(consumer.events.GROUP_JOIN, () => {
    watch.start();
  });
  await consumer.connect();
  await consumer.subscribe({ topic: task.topic, fromBeginning: true });
  let left = task.events;
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch, heartbeat }) => {
      for (const { value } of batch.messages) {
        if (value === null) continue;
        handle(value);
        left -= 1;
        if (left === 0) done(watch.stop());
      }
      await heartbeat();
    },
  });
  const reading = await all;
  await consumer.disconnect();
  return reading;
}
