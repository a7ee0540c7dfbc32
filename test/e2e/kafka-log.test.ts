import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sleep } from '../../src/platform/clock.ts';
import { countingDriftd, EVENT } from '../support/counted.ts';
import type { CountingDriftd } from '../support/counted.ts';
import { startOracle } from '../support/kafka-oracle.ts';
import type { KafkaOracle } from '../support/kafka-oracle.ts';
import { kafkaBrokers, uniqueName } from '../support/servers.ts';

let kafka: KafkaOracle;
let driftd: CountingDriftd;

beforeAll(async () => {
  kafka = await startOracle(kafkaBrokers());
  await kafka.run('producer', 'plain');
  await kafka.run('producer', 'gzip', 'compression.type=gzip');
});

afterAll(async () => {
  await kafka.stop();
});

afterEach(async () => {
  await driftd.end();
});

/** Of a producer of records that only compression makes small. */
const LARGE = ['batch.size=90000000', 'max.request.size=400000000', 'buffer.memory=400000000'];
/** Longer than a topic may be silent before its log is looked at again. */
const SILENCE_MS = 3_000;

async function driftdOn(partitions: number, start = 'earliest'): Promise<string> {
  const topic = uniqueName('topic');
  await kafka.run('create', topic, partitions);
  driftd = await countingDriftd({ brokers: kafkaBrokers(), topic, start });
  return topic;
}

async function events(topic: string, partition: number, count: number): Promise<void> {
  await kafka.run('fill', 'plain', topic, partition, count, EVENT.head, EVENT.tail);
  await kafka.run('flush', 'plain');
}

const counted = (count: number) => (rows: readonly { counted: number }[]) =>
  rows.reduce((sum, row) => sum + row.counted, 0) >= count;

describe('a topic that is deleted and made anew', () => {
  for (const [size, again] of [
    ['shorter', 20],
    ['longer', 80],
  ] as const) {
    it(`is halted and told when its log is ${size}, never skipped; and read again when told to`, async () => {
      const topic = await driftdOn(1);
      await events(topic, 0, 50);
      await driftd.start();
      await driftd.until(counted(50));
      await driftd.stop();
      await kafka.run('delete', topic);
      await kafka.run('create', topic, 1);
      await events(topic, 0, again);

      await driftd.start();
      const [halted] = await driftd.until(([row]) => row?.state === 'halted');

      expect(halted).toMatchObject({ position: 50, counted: 50 });
      expect(halted?.reason).toMatch(/made anew/);
      await expect
        .poll(() => driftd.metric('driftd_partition_halted'), { timeout: 60_000 })
        .toEqual([expect.stringMatching(/ 1$/)]);

      const where = ['--all-partitions', '--to', 'earliest', '--yes'];
      await driftd.command('source', 'reset', topic, ...where);
      const [read] = await driftd.until(counted(50 + again));
      expect(read).toMatchObject({ state: 'ok', position: again });
    });
  }
});

describe('a topic that is deleted and made anew while driftd runs', () => {
  it('is halted and told, though its log is longer than what was read', async () => {
    const topic = await driftdOn(1);
    await events(topic, 0, 50);
    await driftd.start();
    await driftd.until(counted(50));
    await kafka.run('delete', topic);
    await sleep(SILENCE_MS);
    await kafka.run('create', topic, 1);
    await events(topic, 0, 80);

    const [halted] = await driftd.until(([row]) => row?.state === 'halted');

    expect(halted).toMatchObject({ position: 50, counted: 50 });
  });
});

