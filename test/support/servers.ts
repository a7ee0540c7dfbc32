import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { createDatabase } from '../../scripts/servers/postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Server URL of the run's Postgres (integration, e2e). */
    postgresUrl: string;
    /** Brokers of the run's Kafka (e2e). */
    kafkaBrokers: string[];
  }
}

/** Connection string of the run's Postgres server. */
export function postgresUrl(): string {
  return inject('postgresUrl');
}

/** A fresh, empty database of the caller's own. */
export function freshDatabase(): Promise<string> {
  return createDatabase(postgresUrl());
}

/** The run's Kafka brokers. Topics and groups are shared: take a `uniqueName`. */
export function kafkaBrokers(): string[] {
  return inject('kafkaBrokers');
}

/** A name that no other test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}
