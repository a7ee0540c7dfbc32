import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { KafkaConfig } from '../../config/types.ts';
import type { PartitionKey } from '../../core/domain/ingestion.ts';
import { systemClock } from '../../platform/clock.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { EventSource, LogRange, RecordConsumer, SourceControl } from '../event-source.ts';
import { createKafkaClient } from './client.ts';
import { replaceModules } from './replaced/replaced-modules.ts';
import { toRecordBatch } from './record-batch.ts';
import { SupervisedConsumer } from './supervised-consumer.ts';
import { assertTopics, compacts } from './topics.ts';
import { Watchdog } from './watchdog.ts';
import { within } from './within.ts';

/** New partitions are found within this time. */
const METADATA_MAX_AGE_MS = 30_000;
/** A broker that has not answered by then is not there. */
const START_MS = 20_000;
/** What one fetch may bring, as it is on the wire. */
const PARTITION_BYTES = 4 * 1024 * 1024;
const RESPONSE_BYTES = 16 * 1024 * 1024;
const LOG_END_POLL_MS = 5_000;
const COMMIT_MS = 5_000;
/** Records that wait for so many session timeouts while none comes: the client is stuck. */
const PATIENCE_SESSIONS = 4;
/** Longer than any rebalance: a client that has not joined its group by then does not try any more. */
const JOIN_MS = 120_000;
export const SOURCE_NAME = 'kafka';

/**
 * Kafka by kafkajs. The client only fetches and balances: positions come from the consumer by `seek`, its own commits are
 * off, and a handler that never throws keeps it from stopping for good.
 */
export function createKafkaSource(config: KafkaConfig, log: Log): EventSource {
  replaceModules();
  const kafka = createKafkaClient(config, log);
  return new KafkaSource(kafka, config, log);
}

class KafkaSource implements EventSource {
  readonly name = SOURCE_NAME;
  readonly remote = true;
  private readonly kafka: Kafka;
  private readonly config: KafkaConfig;
  private readonly log: Log;
  private readonly admin: Admin;
  private readonly supervised: SupervisedConsumer;
  private target: RecordConsumer | null = null;
  /** Raised with every assignment: a control or batch of an older one does nothing. */
  private generation = 0;
  private assignment: PartitionKey[] = [];
  private readonly courtesy = new Map<
    string,
    { topic: string; partition: number; offset: string }
  >();
  /** The brokers are being asked for the ends of the logs. */
  private asking = false;
  /** Since when the client is in no group, on the monotonic clock; null: it is in one. */
  private outSince: number | null = null;
  private timers: NodeJS.Timeout[] = [];
  private readonly watchdog: Watchdog;
  /** When a broker last answered, on the monotonic clock. */
  private answeredAt = systemClock.monotonic();

  constructor(kafka: Kafka, config: KafkaConfig, log: Log) {
    this.kafka = kafka;
    this.config = config;
    this.log = log;
    this.admin = kafka.admin();
    this.watchdog = new Watchdog(systemClock, config.sessionTimeoutMs * PATIENCE_SESSIONS);
    this.supervised = new SupervisedConsumer({
      make: () => this.makeConsumer(),
      topics: this.topicNames(),
      joined: (consumer, partitions) => {
        this.assign(consumer, partitions);
      },
      lost: () => {
        this.unassign();
      },
      batch: (consumer, payload) => this.take(consumer, payload),
      log,
    });
  }

  get silentMs(): number {
    return systemClock.monotonic() - this.answeredAt;
  }

