import type { DigestFeature } from '../../core/alerting/message.ts';
import { BARS_HEIGHT, BARS_WIDTH, barsHeight, barsSvg } from '../../core/drawing/bars.ts';
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
  readonly alt: string;
}

export interface ImageView {
  /** Unique in the message. */
  readonly cid: string;
  readonly svg: string;
  readonly alt: string;
  readonly width: number;
  readonly height: number;
}

/** @param index position of the feature in the message */
export function pictureView(feature: DigestFeature, index: number): PictureView | null {
  const { picture } = feature;
  if (picture === null) return null;
  const alt = `${nameOf(feature)}, baseline against live: ${
    picture.kind === 'numeric' ? numericAlt(picture) : categoryAlt(picture)
  }`;
  const image = (kind: string, svg: string, text: string, height: number): ImageView => ({
    cid: `${kind}${String(index)}@driftd`,
    svg,
    alt: text,
    width: BARS_WIDTH,
    height,
  });
  const images = [image('bars', barsSvg(picture, alt), alt, barsHeight(picture))];
  if (picture.kind === 'numeric') {
    const text = `${nameOf(feature)}, cumulative: ${gapText(picture)}`;
    images.push(image('cdf', cdfSvg(picture, text), text, BARS_HEIGHT));
  }
  return { images, data: picture, alt };
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
