import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { calmIdleConnections } from '../../src/ingest/kafka/idle-connections.ts';
import { sleep } from '../../src/platform/clock.ts';
import { MODEL, STREAM_FROM, STREAM_TO } from './expectations.ts';
import { readFlights, toEvent } from './flights.ts';

const DAY_MS = 86_400_000;

export interface Topic {
  readonly brokers: readonly string[];
  readonly name: string;
  readonly partitions: number;
}

function client(brokers: readonly string[]): Kafka {
  calmIdleConnections();
  return new Kafka({
    clientId: 'flights-model',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
  });
}

/** Makes the topic of the prediction events. */
export async function createTopic({ brokers, name, partitions }: Topic): Promise<void> {
  const admin = client(brokers).admin();
  await admin.connect();
  try {
    await admin.createTopics({
      topics: [{ topic: name, numPartitions: partitions, replicationFactor: 1 }],
      waitForLeaders: true,
    });
  } finally {
    await admin.disconnect();
  }
}

export interface PublishOptions {
  /** How long a day of the stream takes, ms. */
  readonly dayMs: number;
  readonly signal: AbortSignal;
  /** Where the stream ends, ms since the epoch; by default at the end of the year. */
  readonly to?: number;
}

/**
 * Publishes February to December as JSON prediction events, a day at a time, in time order within each partition.
 * @returns how many events the broker acknowledged
 */
export async function publishFlights(topic: Topic, options: PublishOptions): Promise<number> {
  const producer = client(topic.brokers).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  let published = 0;
  try {
    for await (const messages of days(topic.partitions, options.to ?? STREAM_TO)) {
      if (options.signal.aborted) break;
      const started = performance.now();
      if (messages.length > 0) await producer.send({ topic: topic.name, acks: -1, messages });
      published += messages.length;
      await sleep(Math.max(0, options.dayMs - (performance.now() - started)), options.signal);
    }
  } finally {
    await producer.disconnect();
  }
  return published;
}

/** Writes the same events to a file, one a line. @returns how many */
export async function writeFlights(path: string): Promise<number> {
  const out = createWriteStream(path);
  let written = 0;
  for await (const flight of readFlights(STREAM_FROM, STREAM_TO)) {
    out.write(`${JSON.stringify(toEvent(flight, MODEL))}\n`);
    written += 1;
  }
  out.end();
  await finished(out);
  return written;
}

interface Message {
  readonly key: string;
  readonly value: string;
  readonly partition: number;
}

/** The stream cut into days; the k-th event of the stream goes to partition k mod P, so every partition is in time order. */
async function* days(partitions: number, to: number): AsyncGenerator<Message[]> {
  let day = STREAM_FROM;
  let messages: Message[] = [];
  let index = 0;
  for await (const flight of readFlights(STREAM_FROM, to)) {
    while (flight.time >= day + DAY_MS) {
      yield messages;
      day += DAY_MS;
      messages = [];
    }
    const value = JSON.stringify(toEvent(flight, MODEL));
    messages.push({ key: flight.id, value, partition: index % partitions });
    index += 1;
  }
  yield messages;
}