  async start(target: RecordConsumer): Promise<void> {
    this.target = target;
    const where = this.config.brokers.join(', ');
    try {
      await within(START_MS, this.admin.connect());
    } catch (thrown) {
      throw new DriftdError(
        'KAFKA_UNREACHABLE',
        `no Kafka broker answers at ${where}: ${toError(thrown).message}; check kafka.brokers, and tls and sasl if the listener asks for them`,
        { cause: thrown },
      );
    }
    await assertTopics(this.admin, this.topicNames(), where);
    this.answeredAt = systemClock.monotonic();
    try {
      await this.supervised.start();
    } catch (thrown) {
      throw new DriftdError(
        'KAFKA_UNREACHABLE',
        `Kafka at ${where} does not let driftd join the consumer group "${this.config.group}": ${toError(thrown).message}; check that the login may read the group (kafka.group) and its topics`,
        { cause: thrown },
      );
    }
    this.timers = [
      setInterval(() => void this.tellLogEnds(), LOG_END_POLL_MS),
      setInterval(() => void this.commitCourtesy(), COMMIT_MS),
    ];
  }

  private makeConsumer(): Consumer {
    return this.kafka.consumer({
      groupId: this.config.group,
      sessionTimeout: this.config.sessionTimeoutMs,
      heartbeatInterval: Math.round(this.config.sessionTimeoutMs / 5),
      rebalanceTimeout: Math.max(30_000, this.config.sessionTimeoutMs * 2),
      metadataMaxAge: METADATA_MAX_AGE_MS,
      maxWaitTimeInMs: 250,
      maxBytesPerPartition: PARTITION_BYTES,
      maxBytes: RESPONSE_BYTES,
      allowAutoTopicCreation: false,
      retry: {
        retries: 20,
        initialRetryTime: 200,
        maxRetryTime: 5_000,
        restartOnFailure: () => Promise.resolve(true),
      },
    });
  }

  /** Nothing is read until the next assignment. */
  private unassign(): void {
    this.generation += 1;
    this.assignment = [];
    this.outSince ??= systemClock.monotonic();
    this.courtesy.clear();
    this.watchdog.reset();
    this.target?.unassigned();
  }

  private topicNames(): string[] {
    return this.config.topics.map(({ name }) => name);
  }

  private key(topic: string, partition: number): PartitionKey {
    return { source: SOURCE_NAME, topic, partition };
  }

  private assign(consumer: Consumer, byTopic: Readonly<Record<string, number[]>>): void {
    this.generation += 1;
    this.outSince = null;
    this.courtesy.clear();
    this.watchdog.reset();
    this.assignment = Object.entries(byTopic).flatMap(([topic, partitions]) =>
      partitions.map((partition) => this.key(topic, partition)),
    );
    this.log.info({ partitions: this.assignment.length }, 'partitions assigned');
    this.target?.assigned(this.assignment, this.control(consumer, this.generation));
    void this.tellLogEnds();
  }

  private control(consumer: Consumer, generation: number): SourceControl {
    const live = (): boolean =>
      generation === this.generation && consumer === this.supervised.current;
    const guarded = (what: string, action: () => void): void => {
      if (!live()) return;
      try {
        action();
      } catch (thrown) {
        // Between two assignments the client knows no partitions: the next one starts everything afresh.
        this.log.debug({ err: toError(thrown) }, `${what} came between two assignments`);
      }
    };
    return {
      seek: (key, offset) => {
        guarded('a seek', () => {
          this.watchdog.moved(key, offset);
          consumer.seek({ topic: key.topic, partition: key.partition, offset: String(offset) });
        });
      },
      pause: (key) => {
        guarded('a pause', () => {
          this.watchdog.pause(key);
          consumer.pause([{ topic: key.topic, partitions: [key.partition] }]);
        });
      },
      resume: (key) => {
        guarded('a resume', () => {
          this.watchdog.resume(key);
          consumer.resume([{ topic: key.topic, partitions: [key.partition] }]);
        });
      },
      startOffsets: (topic) => this.startOffsets(topic),
      logRange: (key) => this.logRange(key),
      compacts: (topic) => compacts(this.admin, topic, this.log),
      committed: ({ topic, partition }, offset) => {
        if (live())
          this.courtesy.set(`${topic}/${partition}`, { topic, partition, offset: String(offset) });
      },
    };
  }

