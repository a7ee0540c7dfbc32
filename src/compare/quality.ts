/*
 * Checks of the data beside drift: what is wrong with the events and features of an evaluation, and who is told of it.
 */
import type { AlertReceiver } from '../core/alerting/compose.ts';
import { receiversOf } from '../core/alerting/routes.ts';
import type { AlertRoute, RoutedAlert } from '../core/alerting/routes.ts';
import type { DigestFault, FeatureTrouble, SystemMessage } from '../core/alerting/message.ts';
import { ALL_SEGMENT } from '../core/domain/feature.ts';
import { sha256 } from '../core/histogram/hash/fingerprint.ts';
import { seriesKey, worstOfWindows } from '../core/alerting/worst.ts';
import type { EvaluationPolicy, FeatureResult } from '../core/evaluate/types.ts';
import {
  faultsExplain,
  featureFaults,
  unknownFault,
  volumeFault,
  volumeReferences,
} from '../core/quality/faults.ts';
import type { CountedSoFar, QualityFault } from '../core/quality/faults.ts';
import { qualityInWords } from '../core/quality/problems.ts';
import type { QualityNotice } from '../core/quality/problems.ts';
import { recentNames } from '../core/quality/unknown-names.ts';
import type { CatalogStore } from '../storage/catalog-store.ts';
import type { OutboxWrite } from '../storage/outbox-store.ts';
import type { QualityStore } from '../storage/evaluation-store.ts';
import type { JudgedMonitor, Judgement } from './judge.ts';

/** What an evaluation has seen of the data. */
export interface DataQuality {
  readonly faults: readonly QualityFault[];
  /** Events of each window. */
  readonly events: Readonly<Record<string, number>>;
  /** Events of the model so far: what comes after is news of the next evaluation. */
  readonly counted: CountedSoFar;
}

/** What of a monitor decides who is told of its data. */
interface ToldMonitor {
  readonly name: string;
  readonly model: string;
  readonly routes: readonly AlertRoute[];
  readonly receivers: readonly AlertReceiver[];
}

/** @param as how far counting was when the window was first judged; default: as far as it is */
export async function checkQuality(
  store: QualityStore,
  monitor: JudgedMonitor,
  { counts, features, evaluation }: Judgement,
  windowEnd: number,
  as: CountedSoFar | null = null,
): Promise<DataQuality> {
  const volumes = await store.volumes(monitor.id, volumeReferences(windowEnd));
  const counted = as ?? (await store.counted(monitor.modelId));
  const before = await store.countedBefore(monitor.id, windowEnd);
  const faults: QualityFault[] = [];
  const events: Record<string, number> = {};
  for (const { window, events: eventsOf } of counts) {
    const count = eventsOf(ALL_SEGMENT);
    events[window.name] = count;
    const earlier = volumes.get(window.name) ?? new Map<number, number>();
    const fault = volumeFault(window.name, windowEnd, count, earlier, monitor.volumeDrop);
    if (fault !== null) faults.push(fault);
  }
  const unknown = unknownFault(before, counted);
  if (unknown !== null) faults.push(unknown);
  const policies = new Map(features.map((feature) => [feature.name, monitor.policyOf(feature)]));
  for (const result of evaluation.results) {
    faults.push(...featureFaults(result, policies.get(result.feature) ?? monitor.policy));
  }
  return { faults, events, counted };
}

/** Names of the features that the newest day of events brings and the baseline does not know, where a notice is of them. */
export async function namesToTell(
  catalog: CatalogStore,
  modelId: number,
  notices: readonly QualityNotice[],
): Promise<string[]> {
  const told = ({ problem, status }: QualityNotice): boolean =>
    problem.check === 'unknown' && status === 'firing';
  if (!notices.some(told)) return [];
  const names = recentNames(await catalog.unknownNames(modelId)).filter(({ known }) => !known);
  return names.map(({ name }) => name);
}

/** What is wrong with the data of each feature and segment, by `seriesKey`, and whether it mutes what its values show. */
export function troublesOf(
  faults: readonly QualityFault[],
  results: readonly FeatureResult[],
  policyOf: (feature: string) => EvaluationPolicy,
): ReadonlyMap<string, FeatureTrouble> {
  const bySeries = Map.groupBy(
    faults.filter(({ feature }) => feature !== null),
    ({ feature, segment }) => seriesKey(feature ?? '', segment),
  );
  const worst = new Map(
    worstOfWindows(results).map((result) => [seriesKey(result.feature, result.segment), result]),
  );
  return new Map(
    [...bySeries].map(([key, list]) => {
      const result = worst.get(key);
      const mutes = result !== undefined && faultsExplain(list, result, policyOf(result.feature));
      // Of several windows the one where it is worst.
      const byCheck = Map.groupBy(list, ({ check }) => check);
      const told = [...byCheck.values()].flatMap((same) =>
        same.toSorted((a, b) => b.value - a.value).slice(0, 1),
      );
      return [
        key,
        {
          cause: mutes ? ('data' as const) : ('drift' as const),
          faults: told.map((fault) => digestFault(fault, result)),
        },
      ];
    }),
  );
}

/** @param result what the message shows of the feature: of its worst window */
function digestFault(
  { check, value, expected, window }: QualityFault,
  result: FeatureResult | undefined,
): DigestFault {
  const other = window !== null && result !== undefined && window !== result.window;
  return { check, value, expected, ...(other ? { window } : {}) };
}

/**
 * The messages about what has begun or is over, one a recipient.
 * @param labels by which the routes decide who is told
 * @param unknown names of unknown features
 */
export function qualityMessages(
  notices: readonly QualityNotice[],
  { name, model, routes, receivers: all }: ToldMonitor,
  labels: RoutedAlert,
  unknown: readonly string[] = [],
): OutboxWrite[] {
  const names = routes.length === 0 ? null : receiversOf(routes, labels);
  const receivers = all.filter((receiver) => names?.includes(receiver.name) ?? true);
  return notices.flatMap((notice) => {
    const { problem, status, since } = notice;
    const { title, sentence } = qualityInWords(notice, model, unknown);
    const message: SystemMessage = {
      version: 1,
      kind: 'system',
      problem: problem.check,
      about: model,
      status,
      severity: 'warning',
      title,
      sentences: [sentence],
      facts: [
        { label: 'Model', value: model },
        { label: 'Monitor', value: name },
      ],
      since,
    };
    return receivers.flatMap((receiver) =>
      receiver.targets
        .filter(({ sendResolved }) => status === 'firing' || sendResolved)
        .map(({ channel, recipient }) => ({
          dedupKey: sha256(
            JSON.stringify([
              'quality',
              name,
              problem.check,
              problem.about,
              since,
              status,
              channel,
              receiver.name,
              recipient,
            ]),
          ),
          receiver: receiver.name,
          channel,
          recipient,
          reason: status === 'firing' ? ('first' as const) : ('resolved' as const),
          message,
        })),
    );
  });
}
