import { sha256 } from '../histogram/hash/fingerprint.ts';
import type { FeaturePicture } from '../drawing/picture.ts';
import type { FeatureResult } from '../evaluate/types.ts';
import type { DigestFeature, DigestLink, DigestMessage, FeatureTrouble } from './message.ts';
import { describe, isOfFeature } from './describe.ts';
import { audienceOf } from './routes.ts';
import type { AlertRoute } from './routes.ts';
import type { AlertNotice, AlertRow, Notice } from './types.ts';
import { compareEntries } from './merge.ts';
import { seriesKey, worstOfWindows } from './worst.ts';

export interface AlertReceiver {
  readonly name: string;
  readonly targets: readonly AlertTarget[];
}

/** One recipient on one channel: gets a row of the outbox of its own. */
export interface AlertTarget {
  readonly channel: string;
  readonly recipient: string;
  readonly sendResolved: boolean;
}

export interface ComposeInput {
  readonly model: string;
  readonly monitor: string;
  readonly windowEnd: number;
  readonly revision: number;
  readonly notices: readonly AlertNotice[];
  /** Every alert of the monitor that fires after this evaluation; those with a notice may be among them. */
  readonly allFiring: readonly AlertRow[];
  /** Of all windows. */
  readonly results: readonly FeatureResult[];
  readonly routes: readonly AlertRoute[];
  readonly receivers: readonly AlertReceiver[];
  /** What is wrong with the data of features, by `seriesKey`. */
  readonly troubles?: ReadonlyMap<string, FeatureTrouble>;
  /** Sentences that say what changed. */
  readonly explain?: (result: FeatureResult) => readonly string[];
  /** Baseline against live, of features that are told in full. */
  readonly picture?: (result: FeatureResult) => FeaturePicture | null;
  /** `{feature}` and `{segment}` in an address stand for the names: such a link is at every feature. */
  readonly links?: readonly DigestLink[];
  /** Without it nothing is repeated, and nothing waits for more of its group. */
  readonly desk?: ComposeDesk;
}

/** What was told before, and what somebody has taken on. */
export interface ComposeDesk {
  readonly monitorId: number;
  /** When each receiver was last told, on the monitor's clock; ms. */
  readonly told: ReadonlyMap<string, number>;
  /** By `seriesKey`: no repeats. */
  readonly acknowledged: ReadonlySet<string>;
  /** By `seriesKey`: silenced or inhibited, no repeats. */
  readonly muted: ReadonlySet<string>;
  /** The monitor's clock is the wall's: a group's messages may wait for each other. On replayed data none does. */
  readonly holds: boolean;
}

/** A row of the outbox; the shape of the outbox port's OutboxWrite. */
export interface ComposedNotification {
  readonly dedupKey: string;
  readonly receiver: string;
  readonly channel: string;
  readonly recipient: string;
  readonly reason: Notice | 'added';
  readonly message: DigestMessage;
  /** How the message waits for more of its group; the shape of the outbox port's OutboxGroup. */
  readonly group?: {
    readonly key: string;
    readonly waitMs: number;
    readonly intervalMs: number;
    readonly monitorId: number;
    readonly toldAt: number;
  };
}

/**
 * What to send after one evaluation: one message a recipient, however many features moved. A feature goes to the
 * receivers of the routes that match its model, name, segment, tier and severity, and to those that were told of the
 * incident before; no route, or the tier `ignore`: nobody is told. Without any route everything goes to every receiver. A recipient who has nothing new to hear gets nothing; features that fire still come along as context.
 *
 * What fires on and on is told again after the repeat interval of the receiver's routes, unless somebody has acknowledged
 * it or a silence holds.
 *
 * The dedup key depends on the evaluation and the recipient only, so composing again after a crash gives the same row.
 */
export function composeNotifications(input: ComposeInput): ComposedNotification[] {
  const results = resultsOf(input);
  const told = new Set(input.notices.map(({ alert }) => seriesKey(alert.feature, alert.segment)));
  const entries = input.notices.map(({ alert, notice, severity }) =>
    entryOf(alert, describe(alert, notice, severity, results, input), input),
  );
  const before = input.allFiring
    .filter(({ feature, segment, notifiedSeverity }) => {
      const key = seriesKey(feature, segment);
      // What nobody was told of is no context, and what is silenced is not mentioned.
      const muted = input.desk?.muted.has(key) ?? false;
      return !told.has(key) && notifiedSeverity !== null && !muted;
    })
    .map((alert) =>
      entryOf(alert, describe(alert, null, alert.severity ?? 'warning', results, input), input),
    );
  const routed = byReceiver([...entries, ...before]);

  const composed: ComposedNotification[] = [];
  for (const receiver of input.receivers) {
    const mine = (routed.get(receiver.name) ?? []).sort(compareEntries);
    const fresh = mine.filter(({ notice }) => notice !== null);
    const context = mine.filter(({ notice }) => notice === null);
    const repeated = fresh.length > 0 ? [] : repeatsOf(receiver.name, context, results, input);
    const news = fresh.length > 0 ? fresh : repeated;
    const stillFiring = repeated.length > 0 ? withoutThese(context, repeated) : context;
    const unresolved = news.filter(({ notice }) => notice !== 'resolved');
    for (const { channel, recipient, sendResolved } of receiver.targets) {
      const features = sendResolved ? news : unresolved;
      if (features.length === 0) continue;
      const message = messageOf(input, features, stillFiring);
      const key = dedupKey(input, channel, receiver.name, recipient);
      if (composed.some((row) => row.dedupKey === key)) continue;
      composed.push({
        dedupKey: key,
        receiver: receiver.name,
        channel,
        recipient,
        reason: reasonOf(message),
        message,
        ...groupOf(receiver.name, input),
      });
    }
  }
  return composed;
}

