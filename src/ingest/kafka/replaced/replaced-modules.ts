import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import path from 'node:path';
import { DriftdError } from '../../../platform/errors.ts';
import { rotateFetches } from './fetch-order.ts';
import { wakePausedFetches } from './paused-fetch.ts';
import { decodeFetchResponse } from '../protocol/fetch-response.ts';

const VERSION = '2.2.4';
/** Versions of Fetch with record batches, which kafkajs speaks: brokers from 0.11 on. */
const FETCH_VERSIONS = [4, 5, 6, 7, 8, 9, 10, 11] as const;
/** What the replacements take the place of, and what calls them. */
const RELIED_ON = [
  'consumer/batch.js',
  'consumer/consumerGroup.js',
  'consumer/filterAbortedMessages.js',
  'consumer/runner.js',
  'consumer/subscriptionState.js',
  'network/connection.js',
  'network/requestQueue/index.js',
  'network/socket.js',
  'protocol/requests/fetch/index.js',
  ...FETCH_VERSIONS.map((version) => `protocol/requests/fetch/v${version}/response.js`),
] as const;
const RELIED_ON_SHA256 = '53c940a70203af53c57ce619ea0a91c0e9932c2c43e37f1639bb6814d1928853';

interface ResponseModule {
  readonly decode: (bytes: Buffer) => Promise<unknown>;
  readonly parse: (data: unknown) => Promise<unknown>;
}

/**
 * Gives kafkajs our decoder of fetched batches in the place of its own, which hands over aborted records, stands still
 * on compacted segments, stops for good at snappy, lz4 and zstd and decompresses without a limit
 * (docs/decisions/ says more).
 *
 * The response modules are loaded by kafkajs each time one is needed, so this works before and after its first use. Runs
 * before the first consumer is made; more than once does no harm.
 * @throws DriftdError KAFKA_CLIENT_UNKNOWN when the client is not the very one that this is written for
 */
export function replaceModules(): void {
  const load = createRequire(import.meta.url);
  const manifest = load.resolve('kafkajs/package.json');
  const source = path.join(path.dirname(manifest), 'src');
  assertKnown(source, (load('kafkajs/package.json') as { version: string }).version);
  for (const version of FETCH_VERSIONS) replaceResponse(load, source, version);
  rotateFetches();
  wakePausedFetches();
}

/**
 * @param source kafkajs' folder `src`
 * @throws DriftdError KAFKA_CLIENT_UNKNOWN when a file that the replacements rely on is not as it was, or missing
 */
export function assertKnown(source: string, version: string): void {
  const hash = createHash('sha256');
  for (const file of RELIED_ON) hash.update(contentOf(path.join(source, file)));
  const digest = hash.digest('hex');
  if (version === VERSION && digest === RELIED_ON_SHA256) return;
  throw new DriftdError(
    'KAFKA_CLIENT_UNKNOWN',
    `kafkajs ${version} (${digest.slice(0, 12)}) is installed, driftd is made for ${VERSION} (${RELIED_ON_SHA256.slice(0, 12)}): run npm ci`,
  );
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.from('missing');
  }
}

function replaceResponse(load: NodeJS.Require, source: string, version: number): void {
  const file = path.join(source, `protocol/requests/fetch/v${version}/response.js`);
  const { parse } = load(file) as ResponseModule;
  const replacement = new Module(file);
  replacement.filename = file;
  replacement.loaded = true;
  replacement.exports = {
    decode: (bytes: Buffer) => decodeFetchResponse(version, bytes),
    parse,
  } satisfies ResponseModule;
  load.cache[file] = replacement;
}
