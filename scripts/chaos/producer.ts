import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import type { Admin, Producer } from 'kafkajs';
import { calmIdleConnections } from '../../src/ingest/kafka/idle-connections.ts';

/**
 * The only writer of a topic, which knows exactly what is in it: one batch a partition is under way at a time, and after
 * an error the end of the log tells whether it was written.
 */
export interface LedgerProducer {
  /** Writes the events with these numbers; returns when all of them are in the log, once. */
  send(ids: readonly number[]): Promise<void>;
  /** Records in the log, as the broker says. */
  logged(): Promise<number>;
  close(): Promise<void>;
}

const RETRY = { retries: 0, initialRetryTime: 100, maxRetryTime: 1_000 };
const BROKER_BACK_MS = 90_000;

export async function createProducer(
  brokers: readonly string[],
  topic: string,
  partitions: number,
  recordOf: (id: number) => string,
): Promise<LedgerProducer> {
  calmIdleConnections();
  const kafka = new Kafka({
    clientId: 'ledger',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    requestTimeout: 5_000,
    retry: RETRY,
  });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [{ topic, numPartitions: partitions, replicationFactor: 1 }],
    waitForLeaders: true,
  });
  const ends = Array.from({ length: partitions }, () => 0);
  let producer = await connected(kafka);

  /** Waits for the broker. @returns the ends of the partitions, by partition */
  async function logEnds(): Promise<number[]> {
    const limit = performance.now() + BROKER_BACK_MS;
    for (;;) {
      try {
        return await askEnds(admin, topic);
      } catch (thrown) {
        if (performance.now() > limit) throw thrown;
        await sleep(200);
        await admin.connect().catch(() => undefined);
      }
    }
  }

  return {
    async send(ids) {
      let left = Map.groupBy(ids, (id) => id % partitions);
      while (left.size > 0) {
        const topicMessages = [
          {
            topic,
            messages: [...left].flatMap(([partition, own]) =>
              own.map((id) => ({ partition, key: null, value: recordOf(id) })),
            ),
          },
        ];
        try {
          await producer.sendBatch({ topicMessages, acks: -1 });
          for (const [partition, own] of left)
            ends[partition] = (ends[partition] ?? 0) + own.length;
          return;
        } catch {
          await producer.disconnect().catch(() => undefined);
          // What was under way is written by now, or never will be.
          await sleep(500);
          const now = await logEnds();
          left = new Map([...left].filter(([partition]) => now[partition] === ends[partition]));
          now.forEach((end, partition) => (ends[partition] = end));
          producer = await connected(kafka);
        }
      }
    },
    logged: async () => (await logEnds()).reduce((sum, end) => sum + end, 0),
    async close() {
      await producer.disconnect().catch(() => undefined);
      await admin.disconnect().catch(() => undefined);
    },
  };
}

async function connected(kafka: Kafka): Promise<Producer> {
  const limit = performance.now() + BROKER_BACK_MS;
  for (;;) {
    const producer = kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
      retry: RETRY,
    });
    try {
      await producer.connect();
      return producer;
    } catch (thrown) {
      await producer.disconnect().catch(() => undefined);
      if (performance.now() > limit) throw thrown;
      await sleep(200);
    }
  }
}

async function askEnds(admin: Admin, topic: string): Promise<number[]> {
  const ends: number[] = [];
  for (const { partition, high } of await admin.fetchTopicOffsets(topic))
    ends[partition] = Number(high);
  return ends;
}