const DEFAULT_REPEAT_MS = 7 * 86_400_000;

/** The shortest of the receiver's routes; `fallback` without any. */
function shortest(
  receiver: string,
  input: ComposeInput,
  key: 'groupWaitMs' | 'groupIntervalMs' | 'repeatIntervalMs',
  fallback: number,
): number {
  const given = input.routes
    .filter((route) => route.receiver === receiver)
    .flatMap((route) => route[key] ?? []);
  return given.length === 0 ? fallback : Math.min(...given);
}

/** What the receiver is told again, in full; empty: it is not time. */
function repeatsOf(
  receiver: string,
  context: readonly DigestFeature[],
  results: ReadonlyMap<string, FeatureResult>,
  input: ComposeInput,
): DigestFeature[] {
  const { desk, windowEnd, allFiring } = input;
  const told = desk?.told.get(receiver);
  if (desk === undefined || told === undefined) return [];
  if (windowEnd - told < shortest(receiver, input, 'repeatIntervalMs', DEFAULT_REPEAT_MS))
    return [];
  const keys = new Set(context.map(({ feature, segment }) => seriesKey(feature, segment)));
  return allFiring
    .filter(({ feature, segment }) => {
      const key = seriesKey(feature, segment);
      return keys.has(key) && !desk.acknowledged.has(key);
    })
    .map((alert) => describe(alert, 'repeat', alert.severity ?? 'warning', results, input))
    .sort(compareEntries);
}

function withoutThese(
  list: readonly DigestFeature[],
  these: readonly DigestFeature[],
): DigestFeature[] {
  const keys = new Set(these.map(({ feature, segment }) => seriesKey(feature, segment)));
  return list.filter(({ feature, segment }) => !keys.has(seriesKey(feature, segment)));
}

function groupOf(receiver: string, input: ComposeInput): Pick<ComposedNotification, 'group'> {
  const { desk, model, windowEnd } = input;
  if (desk === undefined) return {};
  return {
    group: {
      key: sha256(JSON.stringify([model, receiver])),
      waitMs: desk.holds ? shortest(receiver, input, 'groupWaitMs', 0) : 0,
      intervalMs: desk.holds ? shortest(receiver, input, 'groupIntervalMs', 0) : 0,
      monitorId: desk.monitorId,
      toldAt: windowEnd,
    },
  };
}

/** Stable over attempts, processes and releases: 64 hex digits. */
export function dedupKey(
  evaluation: Pick<ComposeInput, 'monitor' | 'windowEnd' | 'revision'>,
  channel: string,
  receiver: string,
  recipient: string,
): string {
  const { monitor, windowEnd, revision } = evaluation;
  return sha256(JSON.stringify([monitor, windowEnd, revision, channel, receiver, recipient]));
}

/** A feature of the message with those who hear of it. */
interface Entry {
  readonly feature: DigestFeature;
  readonly audience: readonly string[];
}

function entryOf(alert: AlertRow, feature: DigestFeature, input: ComposeInput): Entry {
  const { model, routes, receivers } = input;
  const everyone = receivers.map(({ name }) => name);
  const labels = { model, ...feature };
  return { feature, audience: audienceOf(alert, feature.notice, labels, { routes, everyone }) };
}

function byReceiver(entries: readonly Entry[]): Map<string, DigestFeature[]> {
  const routed = new Map<string, DigestFeature[]>();
  for (const { feature, audience } of entries) {
    for (const name of audience) {
      const list = routed.get(name);
      if (list === undefined) routed.set(name, [feature]);
      else list.push(feature);
    }
  }
  return routed;
}

/**
 * Who knows of each open incident once the notices are out, by `seriesKey`; of alerts without a notice nothing. After an
 * end nobody has to hear of it any more.
 */
export function toldAfter(input: ComposeInput): ReadonlyMap<string, readonly string[]> {
  const results = resultsOf(input);
  return new Map(
    input.notices.map(({ alert, notice, severity }) => {
      const { audience } = entryOf(alert, describe(alert, notice, severity, results, input), input);
      const told = notice === 'resolved' ? [] : [...new Set([...(alert.told ?? []), ...audience])];
      return [seriesKey(alert.feature, alert.segment), told];
    }),
  );
}

function resultsOf({ results }: ComposeInput): ReadonlyMap<string, FeatureResult> {
  return new Map(
    worstOfWindows(results).map((result) => [seriesKey(result.feature, result.segment), result]),
  );
}

function messageOf(
  input: ComposeInput,
  features: readonly DigestFeature[],
  stillFiring: readonly DigestFeature[],
): DigestMessage {
  const active = features.filter(({ notice }) => notice !== 'resolved');
  const about = active.length > 0 ? active : features;
  return {
    version: 1,
    model: input.model,
    monitor: input.monitor,
    windowEnd: input.windowEnd,
    revision: input.revision,
    severity: about.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning',
    features,
    stillFiring,
    links: (input.links ?? []).filter((link) => !isOfFeature(link)),
  };
}

/** What the message is for: news before worse before better; news beside what fires already is an addition. */
export function reasonOf({ features, stillFiring }: DigestMessage): Notice | 'added' {
  const order: readonly Notice[] = ['first', 'escalated', 'resolved', 'repeat'];
  const reason = order.find((one) => features.some(({ notice }) => notice === one)) ?? 'first';
  return reason === 'first' && stillFiring.length > 0 ? 'added' : reason;
}
