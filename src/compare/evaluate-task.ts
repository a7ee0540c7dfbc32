/*
 * Evaluates one claimed tick: judges (judge.ts), moves the alerts, composes the messages, and stores all of it in one
 * transaction.
 */
import { composeNotifications, toldAfter } from '../core/alerting/compose.ts';
import type { AlertReceiver, ComposeInput } from '../core/alerting/compose.ts';
import { explain } from '../core/alerting/explain.ts';
import type { DigestLink } from '../core/alerting/message.ts';
import { muteOf } from '../core/alerting/mute.ts';
import type { AlertLabels, Mute } from '../core/alerting/mute.ts';
import type { AlertRoute } from '../core/alerting/routes.ts';
import type { AlertPolicy } from '../core/alerting/types.ts';
import { seriesKey } from '../core/alerting/worst.ts';
import { ALL_SEGMENT } from '../core/domain/feature.ts';
import { pictureOf } from '../core/drawing/picture.ts';
import type { EvaluationPolicy, Subject } from '../core/evaluate/types.ts';
import { moveProblems } from '../core/quality/problems.ts';
import { windowEndOf } from '../core/window/windows.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { AlertDesk, DeskState } from '../storage/alert-desk.ts';
import type { QualityStore } from '../storage/evaluation-store.ts';
import type { RevisionStore } from '../storage/revision-store.ts';
import type { TickClaim } from '../storage/tick-store.ts';
import { evaluationWrite, featureIds } from './evaluation-write.ts';
import { judge } from './judge.ts';
import type { JudgeDeps, JudgedMonitor, Judgement } from './judge.ts';
import { checkQuality, namesToTell, qualityMessages, troublesOf } from './quality.ts';
import { composeDeskOf, moveAlerts } from './move-alerts.ts';
import { WITHDRAWN, readAlerts, reviseStale } from './revisions.ts';

/** A monitor as the evaluator knows it. */
export interface EvaluatedMonitor extends JudgedMonitor {
  readonly name: string;
  readonly model: string;
  readonly alertPolicy: AlertPolicy;
  readonly routes: readonly AlertRoute[];
  readonly receivers: readonly AlertReceiver[];
  /** Where to read on, told with every message. */
  readonly links?: readonly DigestLink[];
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

export interface EvaluateDeps extends JudgeDeps {
  readonly revisions: RevisionStore;
  readonly quality: QualityStore;
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
  return {
    async evaluate({ monitor, claim, complete, watermark, mayNotify }) {
      const started = deps.clock.monotonic();
      const windowEnd = windowEndOf(claim.due);
      await deps.revisions.look(monitor.id, windowEnd);
      const late = await reviseStale(deps, monitor, claim, watermark);
      if (late === null) return false;
      const judgement = await judge(deps, monitor, windowEnd);
      const { subjects } = judgement;
      const { results } = judgement.evaluation;
      const desk = (await deps.desk?.read(monitor.id, monitor.holds ?? false)) ?? EMPTY_DESK;
      const mutes = [...desk.silences, ...(monitor.maintenance?.(deps.clock.now()) ?? [])];
      const { known, withdrawn } = await readAlerts(deps, monitor, windowEnd);
      const ids = featureIds(judgement.features);
      const quality = await checkQuality(deps.quality, monitor, judgement, windowEnd);
      const troubles = troublesOf(quality.faults, results, policiesOf(monitor, judgement));
      const moved = moveAlerts(results, known, ids, monitor.alertPolicy, windowEnd, {
        model: monitor.model,
        monitor: monitor.name,
        owner: monitor.owner ?? null,
        mutes,
        sourcesDead: desk.sourcesDead,
        mayNotify,
        troubles,
      });
      const { rows, notices } = moved;
      const subjectOfResult = new Map(results.map((result, i) => [result, subjects[i] as Subject]));
      const telling: ComposeInput = {
        model: monitor.model,
        monitor: monitor.name,
        windowEnd,
        revision: 0,
        notices,
        troubles,
        allFiring: rows.filter(({ state }) => state === 'firing'),
        results,
        routes: monitor.routes,
        receivers: monitor.receivers,
        links: monitor.links ?? [],
        desk: composeDeskOf(desk, monitor.id, moved, { holds: monitor.holds ?? false, mayNotify }),
        explain: (result) => [
          ...(withdrawn.has(seriesKey(result.feature, result.segment)) ? [WITHDRAWN] : []),
          ...explain(subjectOfResult.get(result) as Subject, result),
        ],
        picture: (result) => {
          const { baseline, live, mixture, unit = null } = subjectOfResult.get(result) as Subject;
          if (baseline === null || live === null) return null;
          return pictureOf(mixture?.histogram ?? baseline.histogram, live, unit);
        },
      };
      const outbox = composeNotifications(telling);
      const told = toldAfter(telling);
      const data = moveProblems(
        await deps.quality.problems(monitor.id),
        quality.faults,
        windowEnd,
        mayNotify && !desk.sourcesDead && muteOf(mutes, modelLabels(monitor)) === null,
      );
      const names = await namesToTell(deps.catalog, monitor.modelId, data.notices);
      const durationMs = deps.clock.monotonic() - started;
      const of = { claim, windowEnd, revision: 0, complete, watermark, durationMs };
      const id = await deps.evaluations.store({
        ...evaluationWrite(monitor, judgement, quality, of),
        alerts: rows.map(({ featureId, feature, segment, told: before, causes, ...alert }) => ({
          featureId,
          segment,
          alert,
          causes: causes ?? null,
          told: told.get(seriesKey(feature, segment)) ?? before ?? null,
        })),
        problems: data.problems,
        outbox: [...outbox, ...qualityMessages(data.notices, monitor, modelLabels(monitor), names)],
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
          ...(late === 0 ? {} : { revised: late }),
          seconds: Math.round(seconds * 1000) / 1000,
        },
        'evaluated',
      );
      return true;
    },
  };
}

function policiesOf(
  monitor: EvaluatedMonitor,
  { features }: Judgement,
): (feature: string) => EvaluationPolicy {
  const policies = new Map(features.map((feature) => [feature.name, monitor.policyOf(feature)]));
  return (name) => policies.get(name) ?? monitor.policy;
}

/** What is about no feature is silenced by matchers of the model, the monitor or the owner. */
function modelLabels({ model, name, owner }: EvaluatedMonitor): AlertLabels {
  return {
    model,
    monitor: name,
    owner: owner ?? null,
    feature: '',
    segment: ALL_SEGMENT,
    tier: 'standard',
    severity: 'warning',
  };
}
