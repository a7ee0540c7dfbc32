import { createKafkaSource } from '../../src/ingest/kafka/kafka-source.ts';
import { createLog } from '../../src/platform/log.ts';
import { kafkaConfig } from '../support/kafka-config.ts';
import { describeSource } from '../support/source-contract.ts';

describeSource('kafkajs', (brokers, topics) =>
  createKafkaSource(kafkaConfig(brokers, topics), createLog('silent')),
);
