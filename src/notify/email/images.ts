import { BARS_WIDTH, barsSvg } from '../../core/drawing/bars.ts';
import { cdfSvg } from '../../core/drawing/cdf.ts';
import type { FeaturePicture } from '../../core/drawing/picture.ts';
import { gapText, pictureText } from '../picture-text.ts';

/** A picture that the HTML shows and the message carries. */
export interface InlineSvg {
  /** Unique in the message. */
  readonly cid: string;
  readonly svg: string;
  readonly alt: string;
  readonly width: number;
}

/** @param index position of the feature in the message */
export function imagesOf(name: string, picture: FeaturePicture, index: number): InlineSvg[] {
  const image = (kind: string, svg: string, alt: string): InlineSvg => ({
    cid: `${kind}${String(index)}@driftd`,
    svg,
    alt,
    width: BARS_WIDTH,
  });
  const alt = `${name}, ${pictureText(picture)}`;
  const bars = image('bars', barsSvg(picture, alt), alt);
  if (picture.kind !== 'numeric') return [bars];
  const text = `${name}, cumulative: ${gapText(picture)}`;
  return [bars, image('cdf', cdfSvg(picture, text), text)];
}
