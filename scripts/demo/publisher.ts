import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { sleep } from '../../src/platform/clock.ts';
import { MODEL, STREAM_FROM, STREAM_TO } from './expectations.ts';
import { readFlights, toEvent } from './flights.ts';

const DAY_MS = 86_400_000;

export interface PublishOptions {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly partitions: number;
  /** How long a day of the stream takes, ms. */
  readonly dayMs: number;
  readonly signal: AbortSignal;
  /** Told after each day: how many events so far, and which day it was (ms since the epoch). */
  readonly onDay: (published: number, day: number) => void;
}

/**
 * Publishes February to December as JSON prediction events, a day at a time, in time order within each partition.
 * @returns how many events the broker acknowledged
 */
export async function publishFlights(options: PublishOptions): Promise<number> {
  const kafka = new Kafka({
    clientId: 'flights-model',
    brokers: [...options.brokers],
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [{ topic: options.topic, numPartitions: options.partitions, replicationFactor: 1 }],
    waitForLeaders: true,
  });
  await admin.disconnect();
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  let published = 0;
  try {
    for await (const { day, messages } of days(options.partitions)) {
      if (options.signal.aborted) break;
      const started = performance.now();
      if (messages.length > 0) await producer.send({ topic: options.topic, acks: -1, messages });
      published += messages.length;
      options.onDay(published, day);
      await sleep(Math.max(0, options.dayMs - (performance.now() - started)), options.signal);
    }
  } finally {
    await producer.disconnect();
  }
  return published;
}

interface Day {
  readonly day: number;
  readonly messages: { key: string; value: string; partition: number }[];
}

/** The stream cut into days; the k-th event of the stream goes to partition k mod P, so every partition is in time order. */
async function* days(partitions: number): AsyncGenerator<Day> {
  let day = STREAM_FROM;
  let messages: Day['messages'] = [];
  let index = 0;
  for await (const flight of readFlights(STREAM_FROM, STREAM_TO)) {
    while (flight.time >= day + DAY_MS) {
      yield { day, messages };
      day += DAY_MS;
      messages = [];
    }
    const value = JSON.stringify(toEvent(flight, MODEL));
    messages.push({ key: flight.id, value, partition: index % partitions });
    index += 1;
  }
  yield { day, messages };
}
