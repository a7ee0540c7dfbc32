import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTopic } from '../../scripts/demo/publisher.ts';
import { startMailbox } from '../../scripts/servers/mailbox.ts';
import type { Mailbox } from '../../scripts/servers/mailbox.ts';
import type { Finding } from '../../src/app/status/finding.ts';
import type { StatusDocument } from '../../src/app/status/status.ts';
import { EXIT } from '../../src/platform/errors.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { spawnDriftd } from '../support/driftd.ts';
import type { Running } from '../support/driftd.ts';
import { runCli } from '../support/run-cli.ts';
import { freshDatabase, kafkaBrokers, uniqueName } from '../support/servers.ts';

/** A port that nobody listens on: reserved, and never given out. */
const NOBODY = '127.0.0.1:1';

let folder: string;
let topic: string;
let group: string;
let database: string;
let mailbox: Mailbox;
let pool: Pool;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftd-doctor-'));
  topic = uniqueName('doctor');
  group = uniqueName('group');
  database = await freshDatabase();
  mailbox = await startMailbox();
  pool = createPool({ url: database, max: 2, applicationName: 'test', log: createLog('silent') });
  await createTopic({ brokers: kafkaBrokers(), name: topic, partitions: 2 });
});

afterAll(async () => {
  await pool.end();
  await mailbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Parts {
  readonly broker?: string;
  readonly topic?: string;
  readonly database?: string;
  readonly smtpPort?: number;
  readonly baselines?: string;
  readonly features?: string;
}

function config(parts: Parts = {}): string {
  const file = path.join(folder, `${uniqueName('config')}.yaml`);
  const text = `
kafka:
  brokers: ['${parts.broker ?? kafkaBrokers()[0] ?? ''}']
  group: ${group}
  topics: [{ name: ${parts.topic ?? topic}, start: earliest }]
postgres: { url: '${parts.database ?? database}' }
http: { listen: '127.0.0.1:0' }
${parts.baselines === undefined ? '' : `baselines: { directory: '${parts.baselines}' }`}
models: [{ name: m, features: ${parts.features ?? '{}'} }]
monitors: [{ name: m-daily, model: m, schedule: '0 6 1 1 *', windows: [24h] }]
receivers: [{ name: ops, email: { to: [ops@example.com] } }]
smtp: { host: 127.0.0.1, port: ${parts.smtpPort ?? mailbox.port}, from: driftd@example.com, tls: none }
`;
  writeFileSync(file, text);
  return file;
}

async function examine(
  parts: Parts = {},
): Promise<{ code: number; byCheck: Map<string, Finding[]> }> {
  const { code, out } = await runCli('doctor', '--config', config(parts), '--format', 'json');
  const { findings } = JSON.parse(out) as { findings: Finding[] };
  return { code, byCheck: Map.groupBy(findings, ({ check }) => check) };
}

const stateOf = (findings: readonly Finding[] | undefined): string[] =>
  (findings ?? []).map(({ state }) => state);

async function send(records: readonly { partition: number; timestamp: number }[]): Promise<void> {
  const kafka = new Kafka({ brokers: kafkaBrokers(), logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  const ts = '2026-01-05T10:00:00Z';
  await producer.send({
    topic,
    messages: records.map(({ partition, timestamp }) => ({
      partition,
      timestamp: String(timestamp),
      value: JSON.stringify({ model: 'm', ts, features: { x: 1 } }),
    })),
  });
  await producer.disconnect();
}

describe('driftd doctor', () => {
  it('says of a new database that there is no schema, and what makes one', async () => {
    const { byCheck } = await examine();

    // It is so before every first start: nothing is at fault.
    expect(byCheck.get('schema')?.[0]).toMatchObject({
      state: 'warning',
      says: 'the database has no schema yet',
      wayOut: expect.stringContaining('driftd migrate') as string,
    });
    expect(stateOf(byCheck.get('work'))).toEqual(['unknown']);
  });

  it('looks at every part of a daemon at work, and finds the settings that tests run with unsafe', async () => {
    await runCli('migrate', '--config', config());
    await pool.query("INSERT INTO model (name) VALUES ('m')");

    const { code, byCheck } = await examine();

    // The test's server throws its data away: it runs without fsync, and that is what must be told.
    expect(code).toBe(EXIT.unreachable);
    expect(byCheck.get('fsync')?.[0]).toMatchObject({ state: 'fault', code: 'DATABASE_UNSAFE' });
    for (const check of [
      'database',
      'schema',
      'clock',
      'kafka',
      `topic ${topic}`,
      `positions ${topic}`,
    ])
      expect([check, stateOf(byCheck.get(check))]).toEqual([check, ['ok']]);
    expect(byCheck.get('smtp')?.[0]).toMatchObject({
      state: 'warning',
      says: expect.stringContaining('without TLS') as string,
    });
    expect(stateOf(byCheck.get('group'))).toEqual(['warning']);
    expect(byCheck.get('model m')?.map(({ says }) => says)).toEqual([
      'no event was ever counted',
      'it has no active baseline: nothing is judged',
    ]);
  });

  it('names what does not answer: database, brokers, mail server', async () => {
    const gone = await examine({
      database: `postgres://u:planted-secret@${NOBODY}/d`,
      broker: NOBODY,
      smtpPort: 1,
      baselines: path.join(folder, 'nowhere'),
    });

    expect(gone.code).toBe(EXIT.unreachable);
    for (const check of ['database', 'baselines', 'kafka', 'smtp'])
      expect([check, stateOf(gone.byCheck.get(check))]).toEqual([check, ['fault']]);
    expect(JSON.stringify([...gone.byCheck])).not.toContain('planted-secret');
    // The way out stands once, behind the arrow.
    const [down] = gone.byCheck.get('database') ?? [];
    expect(down?.says).not.toContain(down?.wayOut);
  });

  it('names a topic that is not there', async () => {
    const { byCheck } = await examine({ topic: 'no-such-topic' });

    expect(byCheck.get('topic no-such-topic')?.[0]).toMatchObject({
      state: 'fault',
      code: 'KAFKA_TOPIC_MISSING',
    });
  });

  it('compares stored positions with the log, and the dates of records with the clock', async () => {
    await send([
      { partition: 0, timestamp: Date.now() },
      { partition: 1, timestamp: Date.now() + 3_600_000 },
    ]);
    await pool.query(
      `INSERT INTO ingest_partition (source, topic, partition, next_offset, start_offset)
       VALUES ('kafka', $1, 0, 0, 0), ('kafka', $1, 1, 500, 0)`,
      [topic],
    );

    const { byCheck } = await examine();

    expect(byCheck.get(`position ${topic}/1`)?.[0]).toMatchObject({
      state: 'fault',
      says: expect.stringContaining('500 is behind the end of the log (1)') as string,
    });
    expect(byCheck.get(`clock ${topic}`)?.[0]).toMatchObject({
      state: 'warning',
      says: expect.stringContaining('partitions 1 hold records dated') as string,
    });
    await pool.query('DELETE FROM ingest_partition');
  });

  it('says that the schema is too new, with an exit code of its own', async () => {
    await pool.query("INSERT INTO schema_version VALUES (9999, '9999_future.sql', 'x', true)");
    const { code, byCheck } = await examine();
    await pool.query('DELETE FROM schema_version WHERE version = 9999');

    expect(code).toBe(EXIT.schemaTooNew);
    expect(byCheck.get('schema')?.[0]).toMatchObject({ state: 'fault', code: 'SCHEMA_TOO_NEW' });
  });
});

describe('driftd status', () => {
  let driftd: Running;
  let address: string;

  beforeAll(async () => {
    driftd = spawnDriftd(['run', '--config', config()]);
    const up = JSON.parse(await driftd.line('driftd is up')) as { address: { port: number } };
    address = `http://127.0.0.1:${String(up.address.port)}`;
    await vi.waitFor(
      async () => {
        const { rows } = await pool.query<{ events: number }>(
          'SELECT sum(counted)::bigint AS events FROM ingest_partition',
        );
        expect(rows[0]?.events).toBe(2);
      },
      { timeout: 60_000, interval: 250 },
    );
  });
  afterAll(async () => {
    driftd.kill('SIGTERM');
    await driftd.ended;
  });

  it('is the same from the database and from the daemon', async () => {
    const stored = await runCli('status', '--config', config(), '--format', 'json');
    const asked = await runCli('status', '--url', address, '--format', 'json');
    const [one, other] = [stored, asked].map(({ out }) => JSON.parse(out) as StatusDocument) as [
      StatusDocument,
      StatusDocument,
    ];

    expect(one.models).toEqual(other.models);
    expect(one.models).toMatchObject([
      { model: 'm', events: 2, lastEvent: '2026-01-05T10:00:00.000Z', baseline: null },
    ]);
    expect(
      one.partitions.map(({ partition, counted, state }) => [partition, counted, state]),
    ).toEqual([
      [0, 1, 'ok'],
      [1, 1, 'ok'],
    ]);
    expect(one.partitions[0]?.watermark).toBe('2026-01-05T09:00:00.000Z');
    expect(one.processes).toMatchObject([{ roles: ['evaluate', 'ingest', 'notify', 'serve'] }]);
    expect(one.monitors).toMatchObject([{ monitor: 'm-daily', latest: null }]);
  });

  it('and driftd says at start, too, what of its database is unsafe', async () => {
    expect(await driftd.line('fsync is off')).toMatch(/"level":"warn".*set fsync = on/);
  });

  it('is a table a subject for people', async () => {
    const { code, out } = await runCli('status', '--url', address);

    expect(code).toBe(EXIT.ok);
    expect(out).toMatch(/^Models\nmodel +features +events/m);
    expect(out).toMatch(new RegExp(`^${topic}/0 +ok `, 'm'));
    expect(out).toMatch(/^Alerts: none is pending or firing$/m);
  });

  it('says so when nobody answers', async () => {
    const { code, err } = await runCli('status', '--url', `http://${NOBODY}`);

    expect(code).toBe(EXIT.unreachable);
    expect(err).toMatch(/driftd at http:\/\/127\.0\.0\.1:1 does not tell its status/);
  });
});

// At last, for a version stays as long as its model.
describe('driftd doctor of a model with a baseline', () => {
  it('tells of declared features that the baseline does not have, once there is one', async () => {
    const features = '{ tmep: { tier: critical } }';
    const told = async () =>
      (await examine({ features })).byCheck
        .get('model m')
        ?.filter(({ says }) => says.includes('tmep'))
        .map(({ state, says }) => [state, says]);
    expect(await told()).toEqual([]);
    await pool.query(
      "INSERT INTO feature (model_id, name, kind, role, tier) SELECT id, 'temp', 'numeric', 'input', 'standard' FROM model",
    );
    await pool.query(
      `INSERT INTO baseline (model_id, version, state, fingerprint, row_count, provenance)
       SELECT id, 1, 'active', repeat('a', 64), 5, 'rows' FROM model`,
    );
    expect(await told()).toEqual([
      [
        'warning',
        'the configuration declares features that the active baseline does not have: tmep (did you mean temp?); what it says of them has no effect',
      ],
    ]);
  });
});
