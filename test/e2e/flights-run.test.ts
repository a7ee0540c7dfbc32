import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startDriftd } from '../../scripts/demo/daemon.ts';
import type { Daemon } from '../../scripts/demo/daemon.ts';
import { STREAM_FROM } from '../../scripts/demo/expectations.ts';
import {
  CATEGORICAL_INPUTS,
  NUMERIC_INPUTS,
  readFlights,
  toEvent,
} from '../../scripts/demo/flights.ts';
import type { Flight } from '../../scripts/demo/flights.ts';
import { createTopic, publishFlights } from '../../scripts/demo/publisher.ts';
import { startMailbox } from '../../scripts/servers/mailbox.ts';
import type { Mailbox } from '../../scripts/servers/mailbox.ts';
import { readWindows } from '../../src/compare/window-counts.ts';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../src/core/histogram/histogram.ts';
import type { Histogram } from '../../src/core/histogram/types.ts';
import { sleep } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import { createCatalogStore } from '../../src/storage/postgres/catalog-store.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createTileReader } from '../../src/storage/postgres/tile-reader.ts';
import { exactKs } from '../support/exact-ks.ts';
import { promtoolCheckMetrics } from '../support/promtool.ts';
import { freshDatabase, kafkaBrokers, uniqueName } from '../support/servers.ts';

const DAY = 86_400_000;
const ROOT = new URL('../../', import.meta.url).pathname;
const CONFIG = `${ROOT}config/demo.yaml`;
/** February to April: 89 days, about 7,000 flights, with a rise of temp at the end. */
const STREAM_TO = Date.UTC(2013, 4, 1);
const LAST_TICK = STREAM_TO - DAY;

let pool: Pool;
let mailbox: Mailbox;
let daemon: Daemon;
const january: Flight[] = [];
const streamed: Flight[] = [];
let kills = 0;

/**
 * A real `driftd run` on real Kafka and Postgres, killed with SIGKILL three times while the stream flows and started
 * again each time; then looked at from outside.
 */
beforeAll(async () => {
  for await (const flight of readFlights(-Infinity, STREAM_TO)) {
    (flight.time < STREAM_FROM ? january : streamed).push(flight);
  }
  mailbox = await startMailbox();
  const url = await freshDatabase();
  pool = createPool({ url, max: 3, applicationName: 'test', log: createLog('silent') });
  const topic = { brokers: kafkaBrokers(), name: uniqueName('predictions'), partitions: 4 };
  await createTopic(topic);
  const env = {
    DATABASE_URL: url,
    DRIFTD_DEMO_BROKER: topic.brokers[0] ?? '',
    DRIFTD_DEMO_TOPIC: topic.name,
    DRIFTD_DEMO_GROUP: uniqueName('driftd'),
    DRIFTD_DEMO_SMTP_PORT: String(mailbox.port),
  };
  const start = (): Promise<Daemon> => startDriftd({ root: ROOT, config: CONFIG, env });
  daemon = await start();
  const { signal } = new AbortController();
  const published = publishFlights(topic, { dayMs: 150, signal, to: STREAM_TO });
  for (const share of [0.15, 0.4, 0.7]) {
    await until(async () => (await counted()) >= share * streamed.length);
    process.kill(daemon.pid, 'SIGKILL');
    kills += 1;
    daemon = await start();
  }
  expect(await published).toBe(streamed.length);
  await until(
    async () => (await counted()) >= streamed.length && (await lastWindowEnd()) >= LAST_TICK,
  );
});

afterAll(async () => {
  await daemon.stop();
  await pool.end();
  await mailbox.stop();
});

async function until(reached: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!(await reached())) {
    if (performance.now() > deadline)
      throw new Error(`not reached: ${await counted()} events counted`);
    daemon.assertRunning();
    await sleep(100);
  }
}

async function counted(): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    'SELECT coalesce(sum(counted), 0)::bigint AS n FROM ingest_partition',
  );
  return rows[0]?.n ?? 0;
}

async function lastWindowEnd(): Promise<number> {
  const { rows } = await pool.query<{ time: number | null }>(
    'SELECT max(window_end) AS time FROM evaluation',
  );
  return rows[0]?.time ?? 0;
}

function values(rows: readonly Flight[], name: string): number[] {
  return rows
    .map(({ fields }) => fields[name] ?? '')
    .filter((text) => text !== '')
    .map(Number);
}

