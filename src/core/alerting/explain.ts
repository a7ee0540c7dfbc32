import { shareText } from '../domain/figures.ts';
import { explanationOf, placeLabel } from '../evaluate/explain.ts';
import type { FeatureResult, Subject } from '../evaluate/types.ts';

/** A change of a share below this is not worth a line. */
const SPOKEN_SHARE = 0.005;

/**
 * Lines that say what changed about a feature, most telling first: how the values moved, what lies outside the baseline's
 * range, where values pile up, what is missing or of the wrong type. None when there is nothing to tell.
 */
export function explain(subject: Subject, result: FeatureResult): string[] {
  const words = explanationOf(subject)?.words ?? [];
  return [
    ...words,
    ...outsideInWords(result),
    ...spikeInWords(result, subject),
    ...lackingInWords(result),
  ].map(capitalized);
}

function outsideInWords({ outOfRangeShare }: FeatureResult): string[] {
  return outOfRangeShare === null || outOfRangeShare < SPOKEN_SHARE
    ? []
    : [`outside the baseline's range: ${shareText(outOfRangeShare)}`];
}

function spikeInWords({ statistics }: FeatureResult, { live, unit }: Subject): string[] {
  const spike = statistics.find(({ name }) => name === 'spike');
  if (spike === undefined || spike.fires === null || typeof spike.at !== 'number') return [];
  if (live?.kind !== 'numeric') return [];
  const where = placeLabel(live, spike.at, unit ?? null);
  return [`values pile up ${where}: ${shareText(spike.value)} more than in the baseline`];
}

/** Shares of missing values and of such of the wrong type, where they are others than in the baseline. */
export function lackingInWords({ missing, invalid }: FeatureResult): string[] {
  const tell = (what: string, { baseline, live }: FeatureResult['missing']): string[] =>
    Math.abs(live - baseline) < SPOKEN_SHARE
      ? []
      : [`${what}: ${shareText(baseline)} -> ${shareText(live)}`];
  return [...tell('missing', missing), ...tell('of the wrong type', invalid)];
}

function capitalized(text: string): string {
  const [first = '', ...rest] = text;
  return first.toUpperCase() + rest.join('');
}
