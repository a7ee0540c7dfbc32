import { createRequire } from 'node:module';
import { DriftdError } from '../../platform/errors.ts';

/** kafkajs' batch of one fetch; `messages` are those of `rawMessages` that an application may see. */
interface ClientBatch {
  readonly rawMessages: readonly unknown[];
  isEmpty(): boolean;
  isEmptyDueToFiltering(): boolean;
}

const VERSION = '2.2.4';

/**
 * Makes kafkajs hand over batches in which nothing is left for the application: only transaction markers, aborted records
 * or a compacted tail. Untouched it moves past them by itself and tells nobody, and the next batch seems to start beyond
 * a hole. Handed over, they are intervals of offsets like any other.
 *
 * Runs once, before the first consumer is made.
 * @throws DriftdError KAFKA_CLIENT_UNKNOWN when the client is not the version this is written for
 */
export function deliverEmptyBatches(): void {
  const load = createRequire(import.meta.url);
  const { version } = load('kafkajs/package.json') as { version: string };
  if (version !== VERSION) {
    throw new DriftdError(
      'KAFKA_CLIENT_UNKNOWN',
      `kafkajs ${version} is installed, driftd is made for ${VERSION}: run npm ci`,
    );
  }
  const { prototype } = load('kafkajs/src/consumer/batch') as { prototype: ClientBatch };
  prototype.isEmpty = function isEmpty(): boolean {
    return this.rawMessages.length === 0;
  };
  prototype.isEmptyDueToFiltering = () => false;
}
