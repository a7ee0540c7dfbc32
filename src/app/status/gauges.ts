import type { Role } from '../../config/roles.ts';
import { createMetrics } from '../../expose/metrics/metrics.ts';
import type { Metrics } from '../../expose/metrics/metrics.ts';
import type { Pipeline } from '../../ingest/pipeline.ts';
import type { BuildInfo } from '../../platform/build-info.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { createGaugeReader } from '../../storage/postgres/gauge-reader.ts';
import type { Pool } from '../../storage/postgres/pool.ts';
import { channelNamesOf, sourceNamesOf, sourceTopicsOf } from '../catalogue.ts';
import { overdueOf } from '../notify/overdue.ts';
import type { Overdue } from '../notify/overdue.ts';
import type { LiveConfig } from '../reload/live-config.ts';
import { SOURCE_AWAY_MS } from './health.ts';

interface GaugeParts {
  /** Read anew at each look: a reload changes what is shown. */
  readonly live: LiveConfig;
  readonly pool: Pool;
  /** Those that run, also when they are put here later. */
  readonly pipelines: readonly Pipeline[];
  readonly roles: ReadonlySet<Role>;
  readonly build: BuildInfo;
  readonly clock: Clock;
  readonly log: Log;
}

/** The metrics of this process: stored gauges of everything configured, and what its own roles count. */
export function metricsOf({ live, pool, pipelines, roles, ...rest }: GaugeParts): Metrics {
  const { config } = live;
  let counting: {
    readonly of: ReturnType<LiveConfig['current']>;
    readonly overdue: Overdue;
  } | null = null;
  const overdue: Overdue = (...asked) => {
    const of = live.current();
    if (counting?.of !== of) counting = { of, overdue: overdueOf(of) };
    return counting.overdue(...asked);
  };
  return createMetrics({
    ...rest,
    reader: createGaugeReader(pool, {
      get models() {
        return config.models.map(({ name }) => name);
      },
      get monitors() {
        return config.monitors.map(({ name }) => name);
      },
      get topics() {
        return sourceTopicsOf(config);
      },
    }),
    sources: roles.has('ingest') ? sourceNamesOf(config) : [],
    sourcesUp: () =>
      new Map(pipelines.map(({ name, silentMs }) => [name, silentMs <= SOURCE_AWAY_MS])),
    delivers: roles.has('notify'),
    get channels() {
      return channelNamesOf(config);
    },
    get allowedLatenessMs() {
      return new Map(config.models.map((model) => [model.name, model.allowedLatenessMs]));
    },
    overdue,
  });
}
