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
import { MODEL, trainingRows } from './events.ts';
import { createLedger } from './ledger.ts';
import { createProducer } from './producer.ts';
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
const PARTITIONS = 6;
const CATCH_UP_MS = 240_000;

export async function openRig(workerCount: number): Promise<Rig> {
  const folder = mkdtempSync(path.join(tmpdir(), 'driftd-chaos-'));
  // The operating system lives on: what was written is there after a kill, without fsync.
  const postgres = await startPostgres({
    settings: { synchronous_commit: 'on', full_page_writes: 'on' },
  });
  const kafka = await startKafka();
  const databaseUrl = await postgres.createDatabase();
  const world = await createWorld(databaseUrl, { rows: trainingRows() });
  const config = path.join(folder, 'driftd.yaml');
  writeFileSync(config, configuration(kafka.brokers));
  const producer = await createProducer(kafka.brokers, TOPIC, PARTITIONS);
  const ledger = await createLedger(world);
  const workers: Worker[] = [];
  for (let i = 1; i <= workerCount; i += 1) {
    const worker = await createWorker({ name: `worker ${i}`, config, databaseUrl });
    workers.push(worker);
    await worker.start();
  }
  let sent = 0;

  async function covered(): Promise<number> {
    const { rows } = await world.pool.query<{ covered: number }>(
      'SELECT coalesce(sum(next_offset), 0)::bigint AS covered FROM ingest_partition',
    );
    return rows[0]?.covered ?? 0;
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
      const { rows } = await world.pool.query<{
        id: number;
        quarantined: number;
        counted: number;
      }>('SELECT id, quarantined, counted FROM ingest_partition');
      const counted = rows.reduce((sum, row) => sum + row.counted, 0);
      const quarantined = rows.reduce((sum, row) => sum + row.quarantined, 0);
      const logged = await producer.logged();
      const wrong: string[] = [];
      if (logged !== sent) wrong.push(`the log holds ${logged} of ${sent}: the ledger is wrong`);
      if (counted !== ledger.events)
        wrong.push(`${counted} of ${ledger.events} events are counted`);
      if (quarantined !== ledger.bad) wrong.push(`${quarantined} of ${ledger.bad} are quarantined`);
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

function configuration(brokers: readonly string[]): string {
  return `
kafka:
  brokers: ${JSON.stringify(brokers)}
  group: driftd
  topics: [{ name: ${TOPIC}, start: earliest }]
  session_timeout: ${SESSION_MS / 1_000}s
postgres: { url: '\${DATABASE_URL}' }
http: { listen: '127.0.0.1:0' }
models:
  - name: ${MODEL}
`;
}
