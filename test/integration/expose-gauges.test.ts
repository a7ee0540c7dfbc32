import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createMetrics } from '../../src/expose/metrics/metrics.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createGaugeReader } from '../../src/storage/postgres/gauge-reader.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { promtoolCheckMetrics } from '../support/promtool.ts';
import { freshDatabase } from '../support/servers.ts';

const log = createLog('silent');
const SCOPE = {
  models: ['flights'],
  monitors: ['daily', 'idle'],
  topics: [{ source: 'kafka', topic: 'predictions' }],
};
const IGNORED = { feature: 'ignored', window: '24h', values: 5, mean: 1, quantiles: [] };
let pool: Pool;

beforeAll(async () => {
  pool = createPool({ url: await freshDatabase(), max: 4, applicationName: 'test', log });
  await migrate(pool, log);
  await pool.query(`
    INSERT INTO model (name) VALUES ('flights'), ('not configured');
    INSERT INTO feature (model_id, name, kind, role) VALUES
      (1, 'temp', 'numeric', 'input'), (1, 'carrier', 'categorical', 'input'), (2, 'x', 'numeric', 'input'),
      (1, 'ignored', 'numeric', 'prediction');
    UPDATE feature SET tier = 'ignore' WHERE name = 'ignored';
    INSERT INTO baseline (model_id, version, state, fingerprint, row_count, provenance, created_at, activated_at) VALUES
      (1, 1, 'retired', repeat('a', 64), 5, 'january', '2013-01-31T00:00:00Z', NULL),
      (1, 2, 'active', repeat('b', 64), 5, 'february', '2013-02-28T00:00:00Z', '2013-03-01T00:00:00Z');
    INSERT INTO ingest_partition (source, topic, partition, next_offset, start_offset, state) VALUES
      ('kafka', 'predictions', 0, 10, 0, 'ok'), ('kafka', 'predictions', 1, 10, 0, 'halted'),
      ('kafka', 'not configured', 0, 10, 0, 'halted');
    INSERT INTO gap (part, from_offset, to_offset, reason) VALUES (1, 3, 5, 'retention'), (2, 0, 1, 'retention');
    INSERT INTO model_progress (model_id, part, events, min_event_time, max_event_time) VALUES
      (1, 1, 6, '2013-03-01T00:00:00Z', '2013-03-02T00:00:00Z'), (1, 2, 4, '2013-03-01T00:00:00Z', '2013-03-03T00:00:00Z');
    INSERT INTO monitor (name, model_id) VALUES ('daily', 1), ('idle', 1), ('not configured', 1);
    INSERT INTO monitor_tick (monitor_id, due, state) VALUES (1, '2013-03-01T00:00:00Z', 'missed'), (1, '2013-03-02T00:00:00Z', 'done');
    INSERT INTO outbox (dedup_key, receiver, channel, recipient, reason, message, state, created_at, attempts, next_attempt_at) VALUES
      ('a', 'r', 'email', 'a@example.com', 'first', '{}', 'pending', now() - interval '90 s', 3, now() + interval '1 h'),
      ('b', 'r', 'email', 'b@example.com', 'first', '{}', 'sent', now() - interval '900 s', 1, now()),
      ('c', 'r', 'email', 'a@example.com', 'first', '{}', 'pending', now() - interval '900 s', 0, now() + interval '1 h'),
      ('d', 'r', 'slack', 'a', 'first', '{}', 'pending', now() - interval '900 s', 0, now() + interval '1 h');
    INSERT INTO alert (monitor_id, feature_id, segment, state, severity) VALUES
      (1, 1, 'all', 'firing', 'critical'), (1, 4, 'all', 'firing', 'critical'), (1, 2, 'all', 'pending', NULL), (3, 1, 'origin=JFK', 'firing', 'warning')`);
  await evaluate('2013-03-02T00:00:00Z', 0, 0.9);
  await evaluate('2013-03-03T00:00:00Z', 0, 0.5);
  await evaluate('2013-03-03T00:00:00Z', 1, 0.25);
});
afterAll(() => pool.end());

