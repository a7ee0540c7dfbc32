import { createHash } from 'node:crypto';
import { isSystemMessage, monitorOf } from '../../core/alerting/message.ts';
import { isAboutDriftd } from '../../core/alerting/problems.ts';
import type { DigestFeature, DigestMessage, Message } from '../../core/alerting/message.ts';
import type { AlertCause } from '../../core/alerting/types.ts';
import type { Severity } from '../../core/domain/verdict.ts';
import { viewOf } from '../digest-view.ts';
import { printable, shortened } from '../printable.ts';

/** One alert in Alertmanager's terms. */
export interface AlertItem {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly startsAt: string;
  /** RFC 3339; the year 1 while it fires, as Alertmanager writes it. */
  readonly endsAt: string;
  readonly generatorURL: string;
  /** Of the labels: the same for the same alert, always. */
  readonly fingerprint: string;
}

export const NOT_ENDED = '0001-01-01T00:00:00Z';
/** Names come from events: a label stays short enough for every receiver. */
const MAX_VALUE = 256;

/**
 * The alerts of a message: those it tells of, and those that fire besides. What names an alert (model, monitor, feature,
 * segment) is in its labels and never changes while it lives; numbers are annotations. Severity is a label as everywhere,
 * so an escalated alert is a new one to Alertmanager: the warning is told as resolved beside it.
 */
export function alertItems(message: Message, now: number): AlertItem[] {
  if (isSystemMessage(message)) {
    const { problem, about, severity, title, sentences, since, status } = message;
    const alertname = isAboutDriftd(problem) ? 'DriftdProblem' : 'DataQuality';
    const labels = { alertname, problem, about: value(about), severity };
    const annotations = { summary: value(title), description: sentences.join(' ') };
    return [item(labels, annotations, since, status === 'resolved' ? now : null, '')];
  }
  const view = viewOf({ ...message, features: [...message.features, ...message.stillFiring] });
  return [...message.features, ...message.stillFiring].flatMap((feature, i) => {
    const seen = view.features[i];
    const parts =
      seen === undefined
        ? []
        : [seen.status, ...seen.bars.map(({ label, value: text }) => `${label} ${text}`)];
    const annotations = {
      summary: `${value(message.model)}: ${value(feature.feature)} ${feature.notice === 'resolved' ? 'recovered' : feature.cause === 'data' ? 'has faulty data' : 'drifted'}`,
      description: [...parts, ...feature.explanation].map(printable).join('; '),
      incident: String(feature.incident),
    };
    return itemsOf(message, feature, annotations);
  });
}

/** How an alert is called in labels, by what it is told as. */
const NAMES: Readonly<Record<AlertCause, string>> = { drift: 'FeatureDrift', data: 'DataQuality' };

function itemsOf(
  message: DigestMessage,
  feature: DigestFeature,
  annotations: Readonly<Record<string, string>>,
): AlertItem[] {
  const { windowEnd, links } = message;
  const { cause = 'drift', toldAs = [], notice } = feature;
  const url = (feature.links?.[0] ?? links[0])?.url ?? '';
  const since = feature.since ?? windowEnd;
  const as = (name: AlertCause, severity: Severity, end: number | null): AlertItem =>
    item(
      { ...labelsOf(message, feature), alertname: NAMES[name], severity },
      annotations,
      since,
      end,
      url,
    );
  if (notice === 'resolved') {
    const end = feature.resolvedAt ?? windowEnd;
    const ended = toldAs.length === 0 ? [cause] : toldAs;
    return ended.map((name) => as(name, feature.severity, end));
  }
  const items = [as(cause, feature.severity, null)];
  if (notice === 'escalated') items.push(as(cause, 'warning', windowEnd));
  // Data that is well again: what is told from now on is drift.
  if (cause === 'drift' && notice !== null && toldAs.includes('data'))
    items.push(as('data', feature.severity, windowEnd));
  return items;
}

function labelsOf(message: DigestMessage, feature: DigestFeature): Record<string, string> {
  return {
    model: value(message.model),
    monitor: value(monitorOf(message, feature)),
    feature: value(feature.feature),
    segment: value(feature.segment),
    tier: feature.tier,
  };
}

function item(
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
  since: number,
  end: number | null,
  generatorURL: string,
): AlertItem {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    status: end === null ? 'firing' : 'resolved',
    labels,
    annotations,
    startsAt: new Date(since).toISOString(),
    endsAt: end === null ? NOT_ENDED : new Date(end).toISOString(),
    generatorURL,
    fingerprint: createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16),
  };
}

function value(text: string): string {
  return shortened(printable(text), MAX_VALUE);
}
