import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  assertKnown,
  replaceModules,
} from '../../../src/ingest/kafka/replaced/replaced-modules.ts';

const INSTALLED = path.join(
  path.dirname(createRequire(import.meta.url).resolve('kafkajs/package.json')),
  'src',
);
const REFUSAL = /^kafkajs .* is installed, driftd is made for 2\.2\.4 .*: run npm ci$/;

describe('the client that driftd replaces modules of', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'driftd-client-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** A copy of the installed client that may be changed. */
  const copy = (name: string): string => {
    const to = path.join(folder, name);
    cpSync(INSTALLED, to, { recursive: true });
    return to;
  };

  it('is taken as it is installed, more than once', () => {
    replaceModules();
    replaceModules();
    assertKnown(copy('same'), '2.2.4');
  });

  it.each(['consumer/runner.js', 'consumer/subscriptionState.js', 'network/requestQueue/index.js'])(
    'is refused when %s is another one than is relied on',
    (file) => {
      const changed = copy(path.basename(file));
      appendFileSync(path.join(changed, file), '\n// patched\n');
      expect(() => {
        assertKnown(changed, '2.2.4');
      }).toThrow(REFUSAL);
    },
  );

  it('is refused when a file is missing, or in another version, with a code and a way out', () => {
    const without = copy('without');
    rmSync(path.join(without, 'protocol/requests/fetch/v11/response.js'));
    for (const [source, version] of [
      [without, '2.2.4'],
      [INSTALLED, '2.3.0'],
    ] as const)
      expect(() => {
        assertKnown(source, version);
      }).toThrow(expect.objectContaining({ code: 'KAFKA_CLIENT_UNKNOWN' }));
  });
});

describe('a fetch', () => {
  it('asks for every assigned partition, and begins with each of them in the long run', () => {
    replaceModules();
    const load = createRequire(import.meta.url);
    const State = load('kafkajs/src/consumer/subscriptionState') as new () => {
      assign(partitions: { topic: string; partitions: number[] }[]): void;
      assigned(): { topic: string; partitions: number[] }[];
    };
    const state = new State();
    state.assign([{ topic: 'predictions', partitions: [0, 1, 2, 3] }]);
    const first = new Set<number | undefined>();
    for (let fetch = 0; fetch < 1_000; fetch += 1) {
      const [asked] = state.assigned();
      first.add(asked?.partitions[0]);
      expect(asked?.partitions.toSorted()).toEqual([0, 1, 2, 3]);
    }
    expect(first.size).toBe(4);
  });
});