describe('driftd run, killed in the middle of the stream', () => {
  it('has every event exactly once, in one place', async () => {
    expect(kills).toBe(3);
    const { rows } = await pool.query<Record<string, number>>(
      `SELECT sum(counted)::bigint AS counted, sum(quarantined)::bigint AS quarantined, sum(too_late)::bigint AS late,
         sum(duplicate)::bigint AS duplicate, sum(filtered)::bigint AS filtered,
         sum(next_offset - start_offset)::bigint AS covered FROM ingest_partition`,
    );
    const none = { quarantined: 0, late: 0, duplicate: 0, filtered: 0 };
    expect(rows[0]).toEqual({ counted: streamed.length, covered: streamed.length, ...none });
  });

  it('has the count of every bin of every feature that counting the rows at once gives', async () => {
    const catalog = createCatalogStore(pool);
    const model = await catalog.findModel('flights-late');
    const active = await createBaselineStore(pool).active(model?.id ?? 0);
    const features = await catalog.features(model?.id ?? 0);
    const span = { name: 'all', spanMs: STREAM_TO - STREAM_FROM };
    const deps = { tiles: createTileReader(pool), catalog };
    const [window] = await readWindows(deps, {
      modelId: model?.id ?? 0,
      end: STREAM_TO,
      windows: [span],
      slots: false,
    });
    expect(window?.events('all')).toBe(streamed.length);
    expect(features.map(({ name }) => name).sort()).toEqual(
      [...NUMERIC_INPUTS, ...CATEGORICAL_INPUTS, 'score'].sort(),
    );
    for (const { id, name } of features) {
      const { binning } =
        (active?.baseline.features.find((f) => f.name === name) ?? { histogram: null }).histogram ??
        {};
      if (binning === undefined) throw new Error(`no binning of ${name}`);
      const direct: Histogram = emptyHistogram(binning);
      const counter = createCounter(binning);
      for (const flight of streamed) {
        const event = toEvent(flight, 'flights-late');
        const value =
          name === 'score'
            ? event['prediction']
            : (event['features'] as Record<string, unknown>)[name];
        if (value === null) counter.add(direct, SLOT.missing, 0, '');
        else if (typeof value === 'number') counter.add(direct, SLOT.number, value, '');
        else counter.add(direct, SLOT.text, 0, typeof value === 'string' ? value : '');
      }
      const stored = window?.histogram('all', id, binning.id);
      expect(Array.from(stored?.counts ?? []), name).toEqual(Array.from(direct.counts));
      expect([stored?.missing, stored?.invalid], name).toEqual([direct.missing, direct.invalid]);
      if (stored?.kind === 'numeric' && direct.kind === 'numeric') {
        expect(stored.sum).toBeCloseTo(direct.sum, 6);
        expect([stored.min, stored.max, stored.integer]).toEqual([
          direct.min,
          direct.max,
          direct.integer,
        ]);
      }
    }
  });

  it('has evaluated every midnight once', async () => {
    const { rows } = await pool.query<{ n: number; days: number }>(
      'SELECT count(*) AS n, count(DISTINCT window_end) AS days FROM evaluation',
    );
    const days = (LAST_TICK - STREAM_FROM) / DAY;
    expect(rows[0]).toEqual({ n: days, days });
  });

  it('stores KS intervals that hold the exact D of the raw rows of the window', async () => {
    const { rows } = await pool.query<{
      name: string;
      end: number;
      n: number;
      low: number;
      high: number;
    }>(
      `SELECT f.name, e.window_end AS "end", s.n, s.ks_low AS low, s.ks_high AS high
       FROM score s JOIN evaluation e ON e.id = s.evaluation_id JOIN feature f ON f.id = s.feature_id
       WHERE f.name IN ('temp', 'score', 'humid', 'pressure', 'distance') AND s.n > 0
         AND extract(day FROM e.window_end AT TIME ZONE 'UTC') IN (3, 11, 19, 27)`,
    );
    expect(rows.length).toBeGreaterThan(40);
    for (const { name, end, n, low, high } of rows) {
      const live = values(
        streamed.filter(({ time }) => time >= end - 7 * DAY && time < end),
        name,
      );
      const exact = exactKs(live, values(january, name));
      const where = `${name} to ${new Date(end).toISOString()}`;
      expect(n, where).toBe(live.length);
      expect(low, where).toBeLessThanOrEqual(exact + 1e-12);
      expect(high, where).toBeGreaterThanOrEqual(exact - 1e-12);
      expect(high - low, where).toBeLessThan(0.02);
    }
  });

  it('shows gauges that are the stored values, on a page that promtool accepts', async () => {
    // The page follows the database within seconds; evaluations may still be coming in.
    await vi.waitFor(
      async () => {
        const response = await fetch(`${daemon.url}/metrics`);
        expect(response.status).toBe(200);
        const page = await response.text();
        expect(promtoolCheckMetrics(page)).toBe('');
        const { rows } = await pool.query<{ name: string; ks: number | null; psi: number }>(
          `SELECT f.name, s.ks, s.psi FROM score s JOIN feature f ON f.id = s.feature_id
           WHERE s.evaluation_id = (SELECT id FROM evaluation ORDER BY window_end DESC LIMIT 1)`,
        );
        expect(rows).toHaveLength(12);
        for (const { name, ks, psi } of rows) {
          expect(gauge(page, 'driftd_feature_psi', name)).toBe(psi);
          expect(gauge(page, 'driftd_feature_ks_statistic', name)).toBe(ks);
        }
      },
      { timeout: 60_000, interval: 500 },
    );
  });

  it('has told by mail that temp has moved', async () => {
    // What waited behind the hand of a killed process is one digest, whose subject names the worst alone.
    const mails = (): Promise<string[]> =>
      Promise.all(mailbox.messages.map(async (mail) => (await mail.parse()).text ?? ''));
    // The first mail may be another's. A message that a killed process had in hand is sent again when its lease of two
    // minutes is over, and those of its group wait behind it.
    await expect
      .poll(async () => (await mails()).some((text) => /^.*\btemp\b/m.test(text)), {
        timeout: 180_000,
      })
      .toBe(true);
    const { rows } = await pool.query<{ state: string }>(
      "SELECT state FROM outbox WHERE state = 'dead'",
    );
    expect(rows).toEqual([]);
  });
});

/** The sample's value; null when the page has none. */
function gauge(page: string, metric: string, feature: string): number | null {
  const line = page
    .split('\n')
    .find((text) => text.startsWith(`${metric}{`) && text.includes(`feature="${feature}"`));
  return line === undefined ? null : Number(line.slice(line.lastIndexOf(' ') + 1));
}
