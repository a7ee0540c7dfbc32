import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createWorld } from '../../test/support/world.ts';
import type { World } from '../../test/support/world.ts';
import { startKafka } from '../servers/kafka.ts';
import type { KafkaServer } from '../servers/kafka.ts';
import { startPostgres } from '../servers/postgres.ts';
import type { PostgresServer } from '../servers/postgres.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { MODEL, PARTITIONS, trainingRows, VARIED } from './events.ts';
import type { Fate } from './events.ts';
import { createLedger } from './ledger.ts';
import { createProducer } from './producer.ts';
import { startProxy } from './proxy.ts';
import type { Proxy } from './proxy.ts';
import { createWorker } from './worker.ts';
import type { Worker } from './worker.ts';

/** A broker, a database, workers of one group between them, and a producer that keeps a ledger. */
export interface Rig {
  readonly postgres: PostgresServer;
  readonly kafka: KafkaServer;
  readonly world: World;
  readonly workers: readonly Worker[];
  /** Events that are in the log. */
  readonly sent: number;
  /** Writes so many events more. */
  send(count: number): Promise<void>;
  /** Offsets that are stored as read. */
  covered(): Promise<number>;
  /** The stored offset of each partition. */
  positions(): Promise<readonly number[]>;
  /** @throws Error when what was sent is not read within some minutes */
  caughtUp(): Promise<void>;
  compare(): Promise<Comparison>;
  end(): Promise<void>;
}

export interface Comparison {
  /** Over every count of every feature in every slice, from the producer's own. */
  readonly difference: number;
  /** Totals that are wrong, in words. */
  readonly wrong: readonly string[];
}

export const SESSION_MS = 6_000;
const TOPIC = 'predictions';
const CATCH_UP_MS = 240_000;

export async function openRig(workerCount: number): Promise<Rig> {
  const folder = mkdtempSync(path.join(tmpdir(), 'driftd-chaos-'));
  // The operating system lives on: what was written is there after a kill, without fsync.
  const postgres = await startPostgres({
    settings: { synchronous_commit: 'on', full_page_writes: 'on' },
  });
  // A broker tells its clients where to come: each worker has a listener that says "to your proxy".
  const doors: number[] = [];
  const brokerProxies: Proxy[] = [];
  for (let i = 0; i < workerCount; i += 1)
    brokerProxies.push(await startProxy('127.0.0.1', () => doors[i] ?? 0));
  const kafka = await startKafka({ advertised: brokerProxies.map(({ port }) => port) });
  doors.push(...kafka.doors);
  const databaseUrl = await postgres.createDatabase();
  const world = await createWorld(databaseUrl, { rows: trainingRows() });
  const producer = await createProducer(kafka.brokers, TOPIC, PARTITIONS, VARIED.recordOf);
  const ledger = await createLedger(world, VARIED);
  const workers: Worker[] = [];
  for (const [i, brokerProxy] of brokerProxies.entries()) {
    const config = path.join(folder, `worker-${i + 1}.yaml`);
    writeFileSync(config, configuration(brokerProxy.port));
    const worker = await createWorker({
      name: `worker ${i + 1}`,
      config,
      databaseUrl,
      brokerProxy,
    });
    workers.push(worker);
    await worker.start();
  }
  let sent = 0;

  async function positions(): Promise<number[]> {
    const { rows } = await world.pool.query<{ offset: number }>(
      'SELECT next_offset AS offset FROM ingest_partition ORDER BY partition',
    );
    return rows.map(({ offset }) => offset);
  }

  async function covered(): Promise<number> {
    return (await positions()).reduce((sum, offset) => sum + offset, 0);
  }

  return {
    postgres,
    kafka,
    world,
    workers,
    get sent() {
      return sent;
    },
    async send(count) {
      const ids = Array.from({ length: count }, (_, i) => sent + i);
      await producer.send(ids);
      for (const id of ids) ledger.add(id);
      sent += count;
    },
    covered,
    positions,
    async caughtUp() {
      const limit = performance.now() + CATCH_UP_MS;
      for (;;) {
        const now = await covered();
        if (now >= sent) return;
        const dead = workers.find((worker) => !worker.alive());
        if (dead !== undefined)
          throw new Error(`${dead.name} has ended by itself:\n${dead.tail()}`);
        if (performance.now() > limit) {
          const tails = workers.map((worker) => worker.tail()).join('\n--\n');
          throw new Error(`stuck at ${now} of ${sent}:\n${tails}`);
        }
        await sleep(200);
      }
    },
    async compare() {
      const { rows } = await world.pool.query<{ id: number } & Record<Fate, number>>(
        `SELECT id, counted, quarantined, too_late AS "too-late", duplicate FROM ingest_partition`,
      );
      const logged = await producer.logged();
      const wrong: string[] = [];
      if (logged !== sent) wrong.push(`the log holds ${logged} of ${sent}: the ledger is wrong`);
      for (const fate of Object.keys(ledger.fates) as Fate[]) {
        const is = rows.reduce((sum, row) => sum + row[fate], 0);
        const should = ledger.fates[fate];
        if (is !== should) wrong.push(`${fate}: ${is} of ${should} records`);
      }
      const deadlocks = await deadlocksOf(world.pool);
      if (deadlocks > 0) wrong.push(`${deadlocks} transactions have waited for each other`);
      return { difference: await ledger.difference(rows.map(({ id }) => id)), wrong };
    },
    async end() {
      await Promise.all(workers.map((worker) => worker.end()));
      await producer.close();
      await world.pool.end();
      await kafka.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Since the database was started last: after a crash its statistics begin anew (the workers' logs tell of the others). */
async function deadlocksOf(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ deadlocks: number }>(
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0]?.deadlocks ?? 0;
}

function configuration(brokerPort: number): string {
  return `
kafka:
  brokers: ['127.0.0.1:${brokerPort}']
  group: driftd
  topics: [{ name: ${TOPIC}, start: earliest }]
  session_timeout: ${SESSION_MS / 1_000}s
postgres: { url: '\${DATABASE_URL}' }
http: { listen: '127.0.0.1:0' }
ingest: { dedup_window: 10m }
models:
  - name: ${MODEL}
    attributes: [origin]
`;
}
