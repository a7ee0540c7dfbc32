import type { FeatureKind, FeatureTier } from '../domain/feature.ts';
import type { Severity, Verdict } from '../domain/verdict.ts';
import type { FeaturePicture } from '../drawing/picture.ts';
import type { QualityFault } from '../quality/faults.ts';
import type { AlertCause, Notice } from './types.ts';

/**
 * One feature as a recipient is told about it: the worst of its windows. Numbers as evaluated, times in ms.
 * `verdict` and `window` null: the evaluation had no result for the feature (it left the model).
 */
export interface DigestFeature {
  readonly feature: string;
  readonly segment: string;
  /** Whose alert it is: the message's monitor unless messages of several were merged (`monitorOf`). */
  readonly monitor?: string;
  /** Name of the window that the numbers are of, as '24h'; null: no result. */
  readonly window: string | null;
  readonly kind: FeatureKind | null;
  readonly tier: FeatureTier;
  readonly verdict: Verdict | null;
  readonly severity: Severity;
  /** null: told before, still firing. */
  readonly notice: Notice | null;
  readonly incident: number;
  /** How often it opened again within a week of closing. */
  readonly flaps?: number;
  readonly since: number | null;
  readonly resolvedAt: number | null;
  readonly warmingUp: boolean;
  readonly psi: number | null;
  readonly ks: {
    readonly value: number;
    /** Certified interval of the raw values' distance. */
    readonly low: number;
    readonly high: number;
    /** Natural logarithm of the p-value of "no change". */
    readonly logP: number | null;
  } | null;
  /** Binned values, live and baseline. */
  readonly n: number;
  readonly m: number;
  readonly missing: { readonly baseline: number; readonly live: number };
  readonly unseenShare: number | null;
  /** Default drift. `data`: the data is broken, and that is told instead of what the values show. */
  readonly cause?: AlertCause;
  /** What the incident was told as before; of a resolved one all that ends. */
  readonly toldAs?: readonly AlertCause[];
  /** What is wrong with the feature's data. */
  readonly faults?: readonly DigestFault[];
  /** Sentences that say what changed, when somebody could say. */
  readonly explanation: readonly string[];
  /** Baseline against live; null: nothing to draw. */
  readonly picture: FeaturePicture | null;
  /** Where to read on about this feature. */
  readonly links?: readonly DigestLink[];
}

export interface DigestFault extends Pick<QualityFault, 'check' | 'value' | 'expected'> {
  /** The window that has the fault, when it is another than the one whose numbers are shown. */
  readonly window?: string;
}

/** What is wrong with a feature's data, and whether that is what its alert is told as. */
export interface FeatureTrouble {
  readonly cause: AlertCause;
  readonly faults: readonly DigestFault[];
}

/** Somewhere to read on. */
export interface DigestLink {
  readonly label: string;
  /** http or https. */
  readonly url: string;
}

/** What one recipient is told about one evaluation. JSON-safe and complete: rendering reads nothing else. */
export interface DigestMessage {
  readonly version: 1;
  readonly model: string;
  /** Of a merged message: the names of all, for people; `monitorOf` says which is whose. */
  readonly monitor: string;
  readonly windowEnd: number;
  /** Above 0: the windows were judged again because late data came. */
  readonly revision: number;
  /** The worst of the features told about; of a message that only resolves: what was announced before. */
  readonly severity: Severity;
  /** What is new, worst first, resolved ones last. */
  readonly features: readonly DigestFeature[];
  /** Announced before and firing still; context, worst first. */
  readonly stillFiring: readonly DigestFeature[];
  readonly links: readonly DigestLink[];
}

/**
 * What driftd says about itself or its channels: a test, a channel that fails, a stage that stands still. JSON-safe and
 * complete, too. `problem` is one word of ours, `about` what it concerns (a channel, a model, a source).
 */
export interface SystemMessage {
  readonly version: 1;
  readonly kind: 'system';
  readonly problem: string;
  readonly about: string;
  readonly status: 'firing' | 'resolved' | 'test';
  readonly severity: Severity;
  readonly title: string;
  readonly sentences: readonly string[];
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  /** When it began; ms. */
  readonly since: number;
}

/** Everything that a channel can be given. */
export type Message = DigestMessage | SystemMessage;

export function isSystemMessage(message: Message): message is SystemMessage {
  return 'kind' in message;
}

/** Whose alert a feature of a message is. */
export function monitorOf(message: DigestMessage, feature: DigestFeature): string {
  return feature.monitor ?? message.monitor;
}

/** The monitors that a message speaks of, in its order; more than one when it was merged. */
export function monitorsIn(message: DigestMessage): string[] {
  const all = [...message.features, ...message.stillFiring];
  return [...new Set(all.map((feature) => monitorOf(message, feature)))];
}

/** A message for each monitor that has news in it: where every monitor has an incident of its own. */
export function byMonitor(message: DigestMessage): DigestMessage[] {
  return monitorsIn(message).flatMap((monitor) => {
    const mine = (feature: DigestFeature): boolean => monitorOf(message, feature) === monitor;
    const features = message.features.filter(mine);
    if (features.length === 0) return [];
    const active = features.filter(({ notice }) => notice !== 'resolved');
    const about = active.length > 0 ? active : features;
    const severity = about.some((one) => one.severity === 'critical') ? 'critical' : 'warning';
    const stillFiring = message.stillFiring.filter(mine);
    return [{ ...message, monitor, severity, features, stillFiring }];
  });
}
