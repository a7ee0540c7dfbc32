/*
 * Judges a monitor's windows that end at one instant, writing nothing. Asks of the database, in one snapshot: the active baseline, the
 * tiles of the longest window (see window-counts.ts), and one query a window for the history of the design effect.
 */
import type { Seasonality } from '../core/baseline/slots.ts';
import type { Feature } from '../core/domain/feature.ts';
import { evaluate } from '../core/evaluate/evaluate.ts';
import type { EvaluationPolicy, EvaluationResult, Subject } from '../core/evaluate/types.ts';
import type { BaselineStore } from '../storage/baseline-store.ts';
import type { CatalogStore } from '../storage/catalog-store.ts';
import type { EvaluationStore } from '../storage/evaluation-store.ts';
import type { TileReader } from '../storage/tile-store.ts';
import { isOnOtherBinning, subjectsOf } from './subjects.ts';
import type { Active, History } from './subjects.ts';
import { readWindows } from './window-counts.ts';
import type { WindowCounts, WindowSpan } from './window-counts.ts';

/** What of a monitor decides a verdict. */
export interface JudgedMonitor {
  readonly id: number;
  readonly modelId: number;
  readonly windows: readonly WindowSpan[];
  readonly seasonality: Seasonality | null;
  readonly policy: EvaluationPolicy;
  /** The policy with what the feature and its tier say differently. */
  policyOf(feature: Feature): EvaluationPolicy;
  /** Share of the usual events that may stay away; 0: nobody minds. */
  readonly volumeDrop: number;
  /** Evaluations of all monitors of the daemon a day: they share the alert budget. */
  readonly evaluationsPerDay: number;
}

export interface Judgement {
  readonly active: Active;
  /** Those that are judged, in the order of their ids. */
  readonly features: readonly Feature[];
  readonly counts: readonly WindowCounts[];
  /** One a result, in the same order. */
  readonly subjects: readonly Subject[];
  readonly evaluation: EvaluationResult;
}

export interface JudgeDeps {
  readonly baselines: BaselineStore;
  readonly catalog: CatalogStore;
  readonly tiles: TileReader;
  readonly evaluations: EvaluationStore;
  /** Everything that is read within is of one moment. Default: each read is of its own. */
  readonly snapshot?: <T>(work: () => Promise<T>) => Promise<T>;
}

/** @param end where the windows end, ms since the epoch, a multiple of 5 minutes */
export async function judge(
  deps: JudgeDeps,
  monitor: JudgedMonitor,
  end: number,
): Promise<Judgement> {
  const { seasonality } = monitor;
  const { active, features, windows } = await (deps.snapshot ?? atOnce)(() =>
    readAll(deps, monitor, end),
  );
  const policyOf = (feature: Feature): EvaluationPolicy => monitor.policyOf(feature);
  const subjects = windows.flatMap(({ counts, history }) =>
    subjectsOf(counts, history, { features, active, seasonality, policyOf }),
  );
  const { evaluationsPerDay } = monitor;
  const judged = evaluate(subjects, monitor.policy, { evaluationsPerDay });
  // Groups are remembered for later design effects only where they are those of the baseline's own binning.
  const results = judged.results.map((result, i) =>
    isOnOtherBinning(subjects[i] as Subject, active) ? { ...result, groups: null } : result,
  );
  const counts = windows.map((window) => window.counts);
  return { active, features, counts, subjects, evaluation: { ...judged, results } };
}

const atOnce = <T>(work: () => Promise<T>): Promise<T> => work();

/** What a judgement is made of: a version that is activated meanwhile is in all of it or in nothing. */
async function readAll(deps: JudgeDeps, monitor: JudgedMonitor, end: number) {
  const { modelId, windows: spans, seasonality } = monitor;
  const active = await deps.baselines.active(modelId);
  const features = await judgedFeatures(deps.catalog, modelId, active);
  const slots = seasonality !== null;
  const windows = [];
  for (const counts of await readWindows(deps, { modelId, end, windows: spans, slots })) {
    const history = await historyOf(deps, monitor, active, features, counts.window, end);
    windows.push({ counts, history });
  }
  return { active, features, windows };
}

/**
 * The features of the active version, with the kinds it has them in, whatever is activated meanwhile; without one those
 * that are counted.
 */
async function judgedFeatures(
  catalog: CatalogStore,
  modelId: number,
  active: Active,
): Promise<Feature[]> {
  const kinds = new Map(active?.baseline.features.map(({ name, kind }) => [name, kind]));
  const features =
    active === null
      ? await catalog.features(modelId)
      : (await catalog.allFeatures(modelId)).flatMap((feature) => {
          const kind = kinds.get(feature.name);
          return kind === undefined ? [] : [{ ...feature, kind }];
        });
  return features.filter(({ tier }) => tier !== 'ignore');
}

async function historyOf(
  deps: JudgeDeps,
  monitor: JudgedMonitor,
  active: Active,
  features: readonly Feature[],
  window: WindowSpan,
  end: number,
): Promise<History> {
  const asked = features.some((feature) => asksHistory(monitor.policyOf(feature)));
  if (active === null || !asked) return new Map();
  return deps.evaluations.history(monitor.id, active.row.id, window.name, window.spanMs, end);
}

function asksHistory({ designEffect }: EvaluationPolicy): boolean {
  return designEffect === 'baseline' || designEffect === 'history';
}
