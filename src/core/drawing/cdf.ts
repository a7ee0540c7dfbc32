import { effectText } from '../domain/figures.ts';
import { axis, BARS_HEIGHT, BARS_WIDTH, legend } from './bars.ts';
import type { NumericPicture } from './picture.ts';
import { COLORS, document, element, points, textElement } from './svg.ts';
import type { Svg } from './svg.ts';

const FRAME = { left: 8, right: 292, top: 26, bottom: 146 } as const;

/** Both cumulative curves, with the KS statistic as the longest distance between them. */
export function cdfSvg(picture: NumericPicture, title: string): Svg {
  const { edges, cdf, gap } = picture;
  const [first, last] = [edges[0] as number, edges.at(-1) as number];
  const xOf = (value: number): number =>
    FRAME.left + ((value - first) / (last - first)) * (FRAME.right - FRAME.left);
  const yOf = (share: number): number => FRAME.bottom - share * (FRAME.bottom - FRAME.top);
  const curve = (shares: readonly number[], color: string): Svg =>
    element('polyline', {
      points: points(cdf.x.map((x, i) => [xOf(x), yOf(shares[i] ?? 0)] as const)),
      fill: 'none',
      stroke: color,
      'stroke-width': '2',
    });
  const grid = [0.25, 0.5, 0.75, 1].map((share) => {
    const y = yOf(share);
    return element('line', { x1: FRAME.left, x2: FRAME.right, y1: y, y2: y, stroke: COLORS.grid });
  });
  return document(BARS_WIDTH, BARS_HEIGHT, title, [
    ...legend(),
    ...grid,
    curve(cdf.baseline, COLORS.baseline),
    curve(cdf.live, COLORS.live),
    ...(gap === null || gap.x < first || gap.x > last ? [] : gapMark(gap, xOf, yOf)),
    ...axis(first, last, xOf),
  ]);
}

function gapMark(
  gap: NonNullable<NumericPicture['gap']>,
  xOf: (value: number) => number,
  yOf: (share: number) => number,
): Svg[] {
  const x = xOf(gap.x);
  const [y1, y2] = [yOf(gap.baseline), yOf(gap.live)];
  const toTheLeft = x > (FRAME.left + FRAME.right) / 2;
  const text = `KS ${effectText(Math.abs(gap.baseline - gap.live))}`;
  const mark = { stroke: COLORS.gap, 'stroke-width': '2' };
  return [
    element('line', { x1: x, x2: x, y1, y2, ...mark }),
    element('circle', { cx: x, cy: y1, r: 3, fill: COLORS.gap }),
    element('circle', { cx: x, cy: y2, r: 3, fill: COLORS.gap }),
    textElement(x + (toTheLeft ? -7 : 7), (y1 + y2) / 2 + 4, text, {
      'text-anchor': toTheLeft ? 'end' : 'start',
      fill: COLORS.gap,
      'font-weight': 'bold',
    }),
  ];
}
