import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startKafka } from '../../scripts/servers/kafka.ts';
import { sleep } from '../../src/platform/clock.ts';
import { startOracle } from './kafka-oracle.ts';
import type { KafkaOracle, OracleRecord } from './kafka-oracle.ts';
import { CODECS, COMPACTIONS, ODDITIES, TRANSACTIONS } from './source-cases.ts';
import type { SourceCase } from './source-cases.ts';
import { describeSteering } from './source-behaviour.ts';
import type { MakeSource } from './source-behaviour.ts';
import { SourceReader } from './source-reader.ts';
import type { ReadRecord } from './source-reader.ts';

/** Cleans compacted topics at once, closes segments as small as they are. */
const BROKER = {
  'log.cleaner.backoff.ms': '100',
  'log.retention.check.interval.ms': '500',
  'message.max.bytes': '2000000',
};
const GROUPS = {
  transactions: TRANSACTIONS,
  'compacted topics': COMPACTIONS,
  codecs: CODECS,
  oddities: ODDITIES,
} as const;
const GROWN = 'grown';
const CLEANED_MS = 60_000;

interface Prepared {
  readonly topic: string;
  readonly seen: readonly OracleRecord[];
}

/** What every Kafka source must do: hand over exactly what Apache Kafka's own consumer sees of committed data. */
export function describeSource(name: string, make: MakeSource): void {
  describeSteering(name, make);
  describe(`the source on ${name} hands over what the Java consumer sees`, () => {
    const prepared = new Map<SourceCase, Prepared>();
    const stops: (() => Promise<void>)[] = [];
    let reader: SourceReader;

    beforeAll(async () => {
      const server = await startKafka({ settings: BROKER });
      stops.push(() => server.stop());
      const kafka = await startOracle(server.brokers);
      stops.push(() => kafka.stop());
      await kafka.run('create', GROWN, 1);
      const cases = Object.values(GROUPS).flat();
      for (const [at, one] of cases.entries()) {
        const topic = `case-${at}`;
        await kafka.run('create', topic, one.partitions ?? 1, ...(one.settings ?? []));
        await one.produce(kafka, topic);
      }
      for (const [at, one] of cases.entries())
        prepared.set(one, { topic: `case-${at}`, seen: await settled(kafka, `case-${at}`, one) });
      reader = new SourceReader(
        make(
          server.brokers,
          [...cases.map((_, at) => `case-${at}`), GROWN].map((topic) => ({
            name: topic,
            start: 'earliest',
          })),
        ),
      );
      stops.push(() => reader.stop());
      await reader.start();
      await grow(kafka);
    });

    afterAll(async () => {
      for (const stop of stops.reverse()) await stop();
    });

    const preparedFor = (one: SourceCase): Prepared => {
      const found = prepared.get(one);
      if (found === undefined) throw new Error(`"${one.name}" was not prepared`);
      return found;
    };

    for (const [group, cases] of Object.entries(GROUPS)) {
      describe(`of ${group}`, () => {
        it.each(cases)('$name', async (one) => {
          const { topic, seen } = preparedFor(one);
          await reader.readToEnd(topic);
          const read = await reader.read(topic, seen.length);
          expect(read.map(described)).toEqual(seen.map(firstHeaders));
        });

        it.each(cases.filter(({ open }) => open !== true))('$name: to the end', async (one) => {
          const { topic } = preparedFor(one);
          await reader.readToEnd(topic);
          for (let partition = 0; partition < (one.partitions ?? 1); partition += 1) {
            const range = await reader.control?.logRange({ source: 'kafka', topic, partition });
            expect(reader.position(topic, partition)).toBe(range?.end);
          }
        });
      });
    }

    it.each([...TRANSACTIONS, ...COMPACTIONS].filter(({ partitions }) => partitions === undefined))(
      'from every offset: $name',
      async (one) => {
        const { topic, seen } = preparedFor(one);
        const last = Math.min(12, seen.at(-1)?.offset ?? 4);
        for (let from = 1; from <= last; from += 1) {
          const rest = seen.filter(({ offset }) => offset >= from);
          reader.reopen(topic, from);
          await reader.readToEnd(topic);
          const read = await reader.read(topic, rest.length);
          expect(read.map(described)).toEqual(rest.map(firstHeaders));
        }
      },
    );

    it('partitions that were added while it reads, from their first record', async () => {
      const deadline = { timeout: 60_000 };
      await expect.poll(() => reader.partitions(GROWN), deadline).toBe(3);
      const read = await reader.read(GROWN, 60);
      expect(new Set(read.map(({ partition, offset }) => `${partition}/${offset}`)).size).toBe(60);
      expect(read).toHaveLength(60);
    });
  });
}

/** Two more partitions, written to before anybody can have found them. */
async function grow(kafka: KafkaOracle): Promise<void> {
  await kafka.run('producer', GROWN);
  await kafka.run('fill', GROWN, GROWN, 0, 20, 'old-');
  await kafka.run('grow', GROWN, 3);
  for (const partition of [1, 2]) await kafka.run('fill', GROWN, GROWN, partition, 20, 'new-');
  await kafka.run('close', GROWN);
}

/** What the Java consumer sees, once the broker has done what the case waits for. */
async function settled(
  kafka: KafkaOracle,
  topic: string,
  { left }: SourceCase,
): Promise<readonly OracleRecord[]> {
  const end = performance.now() + CLEANED_MS;
  for (;;) {
    const seen = await kafka.consume(topic);
    if (left === undefined || seen.length === left) return seen;
    if (performance.now() > end)
      throw new Error(`${topic} has ${seen.length} records left, expected ${left}`);
    await sleep(500);
  }
}

function described(record: ReadRecord): OracleRecord {
  return {
    partition: record.partition,
    offset: record.offset,
    timestamp: record.timestamp,
    key: hex(record.key),
    value: hex(record.value),
    headers: [...record.headers].map(([header, value]) => `${header}=${hex(value)}`),
  };
}

/** driftd keeps the first header of a name, and none without a value. */
function firstHeaders(record: OracleRecord): OracleRecord {
  const first = new Map<string, string>();
  for (const header of record.headers) {
    const [name = '', value = '~'] = header.split('=');
    if (value !== '~' && !first.has(name)) first.set(name, header);
  }
  return { ...record, headers: [...first.values()] };
}

function hex(bytes: Uint8Array | null): string {
  return bytes === null ? '~' : Buffer.from(bytes).toString('hex');
}
