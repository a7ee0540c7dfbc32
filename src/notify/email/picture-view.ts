import type { DigestFeature } from '../../core/alerting/message.ts';
import { BARS_WIDTH, barsSvg } from '../../core/drawing/bars.ts';
import { cdfSvg } from '../../core/drawing/cdf.ts';
import type {
  CategoryPicture,
  FeaturePicture,
  NumericPicture,
} from '../../core/drawing/picture.ts';
import { tickLabel } from '../../core/drawing/axis.ts';
import { formatEffect, formatShare } from './format.ts';
import { nameOf } from './subject.ts';

/** A feature's pictures: as SVG for an image, as data for bars made of table cells when images cannot be made. */
export interface PictureView {
  readonly images: readonly ImageView[];
  readonly data: FeaturePicture;
  /** The picture in the plain-text part. */
  readonly lines: readonly string[];
}

export interface ImageView {
  /** Unique in the message. */
  readonly cid: string;
  readonly svg: string;
  readonly alt: string;
  readonly width: number;
}

/** @param index position of the feature in the message */
export function pictureView(feature: DigestFeature, index: number): PictureView | null {
  const { picture } = feature;
  if (picture === null) return null;
  const alt = `${nameOf(feature)}, baseline against live: ${
    picture.kind === 'numeric' ? numericAlt(picture) : categoryAlt(picture)
  }`;
  const image = (kind: string, svg: string, text: string): ImageView => ({
    cid: `${kind}${String(index)}@driftd`,
    svg,
    alt: text,
    width: BARS_WIDTH,
  });
  const images = [image('bars', barsSvg(picture, alt), alt)];
  if (picture.kind === 'numeric') {
    const text = `${nameOf(feature)}, cumulative: ${gapText(picture)}`;
    images.push(image('cdf', cdfSvg(picture, text), text));
  }
  return {
    images,
    data: picture,
    lines: picture.kind === 'numeric' ? sparklines(picture) : [`Live: ${categoryAlt(picture)}`],
  };
}

const BLOCKS = ' ▁▂▃▄▅▆▇█';

/** Columns of block characters, both on one scale. */
function sparklines({ edges, baseline, live }: NumericPicture): string[] {
  const peak = Math.max(1e-9, ...baseline, ...live);
  const line = (shares: readonly number[]): string =>
    shares.map((share) => BLOCKS[Math.ceil((share / peak) * 8)] ?? '█').join('');
  const range = `${tickLabel(edges[0] ?? 0)} to ${tickLabel(edges.at(-1) ?? 0)}`;
  return [`Baseline |${line(baseline)}| ${range}`, `Live     |${line(live)}|`];
}

/** The picture in numbers, for those who cannot see it. */
function numericAlt(picture: NumericPicture): string {
  const range = (shares: readonly number[]): string => {
    const peak = shares.indexOf(Math.max(...shares));
    const [from, to] = [picture.edges[peak] ?? 0, picture.edges[peak + 1] ?? 0];
    return `most values around ${tickLabel((from + to) / 2)}`;
  };
  return `baseline ${range(picture.baseline)}, live ${range(picture.live)}`;
}

function gapText({ gap }: NumericPicture): string {
  if (gap === null) return 'no difference';
  return `at or below ${tickLabel(gap.x)} are ${formatShare(gap.live)} live and ${formatShare(gap.baseline)} of the baseline, KS ${formatEffect(Math.abs(gap.live - gap.baseline))}`;
}

function categoryAlt({ bars }: CategoryPicture): string {
  return bars
    .slice(0, 6)
    .map(
      ({ label, baseline, live }) =>
        `${label} ${formatShare(live)} (baseline ${formatShare(baseline)})`,
    )
    .join(', ');
}