/** One stored evaluation of the monitor `daily`: temp as drifted with this PSI, carrier without a baseline. */
async function evaluate(windowEnd: string, revision: number, psi: number): Promise<void> {
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO evaluation (monitor_id, window_end, revision, due, complete, settings, summary, duration_ms, created_at)
     VALUES (1, $1, $2, $1, true, '{}', $3, 12, '2013-03-04T00:00:00Z') RETURNING id`,
    [windowEnd, revision, { predictions: [IGNORED] }],
  );
  const result = {
    missing: { baseline: 0, live: 0.125 },
    invalid: { baseline: 0, live: 0.0625 },
    outOfRangeShare: 0.5,
    unseenShare: null,
    minimumDetectableEffect: 0.03,
  };
  const unknown = {
    missing: { baseline: 0, live: 0 },
    invalid: { baseline: 0, live: 0 },
    unseenShare: 0.75,
  };
  await pool.query(
    `INSERT INTO score (evaluation_id, feature_id, segment, window_name, verdict, n, m, psi, ks, ks_low, ks_high, ks_log_p, result)
     VALUES ($1, 1, 'all', '24h', 'drifted', 400, 5, $2, 0.3, 0.3, 0.3125, ln(0.001), $3),
            ($1, 2, 'all', '24h', 'no-baseline', 40, 0, NULL, NULL, NULL, NULL, NULL, $4),
            ($1, 4, 'all', '24h', 'drifted', 400, 5, $2, 0.3, 0.3, 0.3125, ln(0.001), $3)`,
    [rows[0]?.id, psi, result, unknown],
  );
}

function createSubject() {
  return createMetrics({
    reader: createGaugeReader(pool, SCOPE),
    clock: systemClock,
    log,
    build: { name: 'driftd', version: '1.2.3', node: '24.0.0' },
    sources: ['kafka'],
    channels: ['email'],
    delivers: true,
    overdue: (monitor) => (monitor === 'idle' ? 2 : 0),
    allowedLatenessMs: new Map([['flights', 3_600_000]]),
    refreshMs: 0,
  });
}

async function series(metrics: ReturnType<typeof createSubject>): Promise<string[]> {
  const { body } = await metrics.page(false);
  return body
    .split('\n')
    .filter((line) =>
      /^driftd_(feature|alert|model|monitor|base|eval|ticks|part|water|gap|out)/.test(line),
    );
}

describe('gauges from a real database', () => {
  it('show the newest revision of the newest window of each configured monitor', async () => {
    const metrics = createSubject();
    await metrics.refresh();
    const shown = await series(metrics);
    const outbox = shown.find((line) =>
      line.startsWith('driftd_outbox_oldest_seconds{channel="email"}'),
    );
    // What is held back on purpose has not waited yet.
    expect(Number(outbox?.split(' ')[1])).toBeGreaterThanOrEqual(90);
    expect(Number(outbox?.split(' ')[1])).toBeLessThan(900);
    expect(shown.filter((line) => line !== outbox).toSorted()).toEqual(
      [
        'driftd_alert_state{model="flights",feature="carrier",severity="critical"} 0',
        'driftd_alert_state{model="flights",feature="carrier",severity="warning"} 1',
        'driftd_alert_state{model="flights",feature="temp",severity="critical"} 2',
        'driftd_alert_state{model="flights",feature="temp",severity="warning"} 0',
        `driftd_baseline_activated_timestamp_seconds{model="flights",version="2"} ${Date.UTC(2013, 2, 1) / 1_000}`,
        `driftd_baseline_created_timestamp_seconds{model="flights",version="2"} ${Date.UTC(2013, 1, 28) / 1_000}`,
        'driftd_baseline_info{model="flights",version="2"} 1',
        `driftd_evaluation_last_success_timestamp_seconds{monitor="daily"} ${Date.UTC(2013, 2, 4) / 1_000}`,
        'driftd_feature_info{model="flights",feature="carrier",kind="categorical",role="input",tier="standard"} 1',
        'driftd_feature_info{model="flights",feature="temp",kind="numeric",role="input",tier="standard"} 1',
        'driftd_feature_invalid_ratio{model="flights",feature="carrier",window="24h",segment="all"} 0',
        'driftd_feature_invalid_ratio{model="flights",feature="temp",window="24h",segment="all"} 0.0625',
        'driftd_feature_ks_error_bound{model="flights",feature="temp",window="24h",segment="all"} 0.012500000000000011',
        'driftd_feature_ks_pvalue{model="flights",feature="temp",window="24h",segment="all"} 0.0010000000000000002',
        'driftd_feature_ks_statistic{model="flights",feature="temp",window="24h",segment="all"} 0.3',
        'driftd_feature_minimum_detectable_effect{model="flights",feature="temp",window="24h",segment="all"} 0.03',
        'driftd_feature_missing_ratio{model="flights",feature="carrier",window="24h",segment="all"} 0',
        'driftd_feature_missing_ratio{model="flights",feature="temp",window="24h",segment="all"} 0.125',
        'driftd_feature_out_of_range_ratio{model="flights",feature="temp",window="24h",segment="all"} 0.5',
        'driftd_feature_psi{model="flights",feature="temp",window="24h",segment="all"} 0.25',
        'driftd_feature_samples{model="flights",feature="carrier",window="24h",segment="all"} 40',
        'driftd_feature_samples{model="flights",feature="temp",window="24h",segment="all"} 400',
        'driftd_feature_status{model="flights",feature="carrier",segment="all"} -3',
        'driftd_feature_status{model="flights",feature="temp",segment="all"} 3',
        'driftd_feature_unseen_category_ratio{model="flights",feature="carrier",window="24h",segment="all"} 0.75',
        'driftd_gap_records_total{source="kafka"} 3',
        'driftd_model_drifted_features{model="flights"} 1',
        'driftd_model_events_total{model="flights"} 10',
        'driftd_model_features{model="flights"} 2',
        `driftd_model_last_event_timestamp_seconds{model="flights"} ${Date.UTC(2013, 2, 3) / 1_000}`,
        'driftd_monitor_ticks_overdue{monitor="daily"} 0',
        'driftd_monitor_ticks_overdue{monitor="idle"} 2',
        'driftd_partition_halted{topic="predictions",partition="0"} 0',
        'driftd_partition_halted{topic="predictions",partition="1"} 1',
        'driftd_ticks_missed_total{monitor="daily"} 1',
        'driftd_ticks_missed_total{monitor="idle"} 0',
        `driftd_watermark_timestamp_seconds{topic="predictions",partition="0"} ${Date.UTC(2013, 2, 1, 23) / 1_000}`,
        `driftd_watermark_timestamp_seconds{topic="predictions",partition="1"} ${Date.UTC(2013, 2, 2, 23) / 1_000}`,
      ].toSorted(),
    );
  });

  it('are the same on another replica, and promtool accepts them', async () => {
    const [one, other] = [createSubject(), createSubject()];
    await one.refresh();
    await other.refresh();
    const stable = async (metrics: typeof one) =>
      (await series(metrics)).filter((line) => !line.includes('outbox'));
    expect(await stable(one)).toEqual(await stable(other));
    expect(promtoolCheckMetrics((await one.page(false)).body)).toBe('');
  });

  it('follow a newer evaluation, and a retired feature is gone at the next scrape', async () => {
    const metrics = createSubject();
    await metrics.refresh();
    await evaluate('2013-03-04T00:00:00Z', 0, 0.0625);
    expect(await series(metrics)).toContain(
      'driftd_feature_psi{model="flights",feature="temp",window="24h",segment="all"} 0.0625',
    );
    await pool.query(`UPDATE feature SET retired_at = now() WHERE name = 'temp'`);
    const shown = await series(metrics);
    expect(shown.filter((line) => line.includes('feature="temp"'))).toEqual([]);
    expect(shown).toContain(
      'driftd_feature_status{model="flights",feature="carrier",segment="all"} -3',
    );
  });
});
