import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../test/support/baselines.ts';
import { createWorld } from '../../test/support/world.ts';
import type { World } from '../../test/support/world.ts';
import { startKafka } from '../servers/kafka.ts';
import { startPostgres } from '../servers/postgres.ts';
import { MODEL, trainingRows } from './events.ts';
import { choose, FAULTS } from './faults.ts';
import type { Victims } from './faults.ts';
import { createLedger } from './ledger.ts';
import { createProducer } from './producer.ts';
import { createWorker } from './worker.ts';
import type { Told, Worker } from './worker.ts';

export interface ChaosOptions {
  readonly events: number;
  readonly faults: number;
  readonly seed: number;
  /** Over how long the faults are spread at least. */
  readonly minutes: number;
  say(line: string): void;
}

export interface ChaosReport {
  /** Over every count of every feature in every slice, from the producer's own. */
  readonly difference: number;
  /** Promises that were broken, in words. */
  readonly broken: readonly string[];
  readonly struck: Readonly<Record<string, number>>;
  readonly told: Told;
}

const TOPIC = 'predictions';
const PARTITIONS = 6;
const WORKERS = 3;
const SESSION_MS = 6_000;
const CHUNK = 500;
/** After the last fault everything is counted within this time. */
const CATCH_UP_MS = 240_000;

/** Workers, a broker and a database of its own, hurt at random while a producer writes; then compared with its ledger. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { events, faults, seed, say } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'driftd-chaos-'));
  // The operating system lives on: what was written is there after a kill, without fsync.
  const postgres = await startPostgres({
    settings: { synchronous_commit: 'on', full_page_writes: 'on' },
  });
  const kafka = await startKafka();
  const workers: Worker[] = [];
  try {
    const databaseUrl = await postgres.createDatabase();
    const world = await createWorld(databaseUrl, { rows: trainingRows() });
    const config = path.join(folder, 'driftd.yaml');
    writeFileSync(config, configuration(kafka.brokers));
    const producer = await createProducer(kafka.brokers, TOPIC, PARTITIONS);
    for (let i = 1; i <= WORKERS; i += 1) {
      const worker = await createWorker({ name: `worker ${i}`, config, databaseUrl });
      workers.push(worker);
      await worker.start();
    }
    const ledger = await createLedger(world);
    const victims = {
      workers,
      postgres,
      kafka,
      pool: world.pool,
      sessionMs: SESSION_MS,
      random: createRandom(seed),
    };
    const storm = startStorm(victims, options);
    for (let sent = 0; sent < events; sent += CHUNK) {
      const ids = Array.from({ length: Math.min(CHUNK, events - sent) }, (_, i) => sent + i);
      await producer.send(ids);
      for (const id of ids) ledger.add(id);
      // The events last as long as the faults.
      while (storm.share() < 1 && sent / events > storm.share()) await sleep(20);
    }
    await storm.done;
    say(`${faults} faults done, ${ledger.events + ledger.bad} records written; catching up`);
    const broken = [...storm.broken];
    const logged = await producer.logged();
    if (logged !== events) broken.push(`the log holds ${logged} of ${events}: the ledger is wrong`);
    await caughtUp(world, logged, workers);
    await producer.close();
    const { rows } = await world.pool.query<{ id: number; quarantined: number; counted: number }>(
      'SELECT id, quarantined, counted FROM ingest_partition',
    );
    const sum = (of: (row: (typeof rows)[number]) => number): number =>
      rows.reduce((total, row) => total + of(row), 0);
    if (sum((row) => row.counted) !== ledger.events)
      broken.push(`${sum((row) => row.counted)} of ${ledger.events} events are counted`);
    if (sum((row) => row.quarantined) !== ledger.bad)
      broken.push(`${sum((row) => row.quarantined)} of ${ledger.bad} are quarantined`);
    const difference = await ledger.difference(rows.map(({ id }) => id));
    await world.pool.end();
    return { difference, broken, struck: storm.struck, told: total(workers) };
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
    await kafka.stop();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function total(workers: readonly Worker[]): Told {
  const sum: Told = { fenced: 0, unknown: 0, retry: 0, redelivered: 0, claims: 0 };
  for (const { told } of workers)
    for (const name of Object.keys(sum) as (keyof Told)[]) sum[name] += told[name];
  return sum;
}

interface Storm {
  readonly done: Promise<void>;
  readonly broken: string[];
  readonly struck: Record<string, number>;
  /** How much of it is over, 0 to 1. */
  share(): number;
}

/** Faults at even distances on average; a long one goes on while the next ones strike elsewhere. */
function startStorm(victims: Victims, { faults, minutes, say }: ChaosOptions): Storm {
  const broken: string[] = [];
  const struck: Record<string, number> = {};
  const hurt = new Set<string>();
  const pending: Promise<void>[] = [];
  let begun = 0;

  async function strike(name: string, worker: Worker, place: string): Promise<void> {
    try {
      const fault = await FAULTS[name]?.strike(victims, worker);
      if (fault !== null && fault !== undefined) broken.push(fault);
    } catch (thrown) {
      // The database was away when its backends were to be killed, for one.
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      if (name !== 'backend kill') broken.push(`${name} itself failed: ${why}`);
    } finally {
      hurt.delete(place);
    }
  }

  async function rage(): Promise<void> {
    const gapMs = (minutes * 60_000) / Math.max(1, faults);
    while (begun < faults) {
      await sleep(gapMs * (0.5 + victims.random()));
      const name = choose(victims.random);
      const kind = FAULTS[name]?.hurts ?? 'worker';
      const worker = victims.workers[Math.floor(victims.random() * victims.workers.length)];
      if (worker === undefined) return;
      const place = kind === 'postgres' || kind === 'kafka' ? kind : `${kind} of ${worker.name}`;
      if (hurt.has(place)) continue;
      // A worker that has ended by itself has broken a promise.
      if (kind === 'worker' && !worker.alive()) {
        broken.push(`${worker.name} has ended by itself:\n${worker.tail()}`);
        await worker.start();
      }
      hurt.add(place);
      begun += 1;
      struck[name] = (struck[name] ?? 0) + 1;
      if (begun % 20 === 0) say(`${begun} faults of ${faults}`);
      pending.push(strike(name, worker, place));
    }
    await Promise.all(pending);
  }
  return { done: rage(), broken, struck, share: () => (faults === 0 ? 1 : begun / faults) };
}

/** @throws Error when counting does not come to its end */
async function caughtUp(world: World, end: number, workers: readonly Worker[]): Promise<void> {
  const limit = performance.now() + CATCH_UP_MS;
  for (;;) {
    const { rows } = await world.pool.query<{ covered: number }>(
      'SELECT coalesce(sum(next_offset), 0)::bigint AS covered FROM ingest_partition',
    );
    const covered = rows[0]?.covered ?? 0;
    if (covered >= end) return;
    const dead = workers.find((worker) => !worker.alive());
    if (dead !== undefined) throw new Error(`${dead.name} has ended by itself:\n${dead.tail()}`);
    if (performance.now() > limit) {
      const tails = workers.map((worker) => worker.tail()).join('\n--\n');
      throw new Error(`stuck at ${covered} of ${end}:\n${tails}`);
    }
    await sleep(200);
  }
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
