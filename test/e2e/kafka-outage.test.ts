import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startKafka } from '../../scripts/servers/kafka.ts';
import type { KafkaServer } from '../../scripts/servers/kafka.ts';
import { sleep } from '../../src/platform/clock.ts';
import { countingDriftd, EVENT } from '../support/counted.ts';
import type { CountingDriftd } from '../support/counted.ts';
import { startOracle } from '../support/kafka-oracle.ts';
import type { KafkaOracle } from '../support/kafka-oracle.ts';

const TOPIC = 'predictions';
/** Longer than the session, shorter than a test may be. */
const AWAY_MS = 20_000;
/** New partitions are read within this time: promised in docs/reliability.md. */
const FOUND_MS = 60_000;

let server: KafkaServer;
let kafka: KafkaOracle;
let driftd: CountingDriftd;
let sent = 0;

beforeAll(async () => {
  server = await startKafka();
  kafka = await startOracle(server.brokers);
  await kafka.run('create', TOPIC, 1);
  await kafka.run('producer', 'load');
  driftd = await countingDriftd({ brokers: server.brokers, topic: TOPIC });
  await driftd.start();
});

afterAll(async () => {
  await driftd.end();
  await kafka.stop();
  await server.stop();
});

async function send(partitions: number, count: number, producer = 'load'): Promise<void> {
  for (let partition = 0; partition < partitions; partition += 1)
    await kafka.run('fill', producer, TOPIC, partition, count, EVENT.head, EVENT.tail);
  await kafka.run('flush', producer);
  sent += partitions * count;
}

const covered = (rows: readonly { counted: number }[]) =>
  rows.reduce((sum, { counted }) => sum + counted, 0);

describe('driftd on a broker that', () => {
  it('is killed, and back after longer than a session: counts on, every record once', async () => {
    await send(1, 100);
    await driftd.until((rows) => covered(rows) === sent);
    await server.kill9();
    await sleep(AWAY_MS);
    await server.restart();
    await send(1, 100);

    const rows = await driftd.until((now) => covered(now) >= sent, 90_000);

    expect(rows).toMatchObject([{ position: sent, counted: sent, state: 'ok' }]);
  });

  it('gets more partitions under load, 1 to 64: finds them in time, and loses nothing', async () => {
    const sizes = [1, 4, 16, 64];
    const found: Promise<unknown>[] = [];
    for (const size of sizes) {
      if (size > 1) await kafka.run('grow', TOPIC, size);
      found.push(driftd.until((now) => now.length >= size, FOUND_MS));
      // One that knew the broker before it was killed has now and then no answer for a new partition.
      const producer = `load-${size}`;
      await kafka.run('producer', producer);
      for (let round = 0; round < 5; round += 1) {
        await send(size, 20, producer);
        await sleep(500);
      }
      await kafka.run('close', producer);
    }

    await Promise.all(found);
    const rows = await driftd.until((now) => covered(now) >= sent);

    expect(rows).toHaveLength(64);
    expect(covered(rows)).toBe(sent);
    expect(
      rows.every(({ start, filtered, quarantined }) => start + filtered + quarantined === 0),
    ).toBe(true);
    expect(rows.every(({ position, counted }) => position === counted)).toBe(true);
    expect(await driftd.rows('SELECT FROM gap')).toEqual([]);
  });
});