  /** Never throws: an error here would stop the client for good. */
  private async take(consumer: Consumer, payload: EachBatchPayload): Promise<void> {
    if (consumer !== this.supervised.current) return;
    const { batch } = payload;
    this.answeredAt = systemClock.monotonic();
    const generation = this.generation;
    try {
      const records = toRecordBatch(SOURCE_NAME, batch);
      this.watchdog.moved(records.partition, records.to);
      const taken = this.target?.batch(records) ?? false;
      if (!taken && generation === this.generation) {
        this.watchdog.pause(records.partition);
        payload.pause();
      }
    } catch (thrown) {
      this.log.warn(
        { err: toError(thrown), topic: batch.topic, partition: batch.partition },
        'a batch was not taken',
      );
    }
    try {
      await payload.heartbeat();
    } catch (thrown) {
      // A rebalance, mostly: the client's own next heartbeat notices it as well and joins again.
      this.log.debug({ err: toError(thrown) }, 'a heartbeat failed');
    }
  }

  private async startOffsets(topic: string): Promise<ReadonlyMap<number, number>> {
    const start = this.config.topics.find(({ name }) => name === topic)?.start ?? 'earliest';
    const offsets =
      typeof start === 'number'
        ? await this.admin.fetchTopicOffsetsByTimestamp(topic, start)
        : (await this.admin.fetchTopicOffsets(topic)).map((row) => ({
            partition: row.partition,
            offset: start === 'latest' ? row.high : row.low,
          }));
    return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]));
  }

  private async logRange({ topic, partition }: PartitionKey): Promise<LogRange> {
    const offsets = await this.admin.fetchTopicOffsets(topic);
    const found = offsets.find((row) => row.partition === partition);
    if (found === undefined) throw new Error(`Kafka knows no partition ${partition} of ${topic}`);
    return { start: Number(found.low), end: Number(found.high) };
  }

  private async tellLogEnds(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    const { generation } = this;
    try {
      const ends: { key: PartitionKey; start: number; end: number }[] = [];
      const topics = new Set(this.assignment.map((key) => key.topic));
      // A process without partitions asks, too, so that it knows whether the brokers are there.
      if (topics.size === 0) await this.admin.fetchTopicMetadata({ topics: this.topicNames() });
      for (const topic of topics) {
        for (const { partition, low, high } of await this.admin.fetchTopicOffsets(topic))
          ends.push({ key: this.key(topic, partition), start: Number(low), end: Number(high) });
      }
      this.answeredAt = systemClock.monotonic();
      if (generation !== this.generation) return;
      this.lookAtGroup();
      for (const { key, end, start } of ends) this.target?.logEnd(key, end, start);
      const stuck = this.watchdog.stuck(ends);
      if (stuck.length > 0) {
        this.watchdog.reset();
        const names = stuck.slice(0, 5).map(({ topic, partition }) => `${topic}/${partition}`);
        this.supervised.rebuild(
          new Error(
            `records of ${names.join(', ')}${stuck.length > 5 ? ' and others' : ''} wait at the brokers, and none has come for long`,
          ),
        );
      }
    } catch (thrown) {
      this.watchdog.excuse();
      if (this.outSince !== null) this.outSince = systemClock.monotonic();
      this.log.debug({ err: toError(thrown) }, 'asking for the ends of the log failed');
    } finally {
      this.asking = false;
    }
  }

  /** The brokers answer: a client that is in no group for long has given up without a word. */
  private lookAtGroup(): void {
    const now = systemClock.monotonic();
    if (this.outSince === null || now - this.outSince <= JOIN_MS) return;
    this.outSince = now;
    this.supervised.rebuild(new Error('the consumer group has not been joined for long'));
  }

  private async commitCourtesy(): Promise<void> {
    const consumer = this.supervised.current;
    if (this.courtesy.size === 0 || consumer === null) return;
    const offsets = [...this.courtesy.values()];
    this.courtesy.clear();
    try {
      await consumer.commitOffsets(offsets);
    } catch (thrown) {
      this.log.debug({ err: toError(thrown) }, 'the courtesy commit to the broker failed');
    }
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.commitCourtesy();
    await this.supervised.stop();
    await this.admin.disconnect().catch(() => undefined);
  }
}
