import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHANNELS } from '../../src/config/delivery-types.ts';
import { runDriftd, spawnDriftd } from '../support/driftd.ts';
import type { Running } from '../support/driftd.ts';
import { freshDatabase } from '../support/servers.ts';

/** Nobody listens there. */
const NOBODY = '127.0.0.1:1';

/** One for every field that may hold a secret: what it is found by, wherever it leaks to. */
const planted = new Map<string, string>();
function plant(field: string): string {
  const secret = `canary${randomBytes(18).toString('hex')}`;
  planted.set(field, secret);
  return secret;
}

/** Fields in which a secret comes out. Encoded ones count, too. */
function leaksIn(text: string): string[] {
  return [...planted]
    .filter(
      ([, secret]) =>
        text.includes(secret) || text.includes(Buffer.from(secret).toString('base64').slice(4, 24)),
    )
    .map(([field]) => field);
}

let folder: string;
let file: string;
let sections: Readonly<Record<string, string>>;
/** Takes messages and throws them back: a far side may well repeat what it was sent. */
let echo: Server;
const heard: string[] = [];
let daemon: Running | null = null;

const secretFile = (field: string): string => {
  const name = path.join(folder, `${field.replaceAll('.', '-')}.secret`);
  writeFileSync(name, `${plant(field)}\n`);
  return name;
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftd-secrets-'));
  echo = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const all = `${request.url} ${JSON.stringify(request.headers)} ${body}`;
      heard.push(all);
      response.writeHead(400, `no ${request.url}`).end(`I do not like ${all}`);
    });
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`;

  const database = new URL(await freshDatabase());
  const password = plant('postgres.url');
  const admin = new Client({ connectionString: database.href });
  await admin.connect();
  await admin.query(`CREATE ROLE canary LOGIN SUPERUSER PASSWORD '${password}'`);
  await admin.end();
  database.username = 'canary';
  database.password = password;

  sections = {
    kafka: `kafka:
  brokers: ['${NOBODY}']
  group: canary
  topics: [{ name: canary }]
  sasl: { mechanism: plain, username: canary, password_file: '${secretFile('kafka.sasl.password')}' }`,
    postgres: `postgres: { url: '${database.href}' }`,
    http: `http: { listen: '127.0.0.1:0', auth: token, admin_token_file: '${secretFile('http.admin_token')}' }`,
    smtp: `smtp: { host: 127.0.0.1, port: 1, from: driftd@example.com, username: canary, password: '${plant('smtp.password')}' }`,
    heartbeat: `heartbeat: { url: '${base}/heart/${plant('heartbeat.url')}', interval: 1s, allow_private: true }`,
    receivers: `receivers:
  - name: everybody
    email: { to: [ops@example.com] }
    webhook: { url: '${base}/hook?key=${plant('webhook.url')}', secret: '${plant('webhook.secret')}', allow_private: true }
    slack: { url: '${base}/services/${plant('slack.url')}', allow_private: true }
    teams: { url_file: '${teamsFile(base)}', allow_private: true }
    alertmanager: { urls: ['${base}'] }
    pagerduty: { routing_key: '${plant('pagerduty.routing_key')}', url: '${base}/v2/enqueue', allow_private: true }`,
    models: 'models: [{ name: m }]',
    monitors: "monitors: [{ name: m, model: m, schedule: '0 * * * *', windows: [24h] }]",
    log: 'log: { level: debug }',
  };
  file = path.join(folder, 'driftd.yaml');
  writeFileSync(file, Object.values(sections).join('\n'));
}, 60_000);

function teamsFile(base: string): string {
  const name = path.join(folder, 'teams.secret');
  writeFileSync(name, `${base}/workflows/${plant('teams.url')}`);
  return name;
}

afterAll(async () => {
  daemon?.kill('SIGTERM');
  await daemon?.ended;
  await new Promise((resolve) => echo.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

async function command(...args: string[]): Promise<string> {
  const { stdout, stderr } = await runDriftd(args);
  return stdout + stderr;
}

describe('planted secrets', () => {
  it('are taken where they belong, and stay out of what check-config says', async () => {
    const text = await command('check-config', '--config', file);
    expect(text).toContain('is fine');
    expect(leaksIn(text)).toEqual([]);
    expect(planted.size).toBe(10);
  });

  it.each(['kafka', 'postgres', 'http', 'smtp', 'heartbeat', 'receivers'])(
    'stay out of the error about a mistake beside them: %s',
    async (section) => {
      const wrong = path.join(folder, `wrong-${section}.yaml`);
      const broken = (sections[section] ?? '').replace(/\}$/, ', no_such_key: 1 }');
      writeFileSync(
        wrong,
        Object.values({
          ...sections,
          [section]: broken === sections[section] ? `${broken}\n  no_such_key: 1` : broken,
        }).join('\n'),
      );
      const text = await command('check-config', '--config', wrong);
      expect(text).toContain('no_such_key');
      expect(leaksIn(text)).toEqual([]);
    },
  );

  it.each(CHANNELS)('stay out of what a failing channel tells: %s', async (channel) => {
    const text = await command('send-test', channel, '--config', file);
    expect(text).toContain('FAILED');
    expect(leaksIn(text)).toEqual([]);
  });

  it('have reached those whom they are for', () => {
    const reached = leaksIn(heard.join('\n'));
    for (const field of ['webhook.url', 'slack.url', 'teams.url', 'pagerduty.routing_key'])
      expect(reached).toContain(field);
  });

  it('stay out of a start that fails, of doctor and of status', async () => {
    const commands = [['doctor'], ['doctor', '--format', 'json'], ['status'], ['token', 'list']];
    const told = await Promise.all(commands.map((args) => command(...args, '--config', file)));
    const run = spawnDriftd(['run', '--config', file, '--roles', 'ingest']);
    await run.line(NOBODY);
    run.kill('SIGTERM');
    const { stdout, stderr } = await run.ended;
    expect(leaksIn(told.join() + stdout + stderr)).toEqual([]);
  }, 120_000);

  it('stay out of logs, metrics and every answer of the API', async () => {
    daemon = spawnDriftd(['run', '--config', file, '--roles', 'evaluate,notify,serve']);
    const started = JSON.parse(await daemon.line('driftd is up')) as {
      address: { host: string; port: number };
    };
    const url = `http://${started.address.host}:${started.address.port}`;
    let answers = '';
    let good = 0;
    const ask = async (where: string, init: RequestInit = {}): Promise<string> => {
      const response = await fetch(`${url}${where}`, init);
      if (response.ok) good += 1;
      const text = `${[...response.headers].join()} ${await response.text()}`;
      answers += text;
      return text;
    };
    const headers = { authorization: `Bearer ${planted.get('http.admin_token') ?? ''}` };
    const document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    for (const where of ['/', '/metrics', '/readyz', '/livez', '/version', '/docs/'])
      await ask(where);
    const paths = Object.keys(document.paths).filter((one) => 'get' in (document.paths[one] ?? {}));
    expect(paths.length).toBeGreaterThan(8);
    for (const one of paths) await ask(one.replaceAll(/\{\w+\}/g, 'm'), { headers });
    await ask('/api/v1/models', { headers: { authorization: 'Bearer wrong' } });
    await ask('/api/v1/reload', { method: 'POST', headers });
    writeFileSync(file, `${Object.values(sections).join('\n')}\nno_such_key: 1\n`);
    expect(await ask('/api/v1/reload', { method: 'POST', headers })).toContain('no_such_key');
    expect(good).toBeGreaterThan(8);
    daemon.kill('SIGTERM');
    const { stdout, stderr } = await daemon.ended;
    expect(stdout.length).toBeGreaterThan(200);
    expect(leaksIn(answers + stdout + stderr)).toEqual([]);
  }, 120_000);
});
