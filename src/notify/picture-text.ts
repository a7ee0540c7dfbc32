import { tickLabel } from '../core/drawing/axis.ts';
import { withUnit } from '../core/domain/feature.ts';
import type { CategoryPicture, FeaturePicture, NumericPicture } from '../core/drawing/picture.ts';
import { formatEffect, formatShare } from './format.ts';

/** The picture as lines of text. */
export function pictureLines(picture: FeaturePicture): string[] {
  return picture.kind === 'numeric' ? sparklines(picture) : [`Live: ${categoryText(picture)}`];
}

/** The picture in numbers, for those who cannot see it. */
export function pictureText(picture: FeaturePicture): string {
  return `baseline against live: ${picture.kind === 'numeric' ? numericText(picture) : categoryText(picture)}`;
}

const BLOCKS = ' ▁▂▃▄▅▆▇█';

/** Columns of block characters, both on one scale. */
function sparklines({ edges, baseline, live, unit }: NumericPicture): string[] {
  const peak = Math.max(1e-9, ...baseline, ...live);
  const line = (shares: readonly number[]): string =>
    shares.map((share) => BLOCKS[Math.ceil((share / peak) * 8)] ?? '█').join('');
  const range = `${tickLabel(edges[0] ?? 0)} to ${withUnit(tickLabel(edges.at(-1) ?? 0), unit)}`;
  return [`Baseline |${line(baseline)}| ${range}`, `Live     |${line(live)}|`];
}

function numericText(picture: NumericPicture): string {
  const range = (shares: readonly number[]): string => {
    const peak = shares.indexOf(Math.max(...shares));
    const [from, to] = [picture.edges[peak] ?? 0, picture.edges[peak + 1] ?? 0];
    return `most values around ${withUnit(tickLabel((from + to) / 2), picture.unit)}`;
  };
  return `baseline ${range(picture.baseline)}, live ${range(picture.live)}`;
}

/** The longest distance between the cumulative curves, in numbers. */
export function gapText({ gap, unit }: NumericPicture): string {
  if (gap === null) return 'no difference';
  return `at or below ${withUnit(tickLabel(gap.x), unit)} are ${formatShare(gap.live)} live and ${formatShare(gap.baseline)} of the baseline, KS ${formatEffect(Math.abs(gap.live - gap.baseline))}`;
}

function categoryText({ bars }: CategoryPicture): string {
  return bars
    .slice(0, 6)
    .map(
      ({ label, baseline, live }) =>
        `${label} ${formatShare(live)} (baseline ${formatShare(baseline)})`,
    )
    .join(', ');
}
