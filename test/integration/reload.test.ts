import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/servers/free-port.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { serve } from '../support/served.ts';
import type { Answer, Served } from '../support/served.ts';
import { freshDatabase } from '../support/servers.ts';

interface Written {
  readonly temp?: string;
  readonly models?: readonly string[];
  readonly windows?: string;
  readonly more?: string;
}

let folder: string;
let database: string;
let served: Served;
let pool: Pool;

function config({ temp = '{}', models = [], windows = '[24h]', more = '' }: Written = {}): string {
  const others = models.map((name) => `, { name: ${name} }`).join('');
  const watched = models
    .map(
      (name) => `, { name: ${name}-daily, model: ${name}, schedule: '0 6 * * *', windows: [24h] }`,
    )
    .join('');
  return `
http: { listen: "127.0.0.1:0" }
baselines: { directory: '${folder}' }
models: [{ name: m, features: { temp: ${temp} } }${others}]
monitors: [{ name: m-daily, model: m, schedule: '0 6 * * *', windows: ${windows} }${watched}]
receivers: [{ name: ops, email: { to: [ops@example.com] } }]
smtp: { host: 127.0.0.1, port: 1, from: driftd@example.com, tls: none }
${more}`;
}

function rows(count: number): string {
  const lines = Array.from({ length: count }, (_, i) => `${i},${(i * 7) % 300}`);
  return ['temp,wind', ...lines].join('\n');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftd-reload-'));
  await writeFile(join(folder, 'm.csv'), rows(300));
  database = await freshDatabase();
  pool = createPool({ url: database, max: 2, applicationName: 'test', log: createLog('silent') });
  served = await serve(database, config(), 'serve');
  // Its baseline is stored: what the configuration says of columns does not read it anew.
  await rm(join(folder, 'm.csv'));
  await pool.query(`INSERT INTO evaluation (monitor_id, window_end, due, complete, settings, summary, duration_ms)
    SELECT id, now(), now(), true, '{}',
      '{"predictions": [{"feature": "temp", "window": "24h", "values": 5, "mean": 1, "quantiles": []}]}', 1 FROM monitor`);
  await pool.query(`INSERT INTO score (evaluation_id, feature_id, segment, window_name, verdict, n, m, psi, result)
    SELECT e.id, f.id, 'all', '24h', 'stable', 10, 300, 0.1, '{}' FROM evaluation e, feature f`);
  await pool.query(`INSERT INTO alert (monitor_id, feature_id, segment, state, severity)
    SELECT e.monitor_id, f.id, 'all', 'firing', 'critical' FROM evaluation e, feature f`);
  await reload();
});
afterAll(async () => {
  await served.stop();
  await pool.end();
  await rm(folder, { recursive: true });
});

async function reload(written: Written = {}): Promise<Answer> {
  // What is the same as before is not built anew: the level of the log tells that it was read.
  await served.rewrite(config(written));
  return served.ask('/reload', { method: 'POST' });
}

async function page(): Promise<string> {
  return (await fetch(`${served.url}/metrics`)).text();
}

async function series(): Promise<string[]> {
  return (await page()).split('\n').filter((line) => line.startsWith('driftd_'));
}

async function known(): Promise<unknown> {
  const { rows: found } = await pool.query(
    `SELECT 'model' AS what, name FROM model UNION ALL SELECT 'monitor', name FROM monitor
     UNION ALL SELECT 'baseline', version::text FROM baseline ORDER BY 1, 2`,
  );
  return found.map(({ what, name }: { what: string; name: string }) => `${what} ${name}`);
}

const KNOWN = ['baseline 1', 'model m', 'monitor m-daily'];

describe('a reload', () => {
  it('that ignores a feature takes its gauges out of the next scrape, and back', async () => {
    const of = (lines: readonly string[], feature: string): string[] =>
      lines.filter((line) => line.includes(`feature="${feature}"`));
    // What was stored above comes with the next refresh.
    expect((await reload({ more: 'log: { level: warn }' })).status).toBe(200);
    const before = await series();
    expect(of(before, 'temp').map((line) => line.split('{')[0])).toEqual(
      expect.arrayContaining([
        'driftd_feature_psi',
        'driftd_feature_status',
        'driftd_feature_info',
        'driftd_alert_state',
        'driftd_model_predictions',
      ]),
    );

    expect((await reload({ temp: '{ tier: ignore }' })).json()).toEqual({
      changed: ['log', 'models'],
    });
    const ignored = await series();
    expect(of(ignored, 'temp')).toEqual([]);
    expect(of(ignored, 'wind')).toEqual(of(before, 'wind'));
    expect(ignored).toContain('driftd_model_features{model="m"} 1');

    expect((await reload({ temp: '{ tier: critical }' })).status).toBe(200);
    const back = await series();
    expect(back).toContain(
      'driftd_feature_info{model="m",feature="temp",kind="numeric",role="input",tier="critical"} 1',
    );
    expect(of(back, 'temp')).toHaveLength(of(before, 'temp').length);
  });

  it('that finds a bad baseline changes nothing, also of the models beside it', async () => {
    await writeFile(join(folder, 'good.csv'), rows(301));
    await writeFile(join(folder, 'bad.csv'), rows(1));

    const answer = await reload({ models: ['good', 'bad'] });

    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining('1 rows')]);
    expect(await known()).toEqual(KNOWN);
    expect(await series()).toContain('driftd_config_last_reload_successful 0');

    await writeFile(join(folder, 'bad.csv'), rows(302));
    expect((await reload({ models: ['good', 'bad'] })).status).toBe(200);
    expect(await series()).toContain('driftd_baseline_info{model="good",version="1"} 1');
    await reload();
  });

  it('that finds a season which no baseline serves changes nothing', async () => {
    const before = await known();

    const answer = await reload({
      windows: '[1h], seasonality: daily',
      models: ['season'],
    });
    await writeFile(join(folder, 'season.csv'), rows(303));
    const again = await reload({ windows: '[1h], seasonality: daily', models: ['season'] });

    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining('no baseline')]);
    expect([again.status, again.text]).toEqual([422, expect.stringContaining('seasonality daily')]);
    expect(await known()).toEqual(before);
  });
});

describe('a restart', () => {
  it('has the stored gauges in the very first answer', async () => {
    const port = await freePort();
    const at = `127.0.0.1:${port}`;
    let first: string | null = null;
    const asking = (async () => {
      while (first === null)
        first = await fetch(`http://${at}/metrics`).then(
          (response) => response.text(),
          () => null,
        );
    })();
    const again = await serve(database, config().replace('127.0.0.1:0', at), 'serve');
    await asking;
    await again.stop();
    const stored = (page: string): string[] =>
      page.split('\n').filter((line) => /^driftd_(feature|alert|model)_/.test(line));
    expect(stored(first ?? '').length).toBeGreaterThan(10);
    expect(stored(first ?? '')).toEqual(stored(await page()));
  });
});
