import { judge } from '../../compare/judge.ts';
import type { DriftdConfig } from '../../config/types.ts';
import { seriesKey } from '../../core/alerting/worst.ts';
import type { Verdict } from '../../core/domain/verdict.ts';
import type { FeatureResult } from '../../core/evaluate/types.ts';
import { windowEndOf } from '../../core/window/windows.ts';
import { DriftdError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { createBaselineStore } from '../../storage/postgres/baseline-store.ts';
import { createCatalogStore } from '../../storage/postgres/catalog-store.ts';
import { createEvaluationStore } from '../../storage/postgres/evaluation-store.ts';
import { assertReachable, createPool, createSnapshots } from '../../storage/postgres/pool.ts';
import { assertSchema } from '../../storage/postgres/schema/assert-schema.ts';
import { createTickStore } from '../../storage/postgres/tick-store.ts';
import { createTileReader } from '../../storage/postgres/tile-reader.ts';
import { buildMonitors } from '../monitors.ts';
import { nothingCounted, readOnly } from './read-only.ts';
import { sourceTopicsOf } from '../catalogue.ts';

export interface AsOfOptions {
  /** ms since the epoch; null: the newest instant up to which each model's events are complete. */
  readonly asOf: number | null;
  /** Names of monitors; empty: all. */
  readonly monitors: readonly string[];
  /** The process's clock, ms. */
  readonly now: number;
}

/** What a monitor makes of the windows that end at one instant, and what it made of them when they were due. */
export interface AsOfEvaluation {
  readonly monitor: string;
  readonly model: string;
  readonly windowEnd: number;
  /** Have all events of the windows arrived? */
  readonly complete: boolean;
  /** Version of the active baseline; null: there is none. */
  readonly baseline: number | null;
  readonly q: number;
  readonly tests: number;
  readonly results: readonly FeatureResult[];
  /** The revision that is stored for these windows; null: none. */
  readonly revision: number | null;
  /** The stored verdict of a result. */
  verdictThen(result: FeatureResult): Verdict | null;
}

/**
 * Judges past windows from the counts that are stored, with today's configuration and baseline. Writes nothing.
 * @throws DriftdError INPUT_INVALID | DATABASE_UNREACHABLE | SCHEMA_MISSING | SCHEMA_TOO_OLD | SCHEMA_TOO_NEW
 */
export async function evaluateAsOf(
  config: DriftdConfig,
  log: Log,
  options: AsOfOptions,
): Promise<AsOfEvaluation[]> {
  const chosen = choose(config, options.monitors);
  const { url } = config.postgres;
  const pool = createPool({ url, max: 2, applicationName: 'driftd evaluate', log });
  try {
    await assertReachable(pool, url);
    await assertSchema(pool, url);
    const snapshots = createSnapshots(pool);
    const catalog = createCatalogStore(snapshots.pool);
    const tiles = createTileReader(snapshots.pool, () => sourceTopicsOf(config));
    const evaluations = createEvaluationStore(snapshots.pool);
    const baselines = createBaselineStore(snapshots.pool);
    const deps = { baselines, catalog, tiles, evaluations, snapshot: snapshots.read };
    const { catalog: known, ticks } = readOnly(catalog, createTickStore(pool));
    const monitors = await buildMonitors(config, known, ticks, options.now);
    const done: AsOfEvaluation[] = [];
    for (const { evaluated, scheduled } of monitors) {
      if (!chosen.has(evaluated.name)) continue;
      const mark = await tiles.watermark(evaluated.modelId, scheduled.allowedLatenessMs);
      const asOf = options.asOf ?? mark.time;
      if (asOf === null) throw nothingCounted(evaluated.model);
      const windowEnd = windowEndOf(asOf);
      const { active, evaluation } = await judge(deps, evaluated, windowEnd);
      const stored = await evaluations.find(evaluated.id, windowEnd);
      done.push({
        monitor: evaluated.name,
        model: evaluated.model,
        windowEnd,
        complete: mark.time !== null && mark.time >= windowEnd,
        baseline: active?.row.version ?? null,
        q: evaluation.q,
        tests: evaluation.tests,
        results: evaluation.results,
        revision: stored?.revision ?? null,
        verdictThen: ({ feature, segment, window }) =>
          stored?.verdicts.get(seriesKey(feature, segment))?.get(window) ?? null,
      });
    }
    return done;
  } finally {
    await pool.end();
  }
}

function choose(config: DriftdConfig, wanted: readonly string[]): ReadonlySet<string> {
  const names = config.monitors.map(({ name }) => name);
  for (const name of wanted) {
    if (names.includes(name)) continue;
    throw new DriftdError(
      'INPUT_INVALID',
      `there is no monitor ${name}; the configuration has ${names.length === 0 ? 'none' : names.join(', ')}`,
    );
  }
  return new Set(wanted.length === 0 ? names : wanted);
}
