import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ConfigError } from '../../../src/config/document/problems.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { judgingOf } from '../../../src/config/policy.ts';
import type { DriftdConfig, PolicyConfig } from '../../../src/config/types.ts';
import { DriftdError } from '../../../src/platform/errors.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftd-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(text: string, env: Record<string, string> = {}): Promise<DriftdConfig> {
  const file = join(folder, 'driftd.yaml');
  await writeFile(file, text);
  return loadConfig(file, { env, validateCron: () => null });
}

async function refuse(text: string, env: Record<string, string> = {}): Promise<string> {
  const thrown = await load(text, env).catch((error: unknown) => error);
  if (!(thrown instanceof DriftdError)) throw new Error('the file was not refused');
  return thrown.message;
}

const POSTGRES = 'postgres: { url: "postgres://u:p@127.0.0.1/d" }\n';

describe('defaults', () => {
  it('a file with nothing but a database gets all of them', async () => {
    expect(await load(POSTGRES)).toEqual({
      kafka: null,
      replay: null,
      postgres: { url: 'postgres://u:p@127.0.0.1/d', pool: 10 },
      http: { listen: { host: '127.0.0.1', port: 8080 }, auth: 'loopback', adminToken: null },
      log: { level: 'info' },
      ingest: {
        checkpointIntervalMs: 1_000,
        checkpointRecords: 20_000,
        checkpointBytes: 16_777_216,
        futureToleranceMs: 300_000,
        dedupWindowMs: null,
        quarantinePayload: 'redacted',
      },
      retention: { hoursMs: 60 * 86_400_000, daysMs: 400 * 86_400_000 },
      httpSource: null,
      baselines: { directory: null },
      models: [],
      monitors: [],
      receivers: [],
      routes: [],
      smtp: null,
      channels: { webhook: [], slack: [], teams: [], alertmanager: [], pagerduty: [] },
      notify: { maxPerMinute: 20, problemReceivers: [], testSchedule: '0 9 * * 1', links: [] },
      heartbeat: null,
      maintenance: [],
    });
  });

  it('fills in those of a monitor, with its windows in ascending order', async () => {
    const config = await load(
      `${POSTGRES}models: [{ name: m }]\nmonitors: [{ name: x, model: m, schedule: "0 6 * * *", windows: [7d, 1h] }]\n`,
    );
    expect(config.models).toEqual([
      {
        name: 'm',
        owner: null,
        attributes: [],
        allowedLatenessMs: 3_600_000,
        silentAfterMs: null,
        timeColumn: 'ts',
        features: new Map(),
      },
    ]);
    expect(config.monitors).toEqual([
      {
        name: 'x',
        model: 'm',
        schedule: '0 6 * * *',
        timeZone: 'UTC',
        clock: 'wall',
        windows: [
          { name: '1h', spanMs: 3_600_000 },
          { name: '7d', spanMs: 604_800_000 },
        ],
        seasonality: 'none',
        catchUp: 24,
        volumeDrop: 0.5,
        policy: {
          alertBudgetPerDay: 1 / 30,
          delta: { warning: 0.05, critical: 0.1 },
          shareDelta: { warning: 0.01, critical: 0.02 },
          alpha: 0.001,
          minSamples: 1,
          psiMode: 'half',
          fixed: {},
          off: [],
          tiers: new Map(),
          features: new Map(),
          open: { firing: 2, of: 3 },
          close: 3,
          designEffect: 'baseline',
        },
      },
    ]);
  });

  it('the example file is right as it stands', async () => {
    const example = fileURLToPath(new URL('../../../config/driftd.example.yaml', import.meta.url));
    const config = await loadConfig(example, { env: {}, validateCron: () => null });
    expect(config.monitors.map((monitor) => monitor.name)).toEqual(['flights-daily']);
    expect(config.smtp?.port).toBe(1025);
    expect(config.models[0]?.features.get('temp')).toEqual({
      kind: null,
      categories: null,
      unit: null,
      role: null,
      tier: 'critical',
    });
  });
});

describe('environment', () => {
  it('gives texts, numbers and booleans, with defaults for unset and empty ones', async () => {
    const text = [
      'postgres: { url: "${DB}", pool: "${POOL:-7}" }',
      'smtp: { host: "${HOST:-mail}", port: "${PORT}", from: a@example.com, username: u, password: "${PW}", tls: implicit }',
      'receivers: [{ name: r, email: { to: [a@example.com], send_resolved: "${RESOLVED}" } }]',
    ].join('\n');
    const env = { DB: 'postgres://h/d', PORT: '2525', RESOLVED: 'false', PW: '0123', HOST: '' };
    const config = await load(text, env);
    expect(config.postgres).toEqual({ url: 'postgres://h/d', pool: 7 });
    expect(config.smtp).toMatchObject({
      host: 'mail',
      port: 2525,
      auth: { username: 'u', password: '0123' },
    });
    expect(config.receivers[0]?.targets[0]?.sendResolved).toBe(false);
  });

  it('leaves $${ as a literal', async () => {
    const config = await load('postgres: { url: "postgres://u:a$${b@h/d" }');
    expect(config.postgres.url).toBe('postgres://u:a${b@h/d');
  });

  it('never shows what came from it', async () => {
    const told = await refuse(`${POSTGRES}smtp: { host: h, from: "\${FROM}", tls: "\${TLS}" }`, {
      FROM: 'hunter2 is no address',
      TLS: 'hunter2',
    });
    expect(told).toContain('the value from the environment');
    expect(told).not.toContain('hunter2');
  });
});

