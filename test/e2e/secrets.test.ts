import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { watchOf } from '../../src/app/notify/watch.ts';
import { validateCron } from '../../src/app/validate-cron.ts';
import { CHANNELS } from '../../src/config/delivery-types.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { DriftdConfig } from '../../src/config/types.ts';
import { createBearerTokens } from '../../src/ingest/kafka/bearer-token.ts';
import { testMessages } from '../../src/notify/watch/problem-messages.ts';
import { createLog } from '../../src/platform/log.ts';
import { createWatchStore } from '../../src/storage/postgres/alerts/watch-store.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createCanaries, secretFields, startEcho } from '../support/canaries.ts';
import type { Canaries, Echo } from '../support/canaries.ts';
import { spawnDriftd } from '../support/driftd.ts';
import type { Running } from '../support/driftd.ts';
import { runCli } from '../support/run-cli.ts';
import { freshDatabase } from '../support/servers.ts';

/** Nobody listens there. */
const NOBODY = '127.0.0.1:1';
const SETS = ['inline', 'files', 'oauth', 'token'] as const;
type SetName = (typeof SETS)[number];
/** Sections of a file by name. */
type Sections = Readonly<Record<string, string>>;

let folder: string;
let echo: Echo;
let canaries: Canaries;
let pool: Pool;
/** A secret may stand in the file or in one of its own, and the ways to log in exclude each other: hence several files. */
let sets: Readonly<Record<SetName, Sections>>;
let daemon: Running | null = null;

const fileOf = (set: SetName): string => path.join(folder, `${set}.yaml`);
const write = (file: string, sections: Sections): void => {
  writeFileSync(file, Object.values(sections).join('\n'));
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftd-secrets-'));
  canaries = createCanaries(folder);
  echo = await startEcho();
  const database = await freshDatabase();
  pool = createPool({ url: database, max: 2, applicationName: 'test', log: createLog('silent') });
  const inline = inlineSections(await loginAs('postgres.url', database));
  const files = fileSections(await loginAs('postgres.url_file', database));
  const kafka = `kafka:
  brokers: ['${NOBODY}']
  topics: [{ name: canary }]`;
  const { url } = echo;
  sets = {
    inline,
    files,
    oauth: {
      ...inline,
      kafka: `${kafka}
  sasl: { mechanism: oauthbearer, username: canary, password: '${canaries.plant('kafka.sasl.password')}', token_url: '${url}/token/${canaries.plant('kafka.sasl.token_url')}' }`,
    },
    token: {
      ...inline,
      kafka: `${kafka}
  sasl: { mechanism: oauthbearer, token_file: '${canaries.file('kafka.sasl.token_file')}' }`,
    },
  };
  for (const set of SETS) write(fileOf(set), sets[set]);
});

