import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { createTopic } from '../../scripts/demo/publisher.ts';
import { withBaselineDesk } from '../../src/app/baselines/direct.ts';
import { validateCron } from '../../src/app/validate-cron.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { DriftdConfig } from '../../src/config/types.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createNormal } from '../support/baselines.ts';
import { freshDatabase, kafkaBrokers, uniqueName } from '../support/servers.ts';
import { temporaryFile } from '../support/temporary-file.ts';

const log = createLog('silent');
const normal = createNormal(23);
const MINUTE = 60_000;
const FROM = Date.UTC(2024, 0, 1);
const TO = FROM + 600 * MINUTE;
const ANN = { actor: 'ann', reason: 'the logged inputs of January' };

interface Event {
  readonly time: number;
  readonly x: number;
  readonly c: string;
  readonly origin: string;
}

const events: Event[] = Array.from({ length: 3_000 }, (_, i) => ({
  time: FROM + i * (MINUTE / 5),
  // Sums are exact in whatever order they are made.
  x: Math.round(normal() * 1_024) / 1_024,
  c: i % 3 === 0 ? 'a' : 'b',
  origin: i % 2 === 0 ? 'JFK' : 'LGA',
}));

const topic = uniqueName('replay');
const group = uniqueName('group');
const kafka = new Kafka({ brokers: kafkaBrokers(), logLevel: logLevel.NOTHING });
const admin = kafka.admin();

beforeAll(async () => {
  await createTopic({ brokers: kafkaBrokers(), name: topic, partitions: 2 });
  await admin.connect();
  const producer = kafka.producer();
  await producer.connect();
  const record = (value: string, time: number, partition: number) => ({
    value,
    timestamp: String(time),
    partition,
  });
  const native = ({ time, x, c, origin }: Event, model = 'm'): string =>
    JSON.stringify({
      model,
      ts: new Date(time).toISOString(),
      features: { x, c },
      attributes: { origin },
    });
  const wild = { time: FROM, x: 1e6, c: 'wild', origin: 'JFK' };
  const messages = [
    // Before the time, and after it, in both partitions.
    ...[0, 1].map((partition) => record(native(wild), FROM - 1, partition)),
    ...events.map((event, i) => record(native(event), event.time, i % 2)),
    record('no event', TO - 1, 0),
    record(native(wild, 'another'), TO - 1, 1),
    ...[0, 1].map((partition) => record(native(wild), TO, partition)),
  ];
  await producer.send({ topic, messages });
  await producer.disconnect();
});
afterAll(() => admin.disconnect());

async function config(): Promise<DriftdConfig> {
  const file = await temporaryFile(
    'driftd.yaml',
    `kafka: { brokers: ['${kafkaBrokers().join("', '")}'], group: ${group}, topics: [{ name: ${topic} }] }
postgres: { url: '${await freshDatabase()}' }
models: [{ name: m, attributes: [origin], features: { x: { kind: numeric }, c: { kind: categorical } } }]
`,
  );
  return loadConfig(file, { env: {}, validateCron });
}

it('makes the baseline of the events of a time that their rows would make, and commits nothing', async () => {
  const rows = events.map(({ time, ...event }) =>
    JSON.stringify({ ...event, ts: new Date(time).toISOString() }),
  );
  const path = await temporaryFile('rows.ndjson', rows.join('\n'));
  const around = { log, clock: systemClock, access: 'write' } as const;
  await withBaselineDesk(await config(), around, async (desk) => {
    const range = { topic, from: FROM, to: TO, validateOnly: false };
    const told: number[] = [];
    const replayed = await desk.replay('m', { ...range, onProgress: (s) => told.push(s) }, ANN);
    expect(replayed).toMatchObject({ known: false, rows: events.length });
    expect(replayed.baseline?.provenance).toBe(
      `events of ${topic} from 2024-01-01T00:00:00.000Z to 2024-01-01T10:00:00.000Z`,
    );
    expect(replayed.warnings).toMatchObject([
      { check: 'unreadable-events', text: expect.stringContaining('1 of 3002 records') as string },
    ]);
    expect(told.at(-1)).toBe(1);
    // The same content to the last count, segments and hours included.
    const uploaded = await desk.upload('m', {
      ...ANN,
      path,
      validateOnly: false,
      declared: { ignore: ['origin'] },
    });
    expect(uploaded).toMatchObject({ known: true, baseline: { version: 1 } });

    const refused = (change: object) => desk.replay('m', { ...range, ...change }, ANN);
    await expect(refused({ topic: 'elsewhere' })).rejects.toThrow('reads no topic elsewhere');
    await expect(refused({ from: TO + 1, to: TO + 2 })).rejects.toThrow('holds no record');
    await expect(refused({ from: TO, to: FROM })).rejects.toThrow('begins before it ends');
    await expect(refused({ from: TO - 1, to: TO })).rejects.toThrow(
      'holds no event of the model m: 1 records are of other models, 1 cannot be read',
    );
  });
  const { groups } = await admin.listGroups();
  for (const { groupId } of groups.filter((each) => each.groupId.startsWith(group))) {
    const [left] = await admin.fetchOffsets({ groupId, topics: [topic] });
    expect(left?.partitions.every(({ offset }) => offset === '-1')).toBe(true);
  }
});