describe('secrets', () => {
  it('come from files beside the configuration, without the newline at their end', async () => {
    await writeFile(join(folder, 'pw'), ' p w \r\n');
    await writeFile(join(folder, 'url'), 'postgres://u:p@h/d\n');
    const config = await load(
      'postgres: { url_file: url }\nkafka: { brokers: ["k:9092"], topics: [{ name: t, start: "2026-01-01T00:00:00+01:00" }], tls: true, sasl: { mechanism: plain, username: u, password_file: pw } }\n',
    );
    expect(config.postgres.url).toBe('postgres://u:p@h/d');
    expect(config.kafka?.sasl).toEqual({ mechanism: 'plain', username: 'u', password: ' p w ' });
    expect(config.kafka?.tls).toEqual({ ca: null, cert: null, key: null, serverName: null });
    expect(config.kafka?.topics[0]?.start).toBe(Date.UTC(2025, 11, 31, 23));
  });

  it.each([
    ['oauthbearer, token_file: token', { file: '/token' }],
    [
      'oauthbearer, token_url: "https://login.example.com/t", token_scope: kafka, username: u, password: p',
      { url: 'https://login.example.com/t', clientId: 'u', clientSecret: 'p', scope: 'kafka' },
    ],
  ])('log in by token: %s', async (sasl, token) => {
    const config = await load(
      `${POSTGRES}kafka: { brokers: ["k:9092"], topics: [{ name: t }], sasl: { mechanism: ${sasl} } }`,
    );
    const found = config.kafka?.sasl;
    expect(found).toMatchObject({
      mechanism: 'oauthbearer',
      token: 'file' in token ? { file: join(folder, 'token') } : token,
    });
  });

  it.each([
    ['oauthbearer', 'needs either token_url or token_file'],
    [
      'oauthbearer, token_file: t, token_url: "https://l", username: u, password: p',
      'needs either',
    ],
    ['oauthbearer, token_url: "http://login.example.com", username: u, password: p', 'no https'],
    ['oauthbearer, token_url: "https://l", password: p', 'username is missing'],
    ['plain, username: u, password: p, token_file: t', 'for mechanism oauthbearer only'],
    ['scram-sha-512, password: p', 'username is missing'],
  ])('refuse a login of %s', async (sasl, message) => {
    expect(
      await refuse(
        `${POSTGRES}kafka: { brokers: ["k:9092"], topics: [{ name: t }], sasl: { mechanism: ${sasl} } }`,
      ),
    ).toContain(message);
  });

  it('are not in the message about a value that is wrong', async () => {
    expect(await refuse('postgres: { url: "mysql://u:hunter2@h/d" }')).not.toContain('hunter2');
    expect(await refuse('postgres: { url: [hunter2] }')).not.toContain('hunter2');
  });
});

describe('listener', () => {
  it.each(['127.0.0.1:0', '127.8.9.1:80', 'localhost:80', '[::1]:80'])(
    '%s needs no auth',
    async (listen) => {
      const config = await load(`${POSTGRES}http: { listen: "${listen}" }`);
      expect(config.http.auth).toBe('loopback');
    },
  );

  it.each(['0.0.0.0:80', '[::]:80', '10.0.0.1:80', '127.0.0.1.example.com:80', 'box:80'])(
    '%s asks for a token unless auth: none is said',
    async (listen) => {
      const config = await load(`${POSTGRES}http: { listen: "${listen}" }`);
      expect(config.http.auth).toBe('token');
      const open = await load(`${POSTGRES}http: { listen: "${listen}", auth: none }`);
      expect(open.http.auth).toBe('none');
    },
  );

  it('asks for a token at a loopback address, too, when told so', async () => {
    const config = await load(`${POSTGRES}http: { listen: "127.0.0.1:1", auth: token }`);
    expect(config.http).toMatchObject({ auth: 'token', adminToken: null });
  });

  it('takes a first token from a file, and says what is wrong with it', async () => {
    const token = 'a1'.repeat(16);
    await writeFile(join(folder, 'token'), `${token}\n`);
    await writeFile(join(folder, 'short'), 'secret');
    const config = await load(`${POSTGRES}http: { admin_token_file: token }`);
    expect(config.http.adminToken).toBe(token);
    const refused = await refuse(`${POSTGRES}http: { admin_token_file: short }`);
    expect(refused).toContain('32 to 512 letters');
    expect(refused).not.toContain('"secret"');
    expect(await refuse(`${POSTGRES}http: { auth: none, admin_token_file: token }`)).toContain(
      'is of no use with "auth: none"',
    );
  });
});

