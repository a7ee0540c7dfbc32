/*
 * Evaluates one claimed tick. Per tick: one query for the active baseline's row (its features are kept in memory), one for
 * the tiles of the longest window, one for the alerts, one a window for the history of the design effect, and one
 * transaction that stores everything. Rows read: see window-counts.ts.
 */
import type { Seasonality } from '../core/baseline/slots.ts';
import { composeNotifications } from '../core/alerting/compose.ts';
import type { AlertReceiver, AlertRoute } from '../core/alerting/compose.ts';
import { explain } from '../core/alerting/explain.ts';
import type { Mute } from '../core/alerting/mute.ts';
import type { AlertPolicy } from '../core/alerting/types.ts';
import { worstOfWindows } from '../core/alerting/worst.ts';
import { ALL_SEGMENT } from '../core/domain/feature.ts';
import type { Feature } from '../core/domain/feature.ts';
import { pictureOf } from '../core/drawing/picture.ts';
import { evaluate } from '../core/evaluate/evaluate.ts';
import type {
  EvaluationPolicy,
  EvaluationResult,
  FeatureResult,
  Subject,
} from '../core/evaluate/types.ts';
import { windowEndOf } from '../core/window/windows.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { AlertDesk, DeskState } from '../storage/alert-desk.ts';
import type { BaselineStore } from '../storage/baseline-store.ts';
import type { CatalogStore } from '../storage/catalog-store.ts';
import type { EvaluationStore, EvaluationSummary } from '../storage/evaluation-store.ts';
import type { TickClaim } from '../storage/tick-store.ts';
import type { TileReader } from '../storage/tile-store.ts';
import { composeDeskOf, moveAlerts } from './move-alerts.ts';
import { subjectsOf } from './subjects.ts';
import type { Active, History } from './subjects.ts';
import { readWindows } from './window-counts.ts';
import type { WindowSpan } from './window-counts.ts';

/** A monitor as the evaluator knows it. */
export interface EvaluatedMonitor {
  readonly id: number;
  readonly name: string;
  readonly modelId: number;
  readonly model: string;
  readonly windows: readonly WindowSpan[];
  readonly seasonality: Seasonality | null;
  readonly policy: EvaluationPolicy;
  /** The policy with what the feature and its tier say differently. */
  policyOf(feature: Feature): EvaluationPolicy;
  readonly alertPolicy: AlertPolicy;
  /** Evaluations of all monitors of the daemon a day: they share the alert budget. */
  readonly evaluationsPerDay: number;
  readonly routes: readonly AlertRoute[];
  readonly receivers: readonly AlertReceiver[];
  /** Who looks after the model. */
  readonly owner?: string | null;
  /** Messages of a group may wait for each other: the monitor's clock is the wall's. Default false. */
  readonly holds?: boolean;
  /** Maintenance windows that hold at this instant; ms. */
  maintenance?(now: number): readonly Mute[];
}

export interface EvaluateMetrics {
  evaluated(monitor: string, seconds: number): void;
}

export interface EvaluateDeps {
  readonly baselines: BaselineStore;
  readonly catalog: CatalogStore;
  readonly tiles: TileReader;
  readonly evaluations: EvaluationStore;
  /** Without it nothing is silenced, acknowledged or repeated. */
  readonly desk?: AlertDesk;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: EvaluateMetrics;
}

export interface EvaluateInput {
  readonly monitor: EvaluatedMonitor;
  readonly claim: TickClaim;
  readonly complete: boolean;
  readonly watermark: number | null;
  readonly mayNotify: boolean;
}

export interface Evaluator {
  /** @returns false when the tick was lost to another replica: nothing was written */
  evaluate(input: EvaluateInput): Promise<boolean>;
}

const EMPTY_DESK: DeskState = {
  silences: [],
  told: new Map(),
  acknowledged: new Set(),
  sourcesDead: false,
};

