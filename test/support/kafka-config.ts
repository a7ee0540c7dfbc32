import type { KafkaConfig, TopicStart } from '../../src/config/types.ts';
import { uniqueName } from './servers.ts';

/** The configuration of a source that reads these topics, by name alone from their first record, in a group of its own. */
export function kafkaConfig(
  brokers: readonly string[],
  topics: readonly (string | { readonly name: string; readonly start: TopicStart })[],
  changes: Partial<KafkaConfig> = {},
): KafkaConfig {
  return {
    brokers,
    group: uniqueName('group'),
    clientId: 'driftd',
    topics: topics.map((topic) => ({
      ...(typeof topic === 'string' ? { name: topic, start: 'earliest' } : topic),
      format: 'auto',
      mapping: {},
    })),
    tls: null,
    sasl: null,
    deadLetterTopic: null,
    sessionTimeoutMs: 6_000,
    ...changes,
  };
}
