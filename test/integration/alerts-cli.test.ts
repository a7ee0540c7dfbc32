import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startMailbox } from '../../scripts/servers/mailbox.ts';
import { validateCron } from '../../src/app/validate-cron.ts';
import type { CliDeps } from '../../src/cli/deps.ts';
import { runCli } from '../../src/cli/program.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { startHttpSink } from '../support/http-sink.ts';
import type { HttpSink } from '../support/http-sink.ts';
import { runCli as runDriftd } from '../support/run-cli.ts';
import { freshDatabase } from '../support/servers.ts';

const silent = createLog('silent');
let folder = '';
let database = '';
let config = '';
let sink: HttpSink;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftd-cli-'));
  config = join(folder, 'driftd.yaml');
  sink = await startHttpSink(({ path }) => ({ status: path === '/bad' ? 404 : 200 }));
  database = await freshDatabase();
  await writeFile(
    config,
    `postgres: { url: ${JSON.stringify(database)} }
receivers:
  - { name: good, webhook: { url: "${sink.url}/good", allow_private: true } }
  - { name: bad, webhook: { url: "${sink.url}/bad", allow_private: true } }
`,
  );
});
afterAll(async () => {
  await sink.stop();
  await rm(folder, { recursive: true });
});

async function driftd(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const deps: CliDeps = {
    createApp: () => Promise.reject(new Error('no app is needed')),
    migrate: () => Promise.reject(new Error('no migration is asked for')),
    validateCron,
    build: { name: 'driftd', version: '1.2.3', node: '24.0.0' },
    clock: systemClock,
  };
  const io = {
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
    env: { DRIFTD_CONFIG: config },
    stop: new AbortController().signal,
  };
  const code = await runCli([...argv, '--config', config], deps, io);
  return { code, ...said };
}

describe('driftd silence', () => {
  const who = ['--author', 'kim', '--reason', 'sensor swap\u202E'];

  it('adds, lists and ends', async () => {
    const added = await driftd('silence', 'add', 'feature=temp', 'model=f*', '--for', '2h', ...who);
    expect(added).toMatchObject({ code: 0, err: '' });
    expect(added.out).toMatch(
      /^1 {2}20.* to 20.* {2}feature=temp, model=f\* {2}kim: sensor swap\uFFFD\n$/,
    );
    const listed = await driftd('silence', 'list', '--format', 'json');
    expect(JSON.parse(listed.out)).toMatchObject([
      { id: 1, matchers: ['feature=temp', 'model=f*'], author: 'kim', expiredBy: null },
    ]);
    expect((await driftd('silence', 'expire', '1', '--author', 'lee')).out).toBe(
      'Silence 1 is over.\n',
    );
    expect((await driftd('silence', 'list')).out).toBe('No alert is silenced.\n');
    expect((await driftd('silence', 'list', '--all')).out).toContain('(ended by lee)');
    expect(await driftd('silence', 'expire', '1', '--author', 'lee')).toMatchObject({
      code: 2,
      err: 'driftd: there is no silence 1 that still holds; driftd silence list shows them\n',
    });
  });

  it.each([
    [['silence', 'add', 'color=red', '--for', '2h', ...who], '"color=red" is no matcher'],
    [['silence', 'add', 'feature=x', '--for', '2', ...who], 'Write it like 30m, 2h or 3d'],
    [['silence', 'add', 'feature=x', '--for', '2h', '--author', 'kim'], "'--reason <text>'"],
    [['silence', 'add', '--for', '2h', ...who], "missing required argument 'matchers'"],
    [['silence', 'expire', 'one', '--author', 'kim'], 'A number'],
  ])('%j: 2', async (argv, told) => {
    const { code, err } = await driftd(...argv);
    expect(err).toContain(told);
    expect(code).toBe(2);
  });
});

describe('driftd alert', () => {
  it('says that nothing fires, and takes nothing on then', async () => {
    expect((await driftd('alert', 'list')).out).toBe('Nothing fires.\n');
    expect(await driftd('alert', 'ack', 'm', 'temp', '--author', 'kim')).toMatchObject({ code: 2 });
  });

  it('says how many it took on', async () => {
    const pool = createPool({ url: database, max: 1, applicationName: 'test', log: silent });
    try {
      await migrate(pool, silent);
      await pool.query(
        `WITH m AS (INSERT INTO model (name) VALUES ('m') RETURNING id),
           o AS (INSERT INTO monitor (name, model_id) SELECT 'daily', id FROM m RETURNING id),
           f AS (INSERT INTO feature (model_id, name, kind, role, tier)
             SELECT id, 'temp', 'numeric', 'input', 'standard' FROM m RETURNING id)
         INSERT INTO alert (monitor_id, feature_id, segment, state, severity, incident)
         SELECT o.id, f.id, segment, 'firing', 'critical', 1
           FROM o, f, unnest('{all,carrier=AA}'::text[]) AS segment`,
      );
    } finally {
      await pool.end();
    }
    const take = (...more: string[]) =>
      driftd('alert', 'ack', 'm', 'temp', '--author', 'kim', ...more);
    expect(await take('--segment', 'all')).toMatchObject({
      code: 0,
      out: '1 alert acknowledged.\n',
    });
    expect((await take()).out).toBe('2 alerts acknowledged.\n');
    expect((await take('--format', 'json')).out).toBe('{"acknowledged":2}\n');
  });
});

describe('driftd send-test', () => {
  it('tells what every recipient answered', async () => {
    const { code, out } = await driftd('send-test', 'webhook');
    expect(out).toBe('sent  webhook  good  good\nFAILED  webhook  bad  bad: HTTP 404\n');
    expect(code).toBe(6);
    expect(await driftd('send-test', 'webhook', '--receiver', 'good')).toMatchObject({ code: 0 });
    expect(JSON.parse(sink.requests.at(-1)?.body ?? '')).toMatchObject({
      receiver: 'good',
      alerts: [{ labels: { alertname: 'DriftdProblem', problem: 'test' } }],
    });
  });

  it('says nothing else, though mail leaves unencrypted', async () => {
    const mailbox = await startMailbox();
    onTestFinished(() => mailbox.stop());
    const mail = join(folder, 'mail.yaml');
    await writeFile(
      mail,
      `postgres: { url: ${JSON.stringify(database)} }
smtp: { host: ${mailbox.host}, port: ${mailbox.port}, from: driftd@example.com, tls: none }
receivers: [{ name: mails, email: { to: [ops@example.com] } }]
`,
    );
    expect(await runDriftd('send-test', 'email', '--config', mail)).toEqual({
      code: 0,
      out: 'sent  email  mails  ops@example.com\n',
      err: '',
    });
    expect(mailbox.messages).toHaveLength(1);
  });

  it('says which channels there are', async () => {
    expect((await driftd('send-test', 'slack')).err).toContain('the configuration has: webhook');
    expect((await driftd('send-test', 'pigeon')).err).toContain('Allowed choices are email');
  });
});
