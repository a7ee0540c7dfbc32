import type { Admin } from 'kafkajs';
import type { KafkaConfig } from '../../config/types.ts';
import { toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { LogRange } from '../event-source.ts';
import { createKafkaClient } from './client.ts';

/** What the brokers say about themselves and the topics that driftd reads. */
export interface KafkaFacts {
  readonly brokers: readonly string[];
  /** Release that the brokers speak among themselves, like 3.9; null: they do not tell. */
  readonly version: string | null;
  readonly topics: ReadonlyMap<string, TopicFacts>;
  readonly group: { readonly state: string; readonly members: number } | null;
}

export interface TopicFacts {
  /** By partition; empty: there is no such topic. */
  readonly partitions: ReadonlyMap<number, LogRange>;
  /** Partitions that hold records dated after `aheadOf`. */
  readonly ahead: readonly number[];
}

const ANSWER_MS = 10_000;
/** Type of a broker among Kafka's resources. */
const BROKER_RESOURCE = 4;
const VERSION_KEYS = ['metadata.version', 'inter.broker.protocol.version'];

/**
 * Asks the brokers once; reads no record.
 * @param aheadOf ms since the epoch: no record should be dated later than this
 * @throws Error when no broker answers within 10 s, or none accepts the login
 */
export async function inspectKafka(
  config: KafkaConfig,
  aheadOf: number,
  log: Log,
): Promise<KafkaFacts> {
  const admin = createKafkaClient(config, log).admin();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${ANSWER_MS / 1_000} s`));
    }, ANSWER_MS);
  });
  try {
    return await Promise.race([ask(admin, config, aheadOf, log), late]);
  } finally {
    clearTimeout(timer);
    await Promise.race([
      admin.disconnect().catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, 1_000)),
    ]);
  }
}

async function ask(
  admin: Admin,
  config: KafkaConfig,
  aheadOf: number,
  log: Log,
): Promise<KafkaFacts> {
  await admin.connect();
  const { brokers } = await admin.describeCluster();
  const existing = new Set(await admin.listTopics());
  const topics = new Map<string, TopicFacts>();
  for (const { name } of config.topics) {
    topics.set(
      name,
      existing.has(name)
        ? await askTopic(admin, name, aheadOf)
        : { partitions: new Map(), ahead: [] },
    );
  }
  // Not every login may ask these; nothing depends on them.
  const told = <T>(what: string, answer: Promise<T>): Promise<T | null> =>
    answer.catch((thrown: unknown) => {
      log.debug({ err: toError(thrown) }, `the brokers do not tell ${what}`);
      return null;
    });
  return {
    brokers: brokers.map(({ host, port }) => `${host}:${port}`),
    version: await told('their version', askVersion(admin, brokers[0]?.nodeId ?? 0)),
    topics,
    group: await told('the consumer group', askGroup(admin, config.group)),
  };
}

async function askTopic(admin: Admin, topic: string, aheadOf: number): Promise<TopicFacts> {
  const ranges = await admin.fetchTopicOffsets(topic);
  const partitions = new Map(
    ranges.map(({ partition, low, high }) => [
      partition,
      { start: Number(low), end: Number(high) },
    ]),
  );
  // The first record dated so late or later; the end of the log when there is none.
  const later = await admin.fetchTopicOffsetsByTimestamp(topic, aheadOf);
  const ahead = later
    .filter(({ partition, offset }) => Number(offset) < (partitions.get(partition)?.end ?? 0))
    .map(({ partition }) => partition);
  return { partitions, ahead };
}

async function askVersion(admin: Admin, broker: number): Promise<string | null> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: BROKER_RESOURCE, name: String(broker), configNames: VERSION_KEYS }],
  });
  const entries = resources.flatMap(({ configEntries }) => configEntries);
  return (
    entries.find(({ configValue }) => configValue !== '' && configValue !== null)?.configValue ??
    null
  );
}

async function askGroup(admin: Admin, group: string): Promise<KafkaFacts['group']> {
  const { groups } = await admin.describeGroups([group]);
  const [found] = groups;
  return found === undefined ? null : { state: found.state, members: found.members.length };
}
