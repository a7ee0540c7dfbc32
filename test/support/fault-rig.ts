import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { expect, vi } from 'vitest';
import { createTopic } from '../../scripts/demo/publisher.ts';
import { startKafka } from '../../scripts/servers/kafka.ts';
import type { KafkaServer } from '../../scripts/servers/kafka.ts';
import { freePort } from '../../scripts/servers/free-port.ts';
import { startPostgres } from '../../scripts/servers/postgres.ts';
import type { PostgresServer } from '../../scripts/servers/postgres.ts';
import type { Finding } from '../../src/app/status/finding.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { spawnDriftd } from './driftd.ts';
import type { Running } from './driftd.ts';
import { runCli } from './run-cli.ts';

export const TOPIC = 'predictions';
export const WAIT = { timeout: 60_000, interval: 200 };

export interface Readiness {
  readonly status: number;
  readonly failing: readonly string[];
  readonly reasons: string;
}

/** What one process says of itself. */
export interface Subject {
  /** @throws when it does not answer in time, by default 10 s */
  livez(timeoutMs?: number): Promise<number>;
  readyz(): Promise<Readiness>;
  /** undefined: there is no such series. */
  gauge(series: string): Promise<number | undefined>;
}

/** A driftd with servers of its own, that can be taken away. */
export interface FaultRig extends Subject {
  readonly kafka: KafkaServer;
  readonly postgres: PostgresServer;
  readonly pool: Pool;
  /** The daemon; another one after `restart()`. */
  readonly driftd: Running;
  readonly database: string;
  /** What /readyz said while driftd started: every set of failing checks, once. */
  readonly atStart: readonly string[];
  /** Writes the configuration for a process that listens there. @returns its path */
  config(port: number): string;
  send(count: number): Promise<void>;
  /** Records counted so far. */
  counted(): Promise<number>;
  /** What the doctor says, on the configuration of the daemon. */
  doctor(): Promise<{ readonly code: number; readonly findings: readonly Finding[] }>;
  /** Starts the daemon anew, after it has ended. */
  restart(): void;
  stop(): Promise<void>;
}

export async function startFaultRig(): Promise<FaultRig> {
  const folder = mkdtempSync(path.join(tmpdir(), 'driftd-faults-'));
  // A while without partitions at each start: else it may be over before anybody has looked.
  const settings = { 'group.initial.rebalance.delay.ms': '3000' };
  const [kafka, postgres] = await Promise.all([startKafka({ settings }), startPostgres()]);
  const database = await postgres.createDatabase();
  const pool = createPool({
    url: database,
    max: 2,
    applicationName: 'test',
    log: createLog('silent'),
  });
  await createTopic({ brokers: kafka.brokers, name: TOPIC, partitions: 1 });
  const config = (port: number): string => {
    const file = path.join(folder, `driftd-${String(port)}.yaml`);
    writeFileSync(
      file,
      `
kafka:
  brokers: ['${kafka.brokers[0] ?? ''}']
  topics: [{ name: ${TOPIC}, start: earliest }]
  session_timeout: 40s
postgres: { url: '${database}' }
http: { listen: '127.0.0.1:${String(port)}' }
models: [{ name: m }]
monitors: [{ name: m-hourly, model: m, schedule: '0 * * * *', windows: [1h] }]
receivers:
  - { name: ops, email: { to: [ops@example.com] } }
  - { name: watchers, slack: { url: 'https://127.0.0.1:1/', allow_private: true } }
notify: { problem_receivers: [watchers], test_schedule: 'off' }
smtp: { host: 127.0.0.1, port: 1, from: driftd@example.com, tls: none }
`,
    );
    return file;
  };
  const port = await freePort();
  const file = config(port);
  let driftd = spawnDriftd(['run', '--config', file]);
  const subject = subjectAt(`http://127.0.0.1:${String(port)}`);
  const client = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING });
  const atStart: string[] = [];
  for (let ready = false; !ready;) {
    const { status, failing } = await subject
      .readyz()
      .catch(() => ({ status: 0, failing: ['nobody'] }));
    const seen = failing.join();
    if (atStart.at(-1) !== seen) atStart.push(seen);
    ready = status === 200;
  }
  return {
    ...subject,
    kafka,
    postgres,
    pool,
    get driftd() {
      return driftd;
    },
    database,
    atStart,
    config,
    async send(count) {
      const producer = client.producer();
      await producer.connect();
      const event = { model: 'm', ts: new Date().toISOString(), features: { x: 1 } };
      const messages = Array.from({ length: count }, () => ({ value: JSON.stringify(event) }));
      await producer.send({ topic: TOPIC, messages });
      await producer.disconnect();
    },
    async counted() {
      const { rows } = await pool.query<{ counted: number }>(
        'SELECT sum(counted)::bigint AS counted FROM ingest_partition',
      );
      return rows[0]?.counted ?? 0;
    },
    async doctor() {
      const { code, out } = await runCli('doctor', '--config', file, '--format', 'json');
      return { code, findings: (JSON.parse(out) as { findings: Finding[] }).findings };
    },
    restart() {
      driftd = spawnDriftd(['run', '--config', file]);
    },
    async stop() {
      driftd.kill('SIGKILL');
      await driftd.ended;
      await pool.end();
      await Promise.all([kafka.stop(), postgres.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A process that listens at this address. */
export function subjectAt(base: string): Subject {
  return {
    livez: async (timeoutMs = 10_000) =>
      (await fetch(`${base}/livez`, { signal: AbortSignal.timeout(timeoutMs) })).status,
    async readyz() {
      const response = await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(15_000) });
      const { checks } = (await response.json()) as {
        checks: { name: string; ok: boolean; reason: string | null }[];
      };
      const failing = checks.filter(({ ok }) => !ok);
      return {
        status: response.status,
        failing: failing.map(({ name }) => name),
        reasons: failing.map(({ reason }) => reason).join('; '),
      };
    },
    async gauge(series) {
      const page = await (await fetch(`${base}/metrics`)).text();
      const line = page.split('\n').find((one) => one.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length));
    },
  };
}

export async function expectReady(subject: Subject): Promise<void> {
  await vi.waitFor(
    // One that has just been started does not listen yet.
    async () => expect(await subject.readyz()).toMatchObject({ status: 200, failing: [] }),
    WAIT,
  );
}

export async function expectGauge(
  subject: Subject,
  series: string,
  holds: (value: number | undefined) => boolean,
): Promise<void> {
  await vi.waitFor(async () => {
    const value = await subject.gauge(series);
    expect([series, value, holds(value)]).toEqual([series, value, true]);
  }, WAIT);
}
