import type { TestProject } from 'vitest/node';
import { startKafka } from '../../scripts/servers/kafka.ts';
import { acquire, release } from './servers-shared.ts';

export async function setup(project: TestProject): Promise<void> {
  const server = await acquire('kafka', () => startKafka());
  project.provide('kafkaBrokers', server.brokers);
}

export function teardown(): Promise<void> {
  return release('kafka');
}
