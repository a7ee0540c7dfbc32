import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTopic } from '../../scripts/demo/publisher.ts';
import { startKafka } from '../../scripts/servers/kafka.ts';
import type { KafkaServer } from '../../scripts/servers/kafka.ts';
import { freePort } from '../../scripts/servers/lifecycle.ts';
import { startPostgres } from '../../scripts/servers/postgres.ts';
import type { PostgresServer } from '../../scripts/servers/postgres.ts';
import type { Finding } from '../../src/app/status/finding.ts';
import { EXIT } from '../../src/platform/errors.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { spawnDriftd } from '../support/driftd.ts';
import type { Running } from '../support/driftd.ts';
import { runCli } from '../support/run-cli.ts';

const TOPIC = 'predictions';
const WAIT = { timeout: 60_000, interval: 200 };
/** Tables that checkpoints, evaluations, messages and processes are written to. */
const WRITTEN = ['tile', 'ingest_partition', 'evaluation', 'outbox', 'replica'];

let folder: string;
let file: string;
let kafka: KafkaServer;
let postgres: PostgresServer;
let pool: Pool;
let driftd: Running;
let base: string;
/** What /readyz said while driftd started: every set of failing checks, once. */
const atStart: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftd-faults-'));
  [kafka, postgres] = await Promise.all([startKafka(), startPostgres()]);
  const database = await postgres.createDatabase();
  pool = createPool({ url: database, max: 2, applicationName: 'test', log: createLog('silent') });
  await createTopic({ brokers: kafka.brokers, name: TOPIC, partitions: 1 });
  const port = await freePort();
  base = `http://127.0.0.1:${String(port)}`;
  file = path.join(folder, 'driftd.yaml');
  writeFileSync(
    file,
    `
kafka: { brokers: ['${kafka.brokers[0] ?? ''}'], topics: [{ name: ${TOPIC}, start: earliest }] }
postgres: { url: '${database}' }
http: { listen: '127.0.0.1:${String(port)}' }
models: [{ name: m }]
monitors: [{ name: m-hourly, model: m, schedule: '0 * * * *', windows: [1h] }]
receivers: [{ name: ops, email: { to: [ops@example.com] } }]
smtp: { host: 127.0.0.1, port: 1, from: driftd@example.com, tls: none }
`,
  );
  driftd = spawnDriftd(['run', '--config', file]);
  for (let ready = false; !ready;) {
    const { status, failing } = await readyz().catch(() => ({ status: 0, failing: ['nobody'] }));
    const seen = failing.join();
    if (atStart.at(-1) !== seen) atStart.push(seen);
    ready = status === 200;
  }
  await send(10);
  await vi.waitFor(async () => expect(await counted()).toBe(10), WAIT);
});

afterAll(async () => {
  driftd.kill('SIGKILL');
  await driftd.ended;
  await pool.end();
  await Promise.all([kafka.stop(), postgres.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function send(count: number): Promise<void> {
  const client = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING });
  const producer = client.producer();
  await producer.connect();
  const event = { model: 'm', ts: new Date().toISOString(), features: { x: 1 } };
  const messages = Array.from({ length: count }, () => ({ value: JSON.stringify(event) }));
  await producer.send({ topic: TOPIC, messages });
  await producer.disconnect();
}

async function counted(): Promise<number> {
  const { rows } = await pool.query<{ counted: number }>('SELECT counted FROM ingest_partition');
  return rows[0]?.counted ?? 0;
}

const livez = async (): Promise<number> =>
  (await fetch(`${base}/livez`, { signal: AbortSignal.timeout(2_000) })).status;

async function readyz(): Promise<{ status: number; failing: string[]; reasons: string }> {
  const response = await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(6_000) });
  const { checks } = (await response.json()) as {
    checks: { name: string; ok: boolean; reason: string | null }[];
  };
  const failing = checks.filter(({ ok }) => !ok);
  return {
    status: response.status,
    failing: failing.map(({ name }) => name),
    reasons: failing.map(({ reason }) => reason).join('; '),
  };
}

