import type { KafkaConfig } from '../../src/config/types.ts';
import { uniqueName } from './servers.ts';

/** The configuration of a source that reads these topics from their first record, in a group of its own. */
export function kafkaConfig(
  brokers: readonly string[],
  topics: readonly string[],
  changes: Partial<KafkaConfig> = {},
): KafkaConfig {
  return {
    brokers,
    group: uniqueName('group'),
    clientId: 'driftd',
    topics: topics.map((name) => ({ name, start: 'earliest', format: 'auto', mapping: {} })),
    tls: null,
    sasl: null,
    sessionTimeoutMs: 6_000,
    ...changes,
  };
}
