import type { Admin } from 'kafkajs';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';

/** Type of a topic among Kafka's resources. */
const TOPIC_RESOURCE = 2;

/**
 * Makes sure that the topics exist; driftd never makes one.
 * @throws DriftdError KAFKA_TOPIC_MISSING | KAFKA_UNREACHABLE
 */
export async function assertTopics(
  admin: Admin,
  topics: readonly string[],
  where: string,
): Promise<void> {
  let existing: string[];
  try {
    existing = await admin.listTopics();
  } catch (thrown) {
    throw new DriftdError(
      'KAFKA_UNREACHABLE',
      `Kafka at ${where} does not list its topics: ${toError(thrown).message}; check that the login (kafka.sasl) is accepted and may describe them`,
      {
        cause: thrown,
      },
    );
  }
  const missing = topics.filter((topic) => !existing.includes(topic));
  if (missing.length > 0) {
    throw new DriftdError(
      'KAFKA_TOPIC_MISSING',
      `Kafka at ${where} has no topic ${missing.join(', ')}; create it, or correct kafka.topics (it has: ${
        existing
          .filter((name) => !name.startsWith('__'))
          .slice(0, 10)
          .join(', ') || 'none'
      })`,
    );
  }
}

/** May the topic lose single records to compaction? null: the login may not ask (DescribeConfigs). */
export async function compacts(admin: Admin, topic: string, log: Log): Promise<boolean | null> {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: TOPIC_RESOURCE, name: topic, configNames: ['cleanup.policy'] }],
    });
    const [policy] = resources.flatMap(({ configEntries }) => configEntries);
    return policy === undefined ? null : policy.configValue.split(',').includes('compact');
  } catch (thrown) {
    log.warn(
      { err: toError(thrown), topic },
      'the brokers do not tell whether the topic is compacted',
    );
    return null;
  }
}
