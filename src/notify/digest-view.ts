import { isSystemMessage, monitorOf, monitorsIn } from '../core/alerting/message.ts';
import type {
  DigestFeature,
  DigestLink,
  DigestMessage,
  Message,
  SystemMessage,
} from '../core/alerting/message.ts';
import { isAboutDriftd } from '../core/alerting/problems.ts';
import { intervalText } from '../core/domain/figures.ts';
import { faultInWords } from '../core/quality/problems.ts';
import type { FeaturePicture } from '../core/drawing/picture.ts';
import {
  formatCount,
  formatEffect,
  formatInstant,
  formatP,
  formatShare,
  plural,
} from './format.ts';
import { nameOf, newsOf } from './subject.ts';

/** Mail programs cut a message at about 100 kB; what is left out is counted. */
const MAX_FEATURES = 40;
const MAX_PICTURES = 12;

export type Tone = 'critical' | 'warning' | 'resolved';

/** Everything that a message says, as text: both parts print exactly this. */
export interface DigestView {
  readonly title: string;
  readonly tone: Tone;
  readonly facts: readonly Fact[];
  /** Of a message about driftd itself. */
  readonly sentences: readonly string[];
  readonly features: readonly FeatureView[];
  readonly featuresLeftOut: number;
  readonly stillFiring: readonly FeatureView[];
  readonly stillFiringLeftOut: number;
  readonly links: readonly DigestLink[];
  readonly footer: string;
}

export interface Fact {
  readonly label: string;
  readonly value: string;
}

export interface FeatureView {
  readonly name: string;
  readonly tone: Tone;
  /** One word: critical, warning, recovered. */
  readonly badge: string;
  readonly status: string;
  readonly bars: readonly Bar[];
  readonly facts: readonly Fact[];
  readonly explanation: readonly string[];
  readonly links: readonly DigestLink[];
  /** Only of the first features: a hundred pictures are no message. */
  readonly picture: FeaturePicture | null;
  /** One line for lists. */
  readonly brief: string;
}

export interface Bar extends Fact {
  /** Length, 0 to 1. */
  readonly length: number;
}

export function viewOf(message: Message): DigestView {
  return isSystemMessage(message) ? systemView(message) : digestView(message);
}

function systemView(message: SystemMessage): DigestView {
  const { title, status, severity, sentences, facts, since, problem } = message;
  return {
    title,
    tone: status === 'firing' ? severity : 'resolved',
    facts: [...facts, { label: 'Since', value: formatInstant(since) }],
    sentences,
    features: [],
    featuresLeftOut: 0,
    stillFiring: [],
    stillFiringLeftOut: 0,
    links: [],
    footer: isAboutDriftd(problem)
      ? 'This message is about driftd itself, not about a model.'
      : 'This message is about the data that a model gets, not about drift of its features.',
  };
}

function digestView(message: DigestMessage): DigestView {
  const { model, monitor, windowEnd, revision, features, stillFiring } = message;
  const news = features.filter(({ notice }) => notice !== 'resolved');
  const active = news.length;
  const again = features.every(({ notice }) => notice === 'repeat');
  const parts = newsOf(
    news,
    ({ length }) => `${plural(length, 'feature')} ${again ? 'still drifting' : 'drifted'}`,
  );
  if (active < features.length)
    parts.push(`${plural(features.length - active, 'feature')} recovered`);
  const facts = [
    { label: 'Model', value: model },
    { label: 'Monitor', value: monitor },
    { label: 'Data until', value: formatInstant(windowEnd) },
  ];
  if (revision > 0)
    facts.push({ label: 'Judged again', value: `late data came (revision ${String(revision)})` });
  // Of one monitor's message every feature is its; of several it must be said.
  const several = monitorsIn(message).length > 1;
  const view = (feature: DigestFeature, index: number): FeatureView => {
    const seen = featureView(feature, index, several ? monitorOf(message, feature) : null);
    return { ...seen, facts: [...seen.facts, ...togetherWith(feature, message)] };
  };
  return {
    title: `${model}: ${parts.join(', ')}`,
    tone: active === 0 ? 'resolved' : message.severity,
    facts,
    sentences: [],
    features: features.slice(0, MAX_FEATURES).map(view),
    featuresLeftOut: Math.max(0, features.length - MAX_FEATURES),
    stillFiring: stillFiring.slice(0, MAX_FEATURES).map(view),
    stillFiringLeftOut: Math.max(0, stillFiring.length - MAX_FEATURES),
    links: message.links.filter(isWeb),
    footer:
      'KS is the greatest distance between the two distributions, 0 to 1. PSI says how much mass has moved between groups of values; 0 is none.',
  };
}