describe('records that retention deleted', () => {
  it('while driftd runs and cannot read them are one gap', async () => {
    const topic = await driftdOn(1);
    await events(topic, 0, 30);
    await driftd.start();
    await driftd.until(counted(30));
    process.kill(driftd.pid, 'SIGSTOP');
    // A fetch that waits at the broker ends empty first, after 250 ms.
    await sleep(2_000);
    await events(topic, 0, 40);
    await kafka.run('trim', topic, 0, 70);
    process.kill(driftd.pid, 'SIGCONT');

    const [row] = await driftd.until(([now]) => now?.position === 70);

    expect(row).toMatchObject({ state: 'ok', counted: 30 });
    const gaps = await driftd.rows('SELECT from_offset, to_offset FROM gap');
    expect(gaps).toEqual([{ from_offset: 30, to_offset: 70 }]);
  });

  it('before they were read are one gap, visible in the metrics', async () => {
    const topic = await driftdOn(1);
    await events(topic, 0, 30);
    await driftd.start();
    await driftd.until(counted(30));
    await driftd.stop();
    await events(topic, 0, 40);
    await kafka.run('trim', topic, 0, 55);

    await driftd.start();
    const [row] = await driftd.until(counted(45));

    expect(row).toMatchObject({ state: 'ok', position: 70, counted: 45 });
    const gaps = await driftd.rows('SELECT from_offset, to_offset FROM gap');
    expect(gaps).toEqual([{ from_offset: 30, to_offset: 55 }]);
    await expect
      .poll(() => driftd.metric('driftd_gap_records_total'), { timeout: 60_000 })
      .toEqual([expect.stringMatching(/ 25$/)]);
  });

  it('after they were read are no gap', async () => {
    const topic = await driftdOn(1);
    await events(topic, 0, 30);
    await driftd.start();
    await driftd.until(counted(30));
    await driftd.stop();
    await kafka.run('trim', topic, 0, 30);
    await events(topic, 0, 5);

    await driftd.start();
    const [row] = await driftd.until(counted(35));

    expect(row).toMatchObject({ state: 'ok', position: 35, counted: 35 });
    expect(await driftd.rows('SELECT FROM gap')).toEqual([]);
  });
});

describe('where a topic starts', () => {
  it('latest is fixed once, also for the partitions that have no record yet', async () => {
    const topic = await driftdOn(2, 'latest');
    await events(topic, 0, 10);
    await driftd.start();
    await driftd.until((rows) => rows.length === 2);
    await driftd.stop();
    await events(topic, 0, 3);
    await events(topic, 1, 4);

    await driftd.start();
    const rows = await driftd.until(counted(7));

    expect(rows.map(({ start, position }) => [start, position])).toEqual([
      [10, 13],
      [0, 4],
    ]);
  });
});

describe('a topic that starts at an instant', () => {
  it('is read from the first record of that time in each partition', async () => {
    const topic = uniqueName('topic');
    await kafka.run('create', topic, 2);
    await events(topic, 0, 10);
    await sleep(50);
    const start = new Date().toISOString();
    await events(topic, 0, 3);
    driftd = await countingDriftd({ brokers: kafkaBrokers(), topic, start: `'${start}'` });

    await driftd.start();
    await driftd.until(counted(3));
    await events(topic, 1, 4);
    const rows = await driftd.until(counted(7));

    expect(rows.map(({ start: from, position }) => [from, position])).toEqual([
      [10, 13],
      [0, 4],
    ]);
  });
});

describe('a batch that cannot be read, of which retention has deleted the head', () => {
  it('is quarantined with the records that are left of it', async () => {
    const topic = await driftdOn(1);
    await kafka.run('producer', 'batch', 'compression.type=gzip', 'linger.ms=10000', ...LARGE);
    await kafka.run('fill', 'batch', topic, 0, 9, 'x');
    await kafka.run('bulk', 'batch', topic, 0, 80_000_000);
    await kafka.run('close', 'batch');
    await events(topic, 0, 5);
    await kafka.run('trim', topic, 0, 4);

    await driftd.start();
    const [row] = await driftd.until(counted(5));

    expect(row).toMatchObject({ start: 4, position: 15, counted: 5, quarantined: 6, filtered: 0 });
  });
});

describe('a record of 300 MB that gzip made small', () => {
  it('goes to quarantine, its neighbours are counted, memory stays bounded', async () => {
    const topic = await driftdOn(2);
    await events(topic, 0, 10);
    await kafka.run('producer', 'bomb', 'compression.type=gzip', ...LARGE);
    await kafka.run('bulk', 'bomb', topic, 0, 300_000_000);
    await kafka.run('close', 'bomb');
    await events(topic, 0, 10);
    await events(topic, 1, 10);

    await driftd.start();
    const rows = await driftd.until(counted(30));

    expect(rows.map(({ counted: n, quarantined, position }) => [n, quarantined, position])).toEqual(
      [
        [20, 1, 21],
        [10, 0, 10],
      ],
    );
    expect(await driftd.rows('SELECT record_offset, reason FROM quarantine')).toEqual([
      { record_offset: 10, reason: 'too-large' },
    ]);
    expect(driftd.peakMiB()).toBeLessThan(350);
  });
});