/** /readyz refuses for this reason alone, and the process is alive all the same. */
async function expectUnready(check: string, reason: RegExp): Promise<void> {
  await vi.waitFor(async () => {
    const answer = await readyz();
    expect(answer).toMatchObject({ status: 503, failing: [check] });
    expect(answer.reasons).toMatch(reason);
  }, WAIT);
  expect(await livez()).toBe(200);
}

async function expectReady(): Promise<void> {
  await vi.waitFor(async () => expect((await readyz()).failing).toEqual([]), WAIT);
}

async function gauge(series: string): Promise<number | undefined> {
  const page = await (await fetch(`${base}/metrics`)).text();
  const line = page.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

const expectGauge = (series: string, holds: (value: number) => boolean): Promise<void> =>
  vi.waitFor(async () => {
    const value = await gauge(series);
    expect([series, value, value !== undefined && holds(value)]).toEqual([series, value, true]);
  }, WAIT);

async function doctor(): Promise<{ code: number; faults: Map<string, string> }> {
  const { code, out } = await runCli('doctor', '--config', file, '--format', 'json');
  const { findings } = JSON.parse(out) as { findings: Finding[] };
  const faults = findings.filter(({ state }) => state === 'fault');
  return { code, faults: new Map(faults.map(({ check, says }) => [check, says])) };
}

describe('what driftd says of itself is true when', () => {
  it('no partition is assigned yet', () => {
    expect(atStart.at(-1)).toBe('');
    expect(atStart).toContainEqual(expect.stringContaining('assignment'));
  });

  it('all is well, but for what the test leaves out', async () => {
    expect(await livez()).toBe(200);
    expect((await readyz()).status).toBe(200);
    // The test's server throws its data away, and there is no mail server.
    expect([...(await doctor()).faults.keys()]).toEqual([
      'fsync',
      'synchronous_commit',
      'full_page_writes',
      'smtp',
    ]);
    await expectGauge('driftd_source_up{source="kafka"}', (value) => value === 1);
    await expectGauge(
      'driftd_consumer_lag{topic="predictions",partition="0"}',
      (value) => value === 0,
    );
  });

  it('the disk of the database is full, and events pile up behind it', async () => {
    await pool.query(`CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'could not extend file "base/1/1": No space left on device' USING ERRCODE = 'disk_full'; END $$`);
    for (const table of WRITTEN)
      await pool.query(
        `CREATE TRIGGER disk_is_full BEFORE INSERT OR UPDATE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION disk_is_full()`,
      );
    await send(20);

    await expectUnready('checkpoints', /the database has taken no checkpoint for \d+ s/);
    await expectGauge('driftd_checkpoints_retried_total{source="kafka"}', (value) => value > 0);
    // Lagging: told while nothing can be committed.
    await expectGauge(
      'driftd_consumer_lag{topic="predictions",partition="0"}',
      (value) => value === 20,
    );
    const { code, faults } = await doctor();
    expect(code).toBe(EXIT.unreachable);
    expect(faults.get('writes')).toMatch(/No space left on device/);
    const status = await runCli('doctor', '--config', file);
    expect(status.out).toMatch(/inside the log, 20 records behind its end/);

    await pool.query('DROP FUNCTION disk_is_full CASCADE');
    await expectReady();
    await expectGauge(
      'driftd_consumer_lag{topic="predictions",partition="0"}',
      (value) => value === 0,
    );
    expect(await counted()).toBe(30);
  });

  it('a partition is halted: it serves on, and says so', async () => {
    await pool.query(
      "UPDATE ingest_partition SET state = 'halted', reason = 'the log was cut off'",
    );

    await expectGauge(
      'driftd_partition_halted{topic="predictions",partition="0"}',
      (value) => value === 1,
    );
    expect((await readyz()).status).toBe(200);
    expect((await doctor()).faults.get(`partition ${TOPIC}/0`)).toBe(
      'is halted: the log was cut off',
    );
    await pool.query("UPDATE ingest_partition SET state = 'ok', reason = NULL");
  });

  it('the outbox is stuck: it serves on, and says so', async () => {
    await pool.query(
      `INSERT INTO outbox (dedup_key, receiver, channel, recipient, reason, message, created_at, attempts, next_attempt_at)
       VALUES ('held', 'ops', 'email', 'ops@example.com', 'first', '{}', now() - interval '2 h', 0, now() + interval '1 h'),
              ('stuck', 'ops', 'email', 'ops@example.com', 'first', '{}', now() - interval '20 min', 9, now() + interval '1 h')`,
    );

    // What is held for its group has not waited, however long ago it was written.
    await expectGauge(
      'driftd_outbox_oldest_seconds{channel="email"}',
      (value) => value >= 1_200 && value < 3_600,
    );
    expect((await readyz()).status).toBe(200);
    const { faults } = await doctor();
    expect(faults.get('outbox email')).toMatch(/^2 messages wait, the oldest for 20 min/);
    expect(faults.get('smtp')).toMatch(/127\.0\.0\.1:1 would not take mail/);
  });

  it('the schema is newer than the program', async () => {
    await pool.query("INSERT INTO schema_version VALUES (9999, '9999_future.sql', 'x', true)");

    await expectUnready(
      'schema',
      /has schema version 9999, this driftd knows \d+ and must not use it/,
    );
    expect((await doctor()).code).toBe(EXIT.schemaTooNew);
    await pool.query('DELETE FROM schema_version WHERE version = 9999');
    await expectReady();
  });

  it('the schema is older than the program', async () => {
    const { rows } = await pool.query<{ version: number }>(
      'DELETE FROM schema_version WHERE version = (SELECT max(version) FROM schema_version) RETURNING *',
    );

    await expectUnready('schema', /the database lacks 1 migrations of this driftd/);
    expect((await doctor()).faults.get('schema')).toMatch(/lacks 1 migrations/);
    const [row] = rows;
    await pool.query(
      'INSERT INTO schema_version SELECT * FROM json_populate_record(NULL::schema_version, $1)',
      [JSON.stringify({ ...row, applied_at: new Date().toISOString() })],
    );
    await expectReady();
  });

  it('nothing in it moves, the scheduler neither: others see it', async () => {
    process.kill(driftd.pid, 'SIGSTOP');
    try {
      await pool.query(
        "UPDATE monitor SET scheduled_from = now() - interval '6 h', created_at = now() - interval '6 h'",
      );
      await pool.query('DELETE FROM monitor_tick');
      await pool.query("UPDATE replica SET seen_at = now() - interval '5 min'");

      await expect(livez()).rejects.toThrow(/timeout/);
      const { faults } = await doctor();
      expect(faults.get('evaluation-late m-hourly')).toMatch(/^The last [3-6] evaluations/);
      const status = await runCli('doctor', '--config', file);
      expect(status.out).toMatch(/has not shown itself for 5 min/);
    } finally {
      process.kill(driftd.pid, 'SIGCONT');
    }
    // What was due meanwhile is caught up with.
    await expectGauge(
      'driftd_evaluation_last_success_timestamp_seconds{monitor="m-hourly"}',
      (value) => value > 0,
    );
    await expectReady();
  });

  it('the database is down: the gauges stay, and say how old they are', async () => {
    const before = await gauge('driftd_model_events_total{model="m"}');
    await postgres.halt();

    await expectUnready('database', /the database does not answer/);
    expect(await gauge('driftd_model_events_total{model="m"}')).toBe(before);
    const refreshed = 'driftd_gauges_refreshed_timestamp_seconds';
    const age = await gauge(refreshed);
    await expectGauge(refreshed, (value) => value === age && Date.now() / 1_000 - value > 6);
    expect((await doctor()).faults.get('database')).toMatch(/cannot be used/);

    await postgres.restart();
    await expectReady();
    await expectGauge(refreshed, (value) => value > (age ?? 0));
  });

  it('the brokers are down, and then it is told to stop', async () => {
    await kafka.kill9();

    await expectUnready('source', /^kafka has not answered for \d+ s$/);
    await expectGauge('driftd_source_up{source="kafka"}', (value) => value === 0);
    expect((await doctor()).faults.get('kafka')).toMatch(/no broker answers at/);

    driftd.kill('SIGTERM');
    await vi.waitFor(async () => expect((await readyz()).failing).toContain('draining'), {
      timeout: 5_000,
      interval: 20,
    });
    expect(await livez()).toBe(200);
    const ended = await driftd.ended;
    expect(ended.code).toBe(0);
    expect(ended.ms).toBeLessThan(10_000);
  });
});
