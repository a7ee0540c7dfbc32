import type { TestProject } from 'vitest/node';
import { testPostgres } from '../../scripts/servers/postgres.ts';
import { acquire, release } from './servers-shared.ts';

export async function setup(project: TestProject): Promise<void> {
  const server = await acquire('postgres', () => testPostgres());
  project.provide('postgresUrl', server.url);
}

export function teardown(): Promise<void> {
  return release('postgres');
}