export function createEvaluator(deps: EvaluateDeps): Evaluator {
  async function readSubjects(
    monitor: EvaluatedMonitor,
    active: Active,
    features: readonly Feature[],
    end: number,
  ): Promise<Subject[]> {
    const { modelId, windows, seasonality } = monitor;
    const slots = seasonality !== null;
    const counts = await readWindows(deps, { modelId, end, windows, slots });
    const policyOf = (feature: Feature): EvaluationPolicy => monitor.policyOf(feature);
    const subjects: Subject[] = [];
    for (const ofWindow of counts) {
      const history = await historyOf(monitor, active, features, ofWindow.window, end);
      const input = { features, active, seasonality, policyOf };
      subjects.push(...subjectsOf(ofWindow, history, input));
    }
    return subjects;
  }

  async function historyOf(
    monitor: EvaluatedMonitor,
    active: Active,
    features: readonly Feature[],
    window: WindowSpan,
    end: number,
  ): Promise<History> {
    if (active === null || !features.some((feature) => asksHistory(monitor.policyOf(feature)))) {
      return new Map();
    }
    return deps.evaluations.history(monitor.id, active.row.id, window.name, window.spanMs, end);
  }

  return {
    async evaluate({ monitor, claim, complete, watermark, mayNotify }) {
      const started = deps.clock.monotonic();
      const windowEnd = windowEndOf(claim.due);
      const active = await deps.baselines.active(monitor.modelId);
      const features = (await deps.catalog.features(monitor.modelId)).filter(
        ({ tier }) => tier !== 'ignore',
      );
      const subjects = await readSubjects(monitor, active, features, windowEnd);
      const evaluation = evaluate(subjects, monitor.policy, {
        evaluationsPerDay: monitor.evaluationsPerDay,
      });
      const { results } = evaluation;
      const featureIds = new Map(features.map((feature) => [feature.name, feature.id]));
      const desk = (await deps.desk?.read(monitor.id)) ?? EMPTY_DESK;
      const known = await deps.evaluations.alerts(monitor.id);
      const moved = moveAlerts(results, known, featureIds, monitor.alertPolicy, windowEnd, {
        model: monitor.model,
        monitor: monitor.name,
        owner: monitor.owner ?? null,
        mutes: [...desk.silences, ...(monitor.maintenance?.(deps.clock.now()) ?? [])],
        sourcesDead: desk.sourcesDead,
        mayNotify,
      });
      const { rows, notices } = moved;
      const subjectOfResult = new Map(results.map((result, i) => [result, subjects[i] as Subject]));
      const outbox = composeNotifications({
        model: monitor.model,
        monitor: monitor.name,
        windowEnd,
        revision: 0,
        notices,
        allFiring: rows.filter(({ state }) => state === 'firing'),
        results,
        routes: monitor.routes,
        receivers: monitor.receivers,
        desk: composeDeskOf(desk, monitor.id, moved, { holds: monitor.holds ?? false, mayNotify }),
        explain: (result) => explain(subjectOfResult.get(result) as Subject, result),
        picture: (result) => {
          const { baseline, live, mixture } = subjectOfResult.get(result) as Subject;
          if (baseline === null || live === null) return null;
          return pictureOf(mixture?.histogram ?? baseline.histogram, live);
        },
      });
      const durationMs = deps.clock.monotonic() - started;
      const id = await deps.evaluations.store({
        claim,
        windowEnd,
        revision: 0,
        baselineId: active?.row.id ?? null,
        complete,
        watermark,
        settings: {
          q: evaluation.q,
          tests: evaluation.tests,
          evaluationsPerDay: monitor.evaluationsPerDay,
          policy: monitor.policy,
          features: overridesOf(monitor, features),
        },
        summary: summarize(evaluation),
        durationMs,
        scores: results.map((result) => ({
          featureId: featureIds.get(result.feature) as number,
          result,
        })),
        alerts: rows.map(({ featureId, feature: _, segment, ...alert }) => ({
          featureId,
          segment,
          alert,
        })),
        outbox,
      });
      if (id === null) return false;
      const seconds = (deps.clock.monotonic() - started) / 1000;
      deps.metrics.evaluated(monitor.name, seconds);
      deps.log.info(
        {
          monitor: monitor.name,
          windowEnd: new Date(windowEnd).toISOString(),
          drifted: results.filter(({ verdict }) => verdict === 'drifted').length,
          messages: outbox.length,
          seconds: Math.round(seconds * 1000) / 1000,
        },
        'evaluated',
      );
      return true;
    },
  };
}

function asksHistory({ designEffect }: EvaluationPolicy): boolean {
  return designEffect === 'baseline' || designEffect === 'history';
}

/** The policies of the features that are judged differently, by name: what else an evaluation was judged by. */
function overridesOf(
  monitor: EvaluatedMonitor,
  features: readonly Feature[],
): Readonly<Record<string, EvaluationPolicy>> {
  const usual = JSON.stringify(monitor.policy);
  const entries = features
    .map((feature) => [feature.name, monitor.policyOf(feature)] as const)
    .filter(([, policy]) => JSON.stringify(policy) !== usual);
  return Object.fromEntries(entries);
}

/** Model level: counts and names. */
function summarize({ results }: EvaluationResult): EvaluationSummary {
  const worst = worstOfWindows(results.filter(({ segment }) => segment === ALL_SEGMENT));
  const named = (verdict: string): string[] =>
    worst.filter((result) => result.verdict === verdict).map(({ feature }) => feature);
  const effect = (result: FeatureResult): number =>
    Math.max(
      0,
      ...result.statistics
        .filter(({ name }) => name === 'ks' || name === 'psi')
        .map(({ value }) => value),
    );
  const byEffect = [...worst].sort((a, b) => effect(b) - effect(a));
  return {
    features: worst.length,
    drifted: named('drifted'),
    warned: named('warning'),
    worst: byEffect.slice(0, 5).map(({ feature }) => feature),
  };
}
