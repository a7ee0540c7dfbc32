import type { BuildInfo } from '../../platform/build-info.ts';
import { sleep } from '../../platform/clock.ts';
import type { Clock } from '../../platform/clock.ts';
import { toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { GaugeReader } from '../../storage/gauge-reader.ts';
import { beginAtZero, createHooks } from './hooks.ts';
import type { StageHooks } from './hooks.ts';
import { createMetricRegistry } from './registry.ts';
import type { MetricRegistry } from './registry.ts';
import { seriesOf } from './series.ts';
import type { SeriesOptions } from './series.ts';

export interface MetricsDeps {
  readonly reader: GaugeReader;
  readonly clock: Clock;
  readonly log: Log;
  readonly build: BuildInfo;
  /** Sources that this process reads: what they count is shown from the start. */
  readonly sources: readonly string[];
  /** Channels that are configured: each shows whether something waits for it. */
  readonly channels: readonly string[];
  /** Does this process deliver? Then what it counts of the channels is shown from the start. */
  readonly delivers: boolean;
  /** Does a source answer now? Asked at each scrape; those that are not in it have no gauge. */
  readonly sourcesUp?: () => ReadonlyMap<string, boolean>;
  /** By model. */
  readonly allowedLatenessMs: ReadonlyMap<string, number>;
  /** Ticks of a monitor that are late. */
  readonly overdue: SeriesOptions['overdue'];
  /** Stored gauges are at most this old while the database answers. */
  readonly refreshMs?: number;
  /** Series of a page at most, those of the process itself and of Node included. */
  readonly seriesBudget?: number;
}

export const DEFAULT_REFRESH_MS = 5_000;
export const DEFAULT_SERIES_BUDGET = 10_000;

/** The process's own series get room in steps of this many: those that come up between two refreshes fit in, too. */
const OWN_SERIES_STEP = 500;

/** A scrape does not wait longer than this for fresh gauges: then it gets the last ones, which say how old they are. */
const SCRAPE_WAIT_MS = 2_000;

export interface Metrics extends StageHooks {
  /**
   * Reads the stored gauges once. Await it before the listener opens: the first scrape then has them all.
   * Rejects when the database does not answer; the last gauges stay.
   */
  refresh(): Promise<void>;
  /** Refreshes from time to time until stop(). */
  start(): void;
  stop(): Promise<void>;
  page(openMetrics: boolean): Promise<{ readonly contentType: string; readonly body: string }>;
  observeRequest(method: string, route: string, status: number, seconds: number): void;
  /** The configuration was read anew and taken, or refused. */
  reloaded(successful: boolean): void;
}

export function createMetrics(deps: MetricsDeps): Metrics {
  const { clock, build, refreshMs = DEFAULT_REFRESH_MS } = deps;
  const registry = createMetricRegistry();
  registry.set('driftd_up', {}, 1);
  registry.set('driftd_build_info', { version: build.version, node: build.node }, 1);
  const reloaded = (successful: boolean): void => {
    registry.set('driftd_config_last_reload_successful', {}, successful ? 1 : 0);
    if (!successful) return;
    const { sources, channels, delivers } = deps;
    beginAtZero(registry, { sources, channels: delivers ? channels : [] });
    const now = clock.now() / 1_000;
    registry.set('driftd_config_last_reload_success_timestamp_seconds', {}, now);
  };
  reloaded(true);
  const refresher = createRefresher(deps, registry);
  let loop: { readonly cancel: AbortController; readonly ended: Promise<void> } | null = null;

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(refreshMs, signal);
      if (!signal.aborted) await refresher.tryRefresh();
    }
  }
  return {
    ...createHooks(registry),
    refresh: () => refresher.refresh(),
    start() {
      if (loop !== null) return;
      const cancel = new AbortController();
      loop = { cancel, ended: run(cancel.signal) };
    },
    async stop() {
      loop?.cancel.abort();
      await loop?.ended;
      loop = null;
    },
    async page(openMetrics) {
      if (clock.monotonic() - refresher.refreshedAt() > refreshMs) {
        const cancel = new AbortController();
        await Promise.race([refresher.tryRefresh(), sleep(SCRAPE_WAIT_MS, cancel.signal)]);
        cancel.abort();
      }
      for (const [source, up] of deps.sourcesUp?.() ?? [])
        registry.set('driftd_source_up', { source }, up ? 1 : 0);
      return registry.page(openMetrics);
    },
    observeRequest(method, route, status, seconds) {
      const labels = { method, route, status: String(status) };
      registry.observe('driftd_http_request_duration_seconds', labels, seconds);
    },
    reloaded,
  };
}

interface Refresher {
  /** One at a time: who asks while one runs gets that one. */
  refresh(): Promise<void>;
  /** The same, but a failure is logged. */
  tryRefresh(): Promise<void>;
  /** On the monotonic clock; -Infinity before the first. */
  refreshedAt(): number;
}

function createRefresher(deps: MetricsDeps, registry: MetricRegistry): Refresher {
  const { reader, clock, log, seriesBudget = DEFAULT_SERIES_BUDGET } = deps;
  let running: Promise<void> | null = null;
  let refreshedAt = -Infinity;
  let dropped = 0;
  let failing = false;

  async function refreshOnce(): Promise<void> {
    const samples = seriesOf(await reader.read(), deps);
    const own = await registry.ownSeries();
    const reserved = Math.ceil((own.shown + 1) / OWN_SERIES_STEP) * OWN_SERIES_STEP;
    const room = Math.max(0, seriesBudget - reserved);
    registry.replaceStored(samples.slice(0, room));
    const over = Math.max(0, samples.length - room) + own.refused;
    registry.set('driftd_series_over_budget', {}, over);
    // Counts series, not scrapes: only what is newly left out.
    if (over > dropped) {
      registry.increment('driftd_series_dropped_total', {}, over - dropped);
      log.warn({ dropped: over, budget: seriesBudget }, 'too many series: some are left out');
    }
    dropped = over;
    refreshedAt = clock.monotonic();
    registry.set('driftd_gauges_refreshed_timestamp_seconds', {}, clock.now() / 1_000);
    if (failing) log.info('the gauges are fresh again');
    failing = false;
  }
  function refresh(): Promise<void> {
    running ??= refreshOnce().finally(() => {
      running = null;
    });
    return running;
  }
  return {
    refresh,
    tryRefresh: () =>
      refresh().catch((thrown: unknown) => {
        if (!failing)
          log.warn(
            { err: toError(thrown) },
            'the stored gauges cannot be read: the last ones stay',
          );
        failing = true;
      }),
    refreshedAt: () => refreshedAt,
  };
}
