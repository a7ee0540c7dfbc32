import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { KafkaConfig } from '../../config/types.ts';
import type { PartitionKey } from '../../core/domain/ingestion.ts';
import { createBackoff } from '../../platform/backoff.ts';
import { sleep, systemClock } from '../../platform/clock.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { EventSource, LogRange, RecordConsumer, SourceControl } from '../event-source.ts';
import { createKafkaClient } from './client.ts';
import { replaceModules } from './replaced-modules.ts';
import { toRecordBatch } from './record-batch.ts';
import { assertTopics } from './topics.ts';
import { Watchdog } from './watchdog.ts';

/** New partitions are found within this time. */
const METADATA_MAX_AGE_MS = 30_000;
/** A broker that has not answered by then is not there. */
const START_MS = 20_000;
/** What one fetch may bring, as it is on the wire. */
const PARTITION_BYTES = 4 * 1024 * 1024;
const RESPONSE_BYTES = 16 * 1024 * 1024;
const LOG_END_POLL_MS = 5_000;
const COMMIT_MS = 5_000;
const DISCONNECT_MS = 5_000;
/** Records that wait for so many session timeouts while none comes: the client is stuck. */
const PATIENCE_SESSIONS = 4;
const REBUILDS_MS = 600_000;
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
  private readonly kafka: Kafka;
  private readonly config: KafkaConfig;
  private readonly log: Log;
  private readonly admin: Admin;
  private consumer: Consumer | null = null;
  private target: RecordConsumer | null = null;
  /** Raised with every assignment: a control or batch of an older one does nothing. */
  private generation = 0;
  private assignment: PartitionKey[] = [];
  private readonly courtesy = new Map<
    string,
    { topic: string; partition: number; offset: string }
  >();
  private timers: NodeJS.Timeout[] = [];
  private readonly stopped = new AbortController();
  private readonly watchdog: Watchdog;
  private rebuilding: Promise<void> | null = null;
  /** When consumers were rebuilt lately: often, and the next one waits longer. */
  private rebuilds: number[] = [];
  /** When a broker last answered, on the monotonic clock. */
  private answeredAt = systemClock.monotonic();

  constructor(kafka: Kafka, config: KafkaConfig, log: Log) {
    this.kafka = kafka;
    this.config = config;
    this.log = log;
    this.admin = kafka.admin();
    this.watchdog = new Watchdog(systemClock, config.sessionTimeoutMs * PATIENCE_SESSIONS);
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
    await this.connectConsumer();
    this.timers = [
      setInterval(() => void this.tellLogEnds(), LOG_END_POLL_MS),
      setInterval(() => void this.commitCourtesy(), COMMIT_MS),
    ];
  }

  private async connectConsumer(): Promise<void> {
    const consumer = this.kafka.consumer({
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
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.assign(consumer, payload.memberAssignment);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart && consumer === this.consumer) this.rebuild(payload.error);
    });
    this.consumer = consumer;
    await consumer.connect();
    // Always from the beginning: what the client would read is of no weight, custody sends it to the stored position.
    await consumer.subscribe({
      topics: this.topicNames(),
      fromBeginning: true,
    });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => this.take(consumer, payload),
    });
  }

  /** kafkajs stops for good after errors that it does not expect; then a new consumer takes its place. */
  private rebuild(cause: Error): void {
    if (this.stopped.signal.aborted || this.rebuilding !== null) return;
    this.log.warn({ err: cause }, 'the Kafka consumer stopped; starting another');
    this.rebuilding = (async () => {
      const backoff = createBackoff({ baseMs: 500, capMs: 30_000, floorMs: 250 });
      const now = systemClock.monotonic();
      this.rebuilds = [...this.rebuilds.filter((at) => now - at < REBUILDS_MS), now];
      for (let attempt = this.rebuilds.length - 1; !this.stopped.signal.aborted; attempt += 1) {
        if (attempt > 0) await sleep(backoff.delay(attempt), this.stopped.signal);
        await this.disconnect();
        try {
          await this.connectConsumer();
          return;
        } catch (thrown) {
          this.log.warn({ err: toError(thrown) }, 'starting a Kafka consumer failed');
        }
      }
    })().finally(() => {
      this.rebuilding = null;
    });
  }

  /** The old consumer's calls count for nothing from here on, even if it does not end. */
  private async disconnect(): Promise<void> {
    const { consumer } = this;
    this.consumer = null;
    this.generation += 1;
    if (consumer === null) return;
    await within(DISCONNECT_MS, consumer.disconnect()).catch((thrown: unknown) => {
      this.log.debug({ err: toError(thrown) }, 'leaving the consumer group failed');
    });
  }

  private topicNames(): string[] {
    return this.config.topics.map(({ name }) => name);
  }

  private key(topic: string, partition: number): PartitionKey {
    return { source: SOURCE_NAME, topic, partition };
  }

  private assign(consumer: Consumer, byTopic: Readonly<Record<string, number[]>>): void {
    if (consumer !== this.consumer) return;
    this.generation += 1;
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
    const live = (): boolean => generation === this.generation && consumer === this.consumer;
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
      committed: ({ topic, partition }, offset) => {
        if (live())
          this.courtesy.set(`${topic}/${partition}`, { topic, partition, offset: String(offset) });
      },
    };
  }

  /** Never throws: an error here would stop the client for good. */
  private async take(consumer: Consumer, payload: EachBatchPayload): Promise<void> {
    if (consumer !== this.consumer) return;
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
    const { generation } = this;
    try {
      const ends: { key: PartitionKey; end: number }[] = [];
      const topics = new Set(this.assignment.map((key) => key.topic));
      // A process without partitions asks, too, so that it knows whether the brokers are there.
      if (topics.size === 0) await this.admin.fetchTopicMetadata({ topics: this.topicNames() });
      for (const topic of topics) {
        for (const { partition, high } of await this.admin.fetchTopicOffsets(topic))
          ends.push({ key: this.key(topic, partition), end: Number(high) });
      }
      this.answeredAt = systemClock.monotonic();
      if (generation !== this.generation) return;
      for (const { key, end } of ends) this.target?.logEnd(key, end);
      if (this.watchdog.isStuck(ends)) {
        this.watchdog.reset();
        this.rebuild(new Error('records wait at the brokers, and none has come for long'));
      }
    } catch (thrown) {
      this.watchdog.excuse();
      this.log.debug({ err: toError(thrown) }, 'asking for the ends of the log failed');
    }
  }

  private async commitCourtesy(): Promise<void> {
    if (this.courtesy.size === 0 || this.consumer === null) return;
    const offsets = [...this.courtesy.values()];
    this.courtesy.clear();
    try {
      await this.consumer.commitOffsets(offsets);
    } catch (thrown) {
      this.log.debug({ err: toError(thrown) }, 'the courtesy commit to the broker failed');
    }
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    for (const timer of this.timers) clearInterval(timer);
    await Promise.race([this.rebuilding, sleep(DISCONNECT_MS)]);
    await this.commitCourtesy();
    await this.disconnect();
    await this.admin.disconnect().catch(() => undefined);
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${ms / 1000} s`));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