afterAll(async () => {
  daemon?.kill('SIGTERM');
  await daemon?.ended;
  await pool.end();
  await echo.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A role whose password is the secret of this field. @returns the address with it */
async function loginAs(field: string, database: string): Promise<string> {
  const url = new URL(database);
  const role = field.replaceAll('.', '_');
  const admin = new Client({ connectionString: database });
  await admin.connect();
  await admin.query(`DROP ROLE IF EXISTS ${role}`);
  await admin.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD '${canaries.plant(field)}'`);
  await admin.end();
  url.username = role;
  url.password = canaries.plant(field);
  return url.href;
}

const COMMON = {
  models: 'models: [{ name: m }]',
  monitors: "monitors: [{ name: m, model: m, schedule: '0 * * * *', windows: [24h] }]",
  log: 'log: { level: debug }',
};

function inlineSections(database: string): Sections {
  const { plant } = canaries;
  const { url } = echo;
  return {
    kafka: `kafka:
  brokers: ['${NOBODY}']
  topics: [{ name: canary }]
  sasl: { mechanism: plain, username: canary, password: '${plant('kafka.sasl.password')}' }`,
    postgres: `postgres: { url: '${database}' }`,
    http: `http: { listen: '127.0.0.1:0' }`,
    smtp: `smtp: { host: 127.0.0.1, port: 1, from: driftd@example.com, username: canary, password: '${plant('smtp.password')}' }`,
    heartbeat: `heartbeat: { url: '${url}/heart/${plant('heartbeat.url')}', interval: 1s, allow_private: true }`,
    receivers: `receivers:
  - name: everybody
    email: { to: [ops@example.com] }
    webhook: { url: '${url}/hook?key=${plant('receivers.webhook.url')}', secret: '${plant('receivers.webhook.secret')}', allow_private: true }
    slack: { url: '${url}/services/${plant('receivers.slack.url')}', allow_private: true }
    teams: { url: '${url}/workflows/${plant('receivers.teams.url')}', allow_private: true }
    alertmanager: { urls: ['${url}'] }
    pagerduty: { routing_key: '${plant('receivers.pagerduty.routing_key')}', url: '${url}/v2/enqueue?key=${plant('receivers.pagerduty.url')}', allow_private: true }`,
    ...COMMON,
  };
}

function fileSections(database: string): Sections {
  const { file } = canaries;
  const { url } = echo;
  const urlFile = path.join(folder, 'database.secret');
  writeFileSync(urlFile, database);
  const cert = path.join(folder, 'cert.pem');
  writeFileSync(cert, 'no certificate\n');
  return {
    kafka: `kafka:
  brokers: ['${NOBODY}']
  topics: [{ name: canary }]
  tls: { cert_file: '${cert}', key_file: '${file('kafka.tls.key_file')}' }
  sasl: { mechanism: scram-sha-512, username: canary, password_file: '${file('kafka.sasl.password_file')}' }`,
    postgres: `postgres: { url_file: '${urlFile}' }`,
    http: `http: { listen: '127.0.0.1:0', auth: token, admin_token_file: '${file('http.admin_token_file')}' }`,
    smtp: `smtp: { host: 127.0.0.1, port: 1, from: driftd@example.com, username: canary, password_file: '${file('smtp.password_file')}' }`,
    heartbeat: `heartbeat: { url_file: '${file('heartbeat.url_file', `${url}/heart/`)}', interval: 1s, allow_private: true }`,
    receivers: `receivers:
  - name: everybody
    email: { to: [ops@example.com] }
    webhook: { url_file: '${file('receivers.webhook.url_file', `${url}/hook?key=`)}', secret_file: '${file('receivers.webhook.secret_file')}', allow_private: true }
    slack: { url_file: '${file('receivers.slack.url_file', `${url}/services/`)}', allow_private: true }
    teams: { url_file: '${file('receivers.teams.url_file', `${url}/workflows/`)}', allow_private: true }
    alertmanager: { urls: ['${url}'] }
    pagerduty: { routing_key_file: '${file('receivers.pagerduty.routing_key_file')}', url: '${url}/v2/enqueue', allow_private: true }`,
    ...COMMON,
  };
}

async function command(...args: string[]): Promise<string> {
  const { out, err } = await runCli(...args);
  return out + err;
}

/** Mistakes that people make near a secret, in one section. */
const MISTAKES: readonly (readonly [name: string, spoil: (section: string) => string])[] = [
  [
    'an unknown key',
    (text) =>
      text.endsWith('}') ? text.replace(/\}$/, ', no_such_key: 1 }') : `${text}\n  no_such_key: 1`,
  ],
  [
    'the value where the section belongs',
    (text) => `${text.split(':')[0] ?? ''}: '${text.replaceAll(/['\n]/g, ' ')}'`,
  ],
  ['an opened quote', (text) => `${text}\n  "`],
  [
    'values without their quotes',
    (text) => text.replaceAll("'canary", '*canary').replaceAll("'", ''),
  ],
  ['numbers and lists for texts', (text) => text.replaceAll(/'([^']*canary[^']*)'/g, "['$1']")],
  ['addresses that are none', (text) => text.replaceAll(/https?:|postgres:/g, 'gopher:')],
  ['addresses with a login', (text) => text.replaceAll(/http:\/\//g, 'http://canary:canary@')],
];

describe('planted secrets', () => {
  it('are in every field that the specification says is one', () => {
    expect([...canaries.planted.keys()].toSorted()).toEqual(secretFields());
  });

  it.each(SETS)(
    'are taken where they belong, and stay out of what check-config says: %s',
    async (set) => {
      const text = await command('check-config', '--config', fileOf(set));
      expect(text).toContain('is fine');
      expect(canaries.leaksIn(text)).toEqual([]);
    },
  );

  it.each(MISTAKES)('stay out of the errors about %s', async (_, spoil) => {
    let refused = 0;
    for (const set of SETS) {
      for (const section of ['kafka', 'postgres', 'http', 'smtp', 'heartbeat', 'receivers']) {
        const file = path.join(folder, 'wrong.yaml');
        write(file, { ...sets[set], [section]: spoil(sets[set][section] ?? '') });
        const text = await command('check-config', '--config', file);
        if (!text.includes('is fine')) refused += 1;
        expect([set, section, canaries.leaksIn(text)]).toEqual([set, section, []]);
      }
    }
    expect(refused).toBeGreaterThan(0);
  });

  it.each(CHANNELS)('stay out of what a failing channel tells: %s', async (channel) => {
    for (const set of ['inline', 'files'] as const) {
      const text = await command('send-test', channel, '--config', fileOf(set));
      expect(text).toContain('FAILED');
      expect(canaries.leaksIn(text)).toEqual([]);
    }
  });

  it('stay out of a token that is not given', async () => {
    const { kafka } = await load('oauth');
    const sasl = kafka?.sasl;
    if (sasl?.mechanism !== 'oauthbearer') throw new Error('it logs in otherwise');
    const failed: unknown = await createBearerTokens(sasl.token)().catch(
      (thrown: unknown) => thrown,
    );
    expect(failed).toBeInstanceOf(Error);
    const { message, stack, cause } = failed as Error;
    expect(message).toBe('the token endpoint answers 400');
    expect(canaries.leaksIn(`${message} ${stack ?? ''} ${String(cause)}`)).toEqual([]);
  });

  it('stay out of a heartbeat that is not taken', async () => {
    for (const set of ['inline', 'files'] as const) {
      let told = '';
      const log = createLog('debug', { write: (line) => (told += line) });
      const roles = new Set(['notify']);
      const config = await load(set);
      await runCli('migrate', '--config', fileOf(set));
      const watch = watchOf({ config, store: createWatchStore(pool), owner: 'test', roles, log });
      expect(await watch.runOnce()).toEqual([]);
      await watch.stop();
      expect(told).toContain('the heartbeat was not taken');
      expect(canaries.leaksIn(told)).toEqual([]);
    }
  });

  it('have reached those whom they are for', () => {
    const reached = canaries.leaksIn(echo.heard.join('\n'));
    // A webhook's secret signs, and does not travel.
    const travel = secretFields().filter(
      (field) => /^receivers|^heartbeat|token_url/.test(field) && !field.includes('webhook.secret'),
    );
    expect(reached).toEqual(expect.arrayContaining(travel));
  });

  it('stay out of a start that fails, of doctor and of status', async () => {
    // The doctor tries the brokers for a while: of the ways to log in all at once.
    const told = SETS.flatMap((set) =>
      [['doctor'], ['status'], ['status', '--format', 'json'], ['token', 'list']].map((args) =>
        command(...args, '--config', fileOf(set)),
      ),
    );
    const runs = SETS.map(async (set) => {
      const run = spawnDriftd(['run', '--config', fileOf(set), '--roles', 'ingest']);
      // The brokers are looked for, or the key is found to be none.
      await Promise.race([run.line('"level":"error"').catch(() => ''), run.ended]);
      run.kill('SIGTERM');
      const { stdout, stderr } = await run.ended;
      expect(stdout.length).toBeGreaterThan(100);
      expect([set, canaries.leaksIn(stdout + stderr)]).toEqual([set, []]);
    });
    await Promise.all(runs);
    expect(canaries.leaksIn((await Promise.all(told)).join())).toEqual([]);
  });

  it('stay out of logs, metrics and every answer of the API, while every channel fails', async () => {
    const { receivers } = await load('files');
    await createWatchStore(pool).queue(testMessages(Date.now(), receivers));
    daemon = spawnDriftd(['run', '--config', fileOf('files'), '--roles', 'evaluate,notify,serve']);
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
    const token = canaries.plant('http.admin_token_file');
    const headers = { authorization: `Bearer ${token}` };
    await vi.waitFor(
      async () => {
        const { rows } = await pool.query<{ channel: string }>(
          'SELECT channel FROM outbox WHERE last_error IS NOT NULL',
        );
        expect(rows.map(({ channel }) => channel).toSorted()).toEqual(CHANNELS.toSorted());
      },
      { timeout: 60_000, interval: 100 },
    );
    const status = await ask('/api/v1/status', { headers });
    for (const channel of CHANNELS) expect(status).toContain(`"channel":"${channel}"`);
    answers += await command('status', '--config', fileOf('files'));
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
    write(fileOf('files'), { ...sets.files, more: 'no_such_key: 1' });
    expect(await ask('/api/v1/reload', { method: 'POST', headers })).toContain('no_such_key');
    expect(good).toBeGreaterThan(8);
    daemon.kill('SIGTERM');
    const { stdout, stderr } = await daemon.ended;
    expect(stdout).toMatch(/"message given up"|"message not delivered/);
    expect(canaries.leaksIn(answers + stdout + stderr)).toEqual([]);
  });
});

function load(set: SetName): Promise<DriftdConfig> {
  return loadConfig(fileOf(set), { env: {}, validateCron });
}
