import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTopic } from '../../scripts/demo/publisher.ts';
import type { StatusDocument } from '../../src/app/status/status.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { spawnDriftd } from '../support/driftd.ts';
import type { Running } from '../support/driftd.ts';
import { freshDatabase, kafkaBrokers, uniqueName } from '../support/servers.ts';

const WAIT = { timeout: 60_000, interval: 100 };

let folder: string;
let file: string;
let topic: string;
let group: string;
let database: string;
let pool: Pool;
let driftd: Running;
let address: string;

interface Parts {
  readonly models?: readonly string[];
  readonly more?: string;
  readonly listen?: string;
  readonly group?: string;
  readonly recipient?: string;
}

/** Two kinds of change: what a reload takes, and what needs a restart. */
function write(parts: Parts = {}): void {
  const models = parts.models ?? ['m'];
  const text = `
kafka:
  brokers: ['${kafkaBrokers()[0] ?? ''}']
  group: ${parts.group ?? group}
  topics: [{ name: ${topic}, start: earliest }]
postgres: { url: '${database}' }
http: { listen: '${parts.listen ?? '127.0.0.1:0'}' }
models: [${models.map((name) => `{ name: ${name} }`).join(', ')}]
monitors: [${models.map((name) => `{ name: ${name}-daily, model: ${name}, schedule: '0 6 * * *', windows: [24h] }`).join(', ')}]
receivers: [{ name: ops, email: { to: [${parts.recipient ?? 'ops@example.com'}] } }]
smtp: { host: 127.0.0.1, port: 1, from: driftd@example.com, tls: none }
${parts.more ?? ''}
`;
  writeFileSync(file, text);
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftd-reload-'));
  file = path.join(folder, 'driftd.yaml');
  topic = uniqueName('reload');
  group = uniqueName('group');
  database = await freshDatabase();
  pool = createPool({ url: database, max: 2, applicationName: 'test', log: createLog('silent') });
  await createTopic({ brokers: kafkaBrokers(), name: topic, partitions: 1 });
  write();
  driftd = spawnDriftd(['run', '--config', file]);
  const up = JSON.parse(await driftd.line('driftd is up')) as { address: { port: number } };
  address = `http://127.0.0.1:${String(up.address.port)}`;
});

afterAll(async () => {
  driftd.kill('SIGTERM');
  await driftd.ended;
  await pool.end();
  rmSync(folder, { recursive: true, force: true });
});

async function send(model: string): Promise<void> {
  const kafka = new Kafka({ brokers: kafkaBrokers(), logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  const event = { model, ts: '2026-01-05T10:00:00Z', features: { x: 1 } };
  await producer.send({ topic, messages: [{ partition: 0, value: JSON.stringify(event) }] });
  await producer.disconnect();
}

async function status(): Promise<StatusDocument> {
  return (await (await fetch(`${address}/api/v1/status`)).json()) as StatusDocument;
}

async function gauge(name: string): Promise<number> {
  const text = await (await fetch(`${address}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

async function reload(): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${address}/api/v1/reload`, { method: 'POST' });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
  };
}

async function until(counted: number, quarantined: number): Promise<void> {
  await vi.waitFor(async () => {
    const [partition] = (await status()).partitions;
    expect([partition?.counted, partition?.quarantined]).toEqual([counted, quarantined]);
  }, WAIT);
}

const epoch = async (): Promise<number | undefined> => {
  const { rows } = await pool.query<{ epoch: number }>('SELECT epoch FROM ingest_partition');
  return rows[0]?.epoch;
};

describe('a running driftd', () => {
  it('counts a new model after SIGHUP, and reads on without a rebalance', async () => {
    await send('m');
    await send('n');
    await until(1, 1);
    const before = await epoch();

    write({ models: ['m', 'n'] });
    driftd.kill('SIGHUP');
    await driftd.line('the configuration was reloaded');
    await send('n');
    await until(2, 1);

    const now = await status();
    expect(now.monitors.map(({ monitor }) => monitor)).toEqual(['m-daily', 'n-daily']);
    expect(now.processes).toHaveLength(1);
    expect(await epoch()).toBe(before);
    expect(await gauge('driftd_config_last_reload_successful')).toBe(1);
  });

  it('answers which sections changed; none when nothing did', async () => {
    write({ models: ['m', 'n'], recipient: 'others@example.com' });

    expect(await reload()).toEqual({ status: 200, body: { changed: ['receivers'] } });
    expect(await reload()).toEqual({ status: 200, body: { changed: [] } });
  });

  it('changes nothing for a bad file: says where the mistake is, and shows it in a gauge', async () => {
    write({ models: ['m'], more: 'moniters: []' });

    const { status: code, body } = await reload();

    expect(code).toBe(422);
    expect(body['detail']).toMatch(/driftd\.yaml:\d+:\d+.*moniters/);
    expect(await gauge('driftd_config_last_reload_successful')).toBe(0);
    expect((await status()).models.map(({ model }) => model)).toEqual(['m', 'n']);
    await driftd.line('the configuration was not reloaded');
  });

  it('refuses what needs a restart, and names the key', async () => {
    write({ models: ['m'], listen: '127.0.0.1:4711', group: 'another' });

    const { status: code, body } = await reload();

    expect(code).toBe(409);
    expect(body['detail']).toBe(
      'kafka.group, http.listen cannot change while driftd runs: restart it, or take the change back; nothing was changed',
    );
    expect((await status()).models.map(({ model }) => model)).toEqual(['m', 'n']);
  });

  it('takes a model out: its gauges are gone with the next scrape, its events go to quarantine', async () => {
    write({ models: ['m'] });

    expect(await reload()).toMatchObject({ status: 200 });
    const page = await (await fetch(`${address}/metrics`)).text();
    await send('n');
    await until(2, 2);

    expect(page).toContain('driftd_model_events_total{model="m"}');
    expect(page).not.toContain('model="n"');
    expect(await gauge('driftd_config_last_reload_successful')).toBe(1);
  });

  it('takes ten reloads at once, one after the other', async () => {
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, i) => {
        write({ models: i % 2 === 0 ? ['m', 'n'] : ['m'] });
        return reload();
      }),
    );

    expect(results.map(({ status: code }) => code)).toEqual(results.map(() => 200));
    await send('m');
    await until(3, 2);
  });
});
