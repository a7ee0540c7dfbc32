/**
 * What a scrape costs when there is far too much to show: 2,500 features in four windows are 100,000 series and more, of
 * which driftd exports 10,000, the most important first, and counts the rest. A real database, the daemon's own reader,
 * registry and pages; medians.
 * Run: npm run bench:scrape
 */
import { gzipSync } from 'node:zlib';

import { createDatabase, startPostgres } from '../scripts/servers/postgres.ts';
import { METRICS } from '../src/expose/metrics/catalogue.ts';
import type { MetricSpec } from '../src/expose/metrics/catalogue.ts';
import { createMetrics, DEFAULT_SERIES_BUDGET } from '../src/expose/metrics/metrics.ts';
import { seriesOf } from '../src/expose/metrics/series.ts';
import { readBuildInfo } from '../src/platform/build-info.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createLog } from '../src/platform/log.ts';
import { createGaugeReader } from '../src/storage/postgres/gauge-reader.ts';
import { migrate } from '../src/storage/postgres/migrate.ts';
import { createPool } from '../src/storage/postgres/pool.ts';
import type { Pool } from '../src/storage/postgres/pool.ts';

const FEATURES = 2_500;
const WINDOWS = ['1h', '6h', '24h', '7d'];
const ROUNDS = 20;

const server = await startPostgres();
const log = createLog('silent');
const url = await createDatabase(server.url);
const pool = createPool({ url, max: 4, applicationName: 'driftd bench', log });
try {
  await migrate(pool, log);
  await store(pool);
  const options = {
    allowedLatenessMs: new Map([['wide', 0]]),
    channels: [],
    delivers: true,
    overdue: () => 0,
  };
  const reader = (): ReturnType<typeof createGaugeReader> =>
    createGaugeReader(pool, { models: ['wide'], monitors: ['wide'], topics: [] });
  const wanted = seriesOf(await reader().read(), options).length;
  const build = readBuildInfo();
  const make = (): ReturnType<typeof createMetrics> =>
    createMetrics({ ...options, reader: reader(), clock: systemClock, log, build, sources: [] });

  const first = await median(3, async () => {
    await make().refresh();
  });
  const metrics = make();
  await metrics.refresh();
  const again = await median(ROUNDS, () => metrics.refresh());
  const text = await median(ROUNDS, async () => {
    await metrics.page(false);
  });
  const open = await median(ROUNDS, async () => {
    await metrics.page(true);
  });
  const { body } = await metrics.page(false);
  const isStored = (line: string): boolean => {
    const name = /^[a-z_]+/.exec(line)?.[0] ?? '';
    return (METRICS as Readonly<Record<string, MetricSpec>>)[name]?.origin === 'stored';
  };
  const exported = body.split('\n').filter(isStored);
  const dropped = Number(/^driftd_series_dropped_total (\d+)/m.exec(body)?.[1]);
  if (exported.length > DEFAULT_SERIES_BUDGET || exported.length + dropped < wanted)
    throw new Error(`${exported.length} exported and ${dropped} counted are not ${wanted}`);
  console.table([
    { what: 'series there would be', value: wanted },
    { what: 'exported', value: exported.length },
    { what: 'left out, and counted', value: dropped },
    { what: 'page, kB', value: Math.round(body.length / 1024) },
    { what: 'page gzipped, kB', value: Math.round(gzipSync(body).length / 1024) },
    { what: 'first look at the database, ms', value: round(first) },
    { what: 'look without a new evaluation, ms', value: round(again) },
    { what: 'scrape as text, ms', value: round(text) },
    { what: 'scrape as OpenMetrics, ms', value: round(open) },
  ]);
} finally {
  await pool.end();
  await server.stop();
}

/** One evaluation of one model with a score for each feature and window. */
async function store(of: Pool): Promise<void> {
  await of.query(`INSERT INTO model (name) VALUES ('wide');
    INSERT INTO monitor (name, model_id) SELECT 'wide', id FROM model`);
  await of.query(
    `INSERT INTO feature (model_id, name, kind, role)
     SELECT m.id, 'feature_' || i, 'numeric', 'input' FROM model m, generate_series(1, $1) AS i`,
    [FEATURES],
  );
  await of.query(`INSERT INTO evaluation (monitor_id, window_end, due, complete, settings, summary, duration_ms)
    SELECT id, now(), now(), true, '{}', '{}', 1 FROM monitor`);
  await of.query(
    `INSERT INTO score (evaluation_id, feature_id, segment, window_name, verdict, n, m, psi, ks, ks_low, ks_high, ks_log_p, result)
     SELECT e.id, f.id, 'all', w, 'stable', 1000, 50000, random(), random(), 0.1, 0.11, -1,
       '{"missing": {"live": 0.01}, "invalid": {"live": 0}, "outOfRangeShare": 0.001, "unseenShare": 0,
         "minimumDetectableEffect": 0.07}'
     FROM evaluation e, feature f, unnest($1::text[]) AS w`,
    [WINDOWS],
  );
}

async function median(rounds: number, work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] as number;
}

function round(ms: number): number {
  return Number(ms.toFixed(1));
}
