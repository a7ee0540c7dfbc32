import { effectText } from '../domain/figures.ts';
import type { Severity } from '../domain/verdict.ts';
import type { FeaturePicture } from '../drawing/picture.ts';
import type { FeatureResult, StatisticResult } from '../evaluate/types.ts';
import { faultInWords } from '../quality/problems.ts';
import type { DigestFeature, DigestLink, FeatureTrouble } from './message.ts';
import type { AlertCause, AlertRow, Notice } from './types.ts';
import { seriesKey } from './worst.ts';

/** What of an evaluation is told beside its numbers. */
export interface DescribeInput {
  readonly links?: readonly DigestLink[];
  readonly troubles?: ReadonlyMap<string, FeatureTrouble>;
  readonly explain?: (result: FeatureResult) => readonly string[];
  readonly picture?: (result: FeatureResult) => FeaturePicture | null;
}

const NOT_WATCHED =
  'No longer watched: the feature or segment is not judged any more, so this incident has been ended.';

/** An alert as its recipients are told of it. @param notice null: told before, it fires on */
export function describe(
  alert: AlertRow,
  notice: Notice | null,
  severity: Severity,
  results: ReadonlyMap<string, FeatureResult>,
  input: DescribeInput,
): DigestFeature {
  const result = results.get(seriesKey(alert.feature, alert.segment)) ?? null;
  const find = (name: string): StatisticResult | undefined =>
    result?.statistics.find((statistic) => statistic.name === name);
  const trouble = input.troubles?.get(seriesKey(alert.feature, alert.segment)) ?? null;
  const cause = causeOf(alert, notice, trouble);
  // What broken data looks like is not told as drift.
  const ks = cause === 'data' ? undefined : find('ks');
  const psi = cause === 'data' ? undefined : find('psi');
  return {
    feature: alert.feature,
    segment: alert.segment,
    window: result?.window ?? null,
    kind: result?.kind ?? null,
    tier: result?.tier ?? 'standard',
    verdict: result?.verdict ?? null,
    severity,
    notice,
    incident: alert.incident,
    flaps: alert.flaps,
    since: alert.firingSince,
    resolvedAt: alert.resolvedAt,
    warmingUp: result?.warmingUp ?? false,
    psi: psi?.value ?? null,
    ks:
      ks === undefined
        ? null
        : { value: ks.value, low: ks.low ?? ks.value, high: ks.high ?? ks.value, logP: ks.logP },
    n: result?.n ?? 0,
    m: result?.m ?? 0,
    missing: result?.missing ?? { baseline: 0, live: 0 },
    unseenShare: result?.unseenShare ?? null,
    cause,
    toldAs:
      alert.causes ?? (alert.notifiedSeverity === null && notice !== 'resolved' ? [] : ['drift']),
    links: notice === null ? [] : linksTo(alert, input.links),
    faults: notice === 'resolved' ? [] : (trouble?.faults ?? []),
    // Context is a line in a list: no sentences, no picture.
    explanation:
      cause === 'data' && notice !== 'resolved'
        ? notice === null
          ? []
          : brokenInWords(trouble, find('ks')?.value ?? null)
        : explanationOf(result, notice, input),
    picture:
      result === null || notice === null || notice === 'resolved' || cause === 'data'
        ? null
        : (input.picture?.(result) ?? null),
  };
}

function explanationOf(
  result: FeatureResult | null,
  notice: Notice | null,
  { explain }: DescribeInput,
): readonly string[] {
  if (notice === null) return [];
  if (result === null) return notice === 'resolved' ? [NOT_WATCHED] : [];
  return explain?.(result) ?? [];
}

/** Is the link about a feature, not about the whole message? */
export function isOfFeature({ url }: DigestLink): boolean {
  return url.includes('{feature}') || url.includes('{segment}');
}

function linksTo({ feature, segment }: AlertRow, links: readonly DigestLink[] = []): DigestLink[] {
  const encoded = (name: string): string => encodeURIComponent(name.toWellFormed());
  return links.filter(isOfFeature).map(({ label, url }) => ({
    label,
    url: url
      .replaceAll('{feature}', () => encoded(feature))
      .replaceAll('{segment}', () => encoded(segment)),
  }));
}

/** What fires on without news is told of as before; what is over, as what it was. */
function causeOf(
  { causes }: AlertRow,
  notice: Notice | null,
  trouble: FeatureTrouble | null,
): AlertCause {
  if (notice === null) return causes?.at(-1) ?? 'drift';
  if (notice === 'resolved')
    return causes?.includes('data') === true && !causes.includes('drift') ? 'data' : 'drift';
  return trouble?.cause ?? 'drift';
}

function brokenInWords(trouble: FeatureTrouble | null, ks: number | null): string[] {
  const faults = (trouble?.faults ?? []).map(faultInWords).map(sentence);
  if (ks === null || ks === 0) return faults;
  return [
    ...faults,
    `Its other values differ (KS ${effectText(ks)}) by no more than that can account for: drift is told of once the data is well again.`,
  ];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
