import { describe, expect, it } from 'vitest';

import { METRICS } from '../../../src/expose/metrics/catalogue.ts';
import type { MetricSpec } from '../../../src/expose/metrics/catalogue.ts';
import { createMetrics } from '../../../src/expose/metrics/metrics.ts';
import { noIngestMetrics } from '../../../src/ingest/ingest-metrics.ts';
import type { IngestMetrics } from '../../../src/ingest/ingest-metrics.ts';
import { createLog } from '../../../src/platform/log.ts';
import type { GaugeSnapshot } from '../../../src/storage/gauge-reader.ts';
import { promtoolCheckMetrics } from '../../support/promtool.ts';

const MODEL = 'odd "name"\\ with\nbreaks';
const PARTITION = { source: 'kafka', topic: 't', partition: 0 };
const SHOWN_MODEL = String.raw`odd \"name\"\\ with\nbreaks`;

const SNAPSHOT: GaugeSnapshot = {
  now: 10_000,
  scores: ['temp', 'wind'].flatMap((feature) => [
    {
      monitor: 'daily',
      model: MODEL,
      feature,
      segment: 'all',
      window: '24h',
      windowEnd: 1_000,
      verdict: 'drifted' as const,
      samples: 400,
      psi: 0.02,
      ks: 0.03,
      ksErrorBound: 0.004,
      ksPvalue: 1e-300,
      missingRatio: 0,
      invalidRatio: 0,
      outOfRangeRatio: 0.01,
      unseenCategoryRatio: 0.5,
      minimumDetectableEffect: 0.08,
    },
  ]),
  features: [{ model: 'm', feature: 'temp', kind: 'numeric', role: 'input', tier: 'critical' }],
  predictions: [
    {
      model: MODEL,
      monitor: 'daily',
      windowEnd: 1_000,
      feature: 'score',
      window: '24h',
      values: 400,
      mean: 0.25,
      quantiles: [{ share: 0.5, value: 0.2 }],
    },
  ],
  alerts: [{ model: 'm', feature: 'temp', state: 'firing', severity: 'critical' }],
  models: [
    {
      model: MODEL,
      events: 7,
      lastEvent: 5_000,
      baseline: { version: 2, createdAt: 3_000, activatedAt: 4_000 },
    },
  ],
  monitors: [{ monitor: 'daily', lastSuccess: 7_000, lastDue: 6_000, ticksMissed: 2 }],
  partitions: [{ topic: 't', partition: 0, halted: false, maxEventTime: new Map([['m', 9_000]]) }],
  quarantineDropped: new Map([['kafka', 5]]),
  gapRecords: new Map([['kafka', 3]]),
  outboxOldestSeconds: new Map(),
};

function compare(a: string | undefined, b: string | undefined): number {
  return String(a) < String(b) ? -1 : 1;
}

interface Options {
  readonly seriesBudget?: number;
  readonly snapshot?: GaugeSnapshot;
  readonly channels?: readonly string[];
  readonly delivers?: boolean;
}

function setUp(options: Options = {}) {
  const state = { snapshot: options.snapshot ?? SNAPSHOT, fails: false, reads: 0, monotonic: 0 };
  const metrics = createMetrics({
    reader: {
      read: async () => {
        state.reads += 1;
        if (state.fails) throw new Error('no database');
        return state.snapshot;
      },
    },
    clock: { now: () => 1_700_000_000_000, monotonic: () => state.monotonic },
    log: createLog('silent'),
    build: { name: 'driftd', version: '1.2.3', node: '24.0.0' },
    sources: ['kafka'],
    sourcesUp: () => new Map([['kafka', true]]),
    channels: options.channels ?? ['email'],
    delivers: options.delivers ?? true,
    overdue: () => 1,
    allowedLatenessMs: new Map([['m', 1_000]]),
    ...(options.seriesBudget === undefined ? {} : { seriesBudget: options.seriesBudget }),
  });
  return { state, metrics, text: async () => (await metrics.page(false)).body };
}