describe('messages', () => {
  it('tell every mistake of a file at once, in its order, across sections', async () => {
    const told = await refuse(
      [
        'http: { listen: "0.0.0.0:99999", port: 5 }',
        'postgres: { url: "${NOPE}" }',
        'models: [{ name: m, allowed_lateness: soon }, { name: m }]',
        'monitors:',
        '  - { name: x, model: n, schedule: "* *", windows: [2h] }',
        'routes: [{ receiver: ghost, group_wait: 1y }]',
      ].join('\n'),
    );
    const places = told
      .split('\n')
      .map((line) => /driftd\.yaml:(\d+):\d+ (\S+):/.exec(line)?.slice(1).join(' '));
    expect(places).toEqual([
      '1 http.listen',
      '1 http.port',
      '2 postgres.url',
      '3 models[0].allowed_lateness',
      '3 models[1].name',
      '5 monitors[0].model',
      '5 monitors[0].schedule',
      '5 monitors[0].windows[0]',
      '6 routes[0].receiver',
      '6 routes[0].group_wait',
    ]);
  });

  it('say so when there is no file, and when it is no text', async () => {
    const options = { env: {}, validateCron: () => null };
    await expect(loadConfig(join(folder, 'none.yaml'), options)).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message: expect.stringContaining('there is no such file') as string,
    });
    await expect(loadConfig(folder, options)).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message: expect.stringContaining('it is a folder') as string,
    });
    await writeFile(join(folder, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0xe9]));
    await expect(loadConfig(join(folder, 'latin1.yaml'), options)).rejects.toMatchObject({
      message: expect.stringContaining('it is no UTF-8 text') as string,
    });
  });

  it.each(['', '[]', 'text', '# only a comment', '{ __proto__: { postgres: 1 } }', '&a [*a]'])(
    'a file that holds %j is refused in order',
    async (text) => {
      const thrown = await load(text).catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(ConfigError);
    },
  );

  it('keeps names of features that are names of JavaScript', async () => {
    const config = await load(
      `${POSTGRES}models: [{ name: m, features: { constructor: { tier: ignore }, toString: {} } }]`,
    );
    expect(config.models[0]?.features.get('constructor')?.tier).toBe('ignore');
    expect([...(config.models[0]?.features.keys() ?? [])]).toEqual(['constructor', 'toString']);
  });

  it('follows anchors to the place of the value', async () => {
    const told = await refuse(
      `${POSTGRES}models: [{ name: m }]\nmonitors:\n  - &base\n    name: x\n    model: m\n    schedule: "0 0 * * *"\n    clock: never\n  - *base\n`,
    );
    expect(told).toContain('driftd.yaml:8:12 monitors[0].clock');
    expect(told).toContain('driftd.yaml:8:12 monitors[1].clock');
  });
});

describe('policies', () => {
  const text = [
    'postgres: { url: "postgres://h/d" }',
    'models: [{ name: m, features: { a: { tier: critical }, b: {} } }]',
    'monitors:',
    '  - name: x',
    '    model: m',
    '    schedule: "0 * * * *"',
    '    policy:',
    '      min_samples: 100',
    '      delta: { warning: 0.06 }',
    '      off: [spike]',
    '      fixed: { js: 0.3 }',
    '      tiers: { critical: { alpha: 0.01, delta: { critical: 0.2 }, alert_budget_per_day: 1 } }',
    '      features: { a: { fixed: { psi: 0.2, ks: { warning: 0.1, critical: 0.3 } }, off: [] } }',
  ].join('\n');

  it('a feature wins over its tier, the tier over the monitor, key by key', async () => {
    const policy = (await load(text)).monitors[0]?.policy as PolicyConfig;
    expect(judgingOf(policy, { name: 'a', tier: 'critical' })).toEqual({
      alertBudgetPerDay: 1,
      delta: { warning: 0.06, critical: 0.2 },
      shareDelta: { warning: 0.01, critical: 0.02 },
      alpha: 0.01,
      minSamples: 100,
      psiMode: 'half',
      designEffect: 'baseline',
      fixed: {
        js: { warning: 0.3, critical: 0.3 },
        psi: { warning: 0.2, critical: 0.2 },
        ks: { warning: 0.1, critical: 0.3 },
      },
      off: [],
    });
    expect(judgingOf(policy, { name: 'b', tier: 'standard' })).toMatchObject({
      alertBudgetPerDay: 1 / 30,
      delta: { warning: 0.06, critical: 0.1 },
      alpha: 0.001,
      fixed: { js: { warning: 0.3, critical: 0.3 } },
      off: ['spike'],
    });
  });

  it('a feature may be named like anything', async () => {
    const odd = text.replace(
      'features: { a: { fixed',
      'features: { constructor: { alpha: 0.02 }, a: { fixed',
    );
    const policy = (await load(odd)).monitors[0]?.policy as PolicyConfig;
    expect(judgingOf(policy, { name: 'constructor', tier: 'standard' }).alpha).toBe(0.02);
    expect(judgingOf(policy, { name: 'toString', tier: 'standard' }).alpha).toBe(0.001);
  });
});