/** @param monitor whose alert it is, where that must be said */
function featureView(feature: DigestFeature, index: number, monitor: string | null): FeatureView {
  const tone = feature.notice === 'resolved' ? 'resolved' : feature.severity;
  const effects = [
    feature.ks === null ? null : `KS ${formatEffect(feature.ks.value)}`,
    feature.psi === null ? null : `PSI ${formatEffect(feature.psi)}`,
  ].filter((text) => text !== null);
  const since = feature.since === null ? '' : `, since ${formatInstant(feature.since)}`;
  const measured = effects.length === 0 ? '' : ` (${effects.join(', ')})`;
  return {
    name: nameOf(feature),
    tone,
    badge: tone === 'resolved' ? 'recovered' : tone,
    status: statusOf(feature),
    bars: barsOf(feature),
    facts: [
      ...(monitor === null ? [] : [{ label: 'Monitor', value: monitor }]),
      ...factsOf(feature),
    ],
    explanation: feature.explanation,
    links: (feature.links ?? []).filter(isWeb),
    picture: index < MAX_PICTURES ? feature.picture : null,
    brief: `${feature.severity}${feature.cause === 'data' ? ', faulty data' : ''}${measured}${since}${monitor === null ? '' : `, ${monitor}`}`,
  };
}

function statusOf({
  notice,
  since,
  resolvedAt,
  verdict,
  incident,
  warmingUp,
  flaps = 0,
  cause,
}: DigestFeature): string {
  const broken = cause === 'data';
  const again = flaps > 0 ? `, opened again ${plural(flaps, 'time')} within a week of closing` : '';
  const number = `incident ${String(incident)}${again}`;
  const sinceText = since === null ? '' : ` since ${formatInstant(since)}`;
  const warming = warmingUp ? '; warming up: told as a warning at most' : '';
  if (notice === 'resolved') {
    const until = resolvedAt === null ? '' : ` until ${formatInstant(resolvedAt)}`;
    const from = since === null ? '' : ` from ${formatInstant(since)}`;
    return `${broken ? 'Faulty data' : 'Drifted'}${from}${until} (${number}); now ${verdict ?? 'no longer watched'}.`;
  }
  const what = broken ? 'faulty data' : 'drifting';
  if (notice === 'escalated')
    return `Went from warning to critical; ${what}${sinceText} (${number}${warming}).`;
  const said = notice === 'repeat' ? `Still ${what}` : broken ? 'Faulty data' : 'Drifting';
  return `${said}${sinceText} (${number}${warming}).`;
}

function barsOf({ ks, psi }: DigestFeature): Bar[] {
  const bars: Bar[] = [];
  if (ks !== null) {
    const ends = intervalText(ks.low, ks.high);
    const interval = ends === null ? '' : `, between ${ends[0]} and ${ends[1]}`;
    bars.push({
      label: 'KS',
      value: `${formatEffect(ks.value)}${interval}${ks.logP === null ? '' : `; p ${formatP(ks.logP)}`}`,
      length: clamp(ks.value),
    });
  }
  // PSI has no upper end: a bar is full from 1 on, four times what is commonly called a major shift.
  if (psi !== null) bars.push({ label: 'PSI', value: formatEffect(psi), length: clamp(psi) });
  return bars;
}

function factsOf(feature: DigestFeature): Fact[] {
  const { window, n, m, missing, unseenShare, faults } = feature;
  if (window === null) return [];
  const facts = [
    { label: 'Values', value: `${formatCount(n)} in ${window}, ${formatCount(m)} in the baseline` },
    {
      label: 'Missing',
      value: `${formatShare(missing.live)}, ${formatShare(missing.baseline)} in the baseline`,
    },
  ];
  if (unseenShare !== null && unseenShare > 0)
    facts.push({ label: 'New categories', value: `${formatShare(unseenShare)} of the values` });
  for (const fault of faults ?? []) facts.push({ label: 'Data fault', value: faultInWords(fault) });
  return facts;
}

function isWeb({ url }: DigestLink): boolean {
  return /^https?:\/\//i.test(url);
}

/** So many features are named that drift with another. */
const MAX_TOGETHER = 5;

/** What else of the same monitor and segment drifts, those that began at the same time first: one cause may move them all. */
function togetherWith(feature: DigestFeature, message: DigestMessage): Fact[] {
  if (feature.notice === 'resolved' || feature.cause === 'data') return [];
  const others = [...message.features, ...message.stillFiring].filter(
    (other) =>
      other.feature !== feature.feature &&
      other.segment === feature.segment &&
      other.notice !== 'resolved' &&
      other.cause !== 'data' &&
      monitorOf(message, other) === monitorOf(message, feature),
  );
  if (others.length === 0) return [];
  const rank = ({ since }: DigestFeature): number => (since === feature.since ? 0 : 1);
  const names = others.toSorted((a, b) => rank(a) - rank(b)).map((other) => other.feature);
  const more = names.length - MAX_TOGETHER;
  const shown = names.slice(0, MAX_TOGETHER).join(', ');
  return [
    { label: 'Drifting with', value: more > 0 ? `${shown} and ${String(more)} more` : shown },
  ];
}

function clamp(value: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0;
}