/** Every process metric gets a value, so that the page holds the whole catalogue. */
function work({ metrics }: ReturnType<typeof setUp>): void {
  metrics.observeRequest('GET', '/metrics', 200, 0.01);
  metrics.ingest.events('kafka', 'counted', 5);
  metrics.ingest.events('kafka', 'too_late', 2);
  metrics.ingest.passedOver('kafka', 'too_late', 2);
  metrics.ingest.passedOver('kafka', 'duplicate', 3);
  metrics.ingest.quarantined('kafka', 'invalid-json', 1);
  metrics.ingest.segmentOverflow('m');
  metrics.ingest.checkpoint(PARTITION, 'committed', 0.02);
  metrics.ingest.checkpoint(PARTITION, 'fenced', 0.02);
  metrics.ingest.checkpoint(PARTITION, 'unknown', 0.02);
  metrics.ingest.lag(PARTITION, 12);
  metrics.evaluate.evaluated('daily', 0.4);
  metrics.notify.notification('email', 'sent');
}

describe('the page', () => {
  it('is accepted by promtool, whole', async () => {
    const it = setUp();
    await it.metrics.refresh();
    work(it);
    const { body, contentType } = await it.metrics.page(false);
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(promtoolCheckMetrics(body)).toBe('');
    const shown = new Set([...body.matchAll(/^(driftd_\w+)/gm)].map((match) => match[1]));
    const missing = Object.keys(METRICS).filter(
      (name) => !shown.has(name) && !shown.has(`${name}_count`),
    );
    expect(missing).toEqual([]);
  });

  it('stays the same after it was served as OpenMetrics', async () => {
    const it = setUp();
    await it.metrics.refresh();
    work(it);
    const names = async (): Promise<string[]> =>
      [...(await it.text()).matchAll(/^(driftd_\w+)/gm)].map((m) => m[1] ?? '');
    const before = await names();
    const { body, contentType } = await it.metrics.page(true);
    expect(contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(body.endsWith('# EOF\n')).toBe(true);
    expect(body).toContain('# TYPE driftd_events counter\n');
    expect(body).toContain('driftd_events_total{source="kafka",result="counted"} 5\n');
    expect(await names()).toEqual(before);
  });

  it('has the labels of the catalogue and no others', async () => {
    const it = setUp();
    await it.metrics.refresh();
    work(it);
    for (const line of (await it.text()).split('\n')) {
      const [, name, labels] =
        /^(driftd_\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? /.exec(line) ?? [];
      if (name === undefined) continue;
      const spec: MetricSpec | undefined = METRICS[name as keyof typeof METRICS];
      const used = [...(labels ?? '').matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(
        (match) => match[1],
      );
      expect(used.filter((label) => label !== 'le').toSorted(compare)).toEqual(
        [...(spec?.labels ?? [])].toSorted(compare),
      );
    }
  });
});

describe('stored gauges', () => {
  it('go with their subject at the next refresh, and counters do not add up', async () => {
    const { metrics, state, text } = setUp();
    await metrics.refresh();
    await metrics.refresh();
    expect(await text()).toContain(`driftd_model_events_total{model="${SHOWN_MODEL}"} 7\n`);
    expect(await text()).toMatch(/driftd_feature_psi\{.*feature="wind"/);
    state.snapshot = { ...SNAPSHOT, scores: SNAPSHOT.scores.slice(0, 1) };
    await metrics.refresh();
    expect(await text()).not.toContain('feature="wind"');
    expect(await text()).toMatch(/driftd_feature_psi\{.*feature="temp"/);
  });

  it('are read again at a scrape only when they are old', async () => {
    const { metrics, state, text } = setUp();
    await metrics.refresh();
    await text();
    expect(state.reads).toBe(1);
    state.monotonic = 5_001;
    await text();
    expect(state.reads).toBe(2);
  });

  it('stay, with their age, while the database does not answer', async () => {
    const { metrics, state, text } = setUp();
    await metrics.refresh();
    state.fails = true;
    state.monotonic = 60_000;
    const body = await text();
    expect(body).toContain(`driftd_model_events_total{model="${SHOWN_MODEL}"} 7\n`);
    expect(body).toContain('driftd_gauges_refreshed_timestamp_seconds 1700000000\n');
    await expect(metrics.refresh()).rejects.toThrow('no database');
  });

  it('beyond the budget are left out, the same ones every time, and counted once', async () => {
    const { metrics, text, state } = setUp({ seriesBudget: 500 + 16 });
    await metrics.refresh();
    await metrics.refresh();
    const stored = (await text())
      .split('\n')
      .filter((line) => /^driftd_(feature|alert|model|outbox|base)/.test(line));
    expect(stored.some((line) => line.startsWith('driftd_feature_status'))).toBe(true);
    const first = /driftd_series_dropped_total (\d+)/.exec(await text())?.[1];
    expect(Number(first)).toBeGreaterThan(0);
    expect(await text()).toContain(`driftd_series_over_budget ${first}\n`);
    state.snapshot = { ...SNAPSHOT, scores: [], predictions: [], alerts: [] };
    await metrics.refresh();
    expect(await text()).toContain('driftd_series_over_budget 0\n');
    expect(/driftd_series_dropped_total (\d+)/.exec(await text())?.[1]).toBe(first);
  });

  it('of 100,000 series fill a page of 10,000, whatever the process counts beside them', async () => {
    const { metrics, text } = setUp({
      snapshot: {
        ...SNAPSHOT,
        scores: Array.from({ length: 10_000 }, (_, i) => ({
          ...(SNAPSHOT.scores[0] as (typeof SNAPSHOT.scores)[number]),
          feature: `feature_${i}`,
        })),
      },
    });
    for (let i = 0; i < 500; i += 1) {
      metrics.evaluate.evaluated(`monitor_${i}`, 0.4);
      metrics.observeRequest('GET', `/route_${i}`, 200, 0.1);
    }
    await metrics.refresh();
    metrics.evaluate.evaluated('one more', 0.4);
    const lines = (await text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const value = (name: string): number =>
      Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1]);
    expect(lines.length).toBeLessThanOrEqual(10_000);
    expect(lines.length).toBeGreaterThan(9_000);
    // The first evaluations of a monitor have a place, those for which there is none are among what is left out.
    expect(lines).toContain('driftd_evaluation_duration_seconds_count{monitor="monitor_0"} 1');
    expect(lines.length + value('driftd_series_over_budget')).toBeGreaterThan(100_000);
    expect(value('driftd_series_dropped_total')).toBe(value('driftd_series_over_budget'));
  });

  it('are refreshed by the loop until it is stopped', async () => {
    const { metrics, state } = setUp();
    metrics.start();
    await metrics.stop();
    expect(state.reads).toBe(0);
  });
});

describe('process metrics', () => {
  it('begin at 0, those of a channel that comes with a reload too, where messages are delivered', async () => {
    const channels = ['email'];
    const [notifier, other] = [setUp({ channels }), setUp({ channels, delivers: false })];
    channels.push('slack');
    for (const { metrics } of [notifier, other]) {
      metrics.reloaded(true);
      await metrics.refresh();
    }
    for (const channel of channels) {
      const zero = `driftd_notifications_total{channel="${channel}",result="dead"} 0\n`;
      expect(await notifier.text()).toContain(zero);
      expect(await other.text()).not.toContain(zero);
      // Stored: the same on every replica.
      for (const { text } of [notifier, other])
        expect(await text()).toContain(`driftd_outbox_oldest_seconds{channel="${channel}"} 0\n`);
    }
  });

  it('have the shape that the stages ask for', () => {
    const { metrics } = setUp();
    const ingest: IngestMetrics = metrics.ingest;
    expect(Object.keys(ingest).toSorted(compare)).toEqual(
      Object.keys(noIngestMetrics).toSorted(compare),
    );
  });

  it('count what ingestion tells', async () => {
    const it = setUp();
    work(it);
    const body = await it.text();
    for (const line of [
      'driftd_events_total{source="kafka",result="counted"} 5',
      'driftd_events_total{source="kafka",result="too_late"} 2',
      'driftd_events_late_total{source="kafka"} 2',
      'driftd_events_quarantined_total{source="kafka",reason="invalid-json"} 1',
      'driftd_checkpoints_fenced_total{source="kafka"} 1',
      'driftd_checkpoints_unknown_total{source="kafka"} 1',
      'driftd_checkpoint_duration_seconds_count{source="kafka"} 1',
      'driftd_evaluation_duration_seconds_count{monitor="daily"} 1',
      'driftd_notifications_total{channel="email",result="sent"} 1',
      'driftd_http_request_duration_seconds_count{method="GET",route="/metrics",status="200"} 1',
    ]) {
      expect(body.split('\n')).toContain(line);
    }
  });

  it('forget the lag of a partition that is not ours any more', async () => {
    const { metrics, text } = setUp();
    const partition = { source: 'kafka', topic: 't', partition: 0 };
    metrics.ingest.lag(partition, 12);
    expect(await text()).toContain('driftd_consumer_lag{topic="t",partition="0"} 12\n');
    metrics.ingest.released(partition);
    expect(await text()).not.toContain('driftd_consumer_lag{');
  });
});
