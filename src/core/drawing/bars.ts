import { shareText } from '../domain/figures.ts';
import { tickLabel, ticks } from './axis.ts';
import type { CategoryPicture, FeaturePicture, NumericPicture } from './picture.ts';
import { COLORS, document, element, points, textElement } from './svg.ts';
import type { Svg } from './svg.ts';

export const BARS_WIDTH = 300;
export const BARS_HEIGHT = 170;
const FRAME = { left: 8, right: 292, top: 26, bottom: 146 } as const;
const ROW = { height: 18, top: 24, label: 96, right: 252 } as const;

/** Baseline (grey area) against live (orange bars). @param title read out instead of the picture */
export function barsSvg(picture: FeaturePicture, title: string): Svg {
  return picture.kind === 'numeric' ? numericBars(picture, title) : categoryBars(picture, title);
}

function numericBars(picture: NumericPicture, title: string): Svg {
  const { edges, baseline, live } = picture;
  const [first, last] = [edges[0] as number, edges.at(-1) as number];
  const peak = Math.max(1e-9, ...baseline, ...live);
  const xOf = (value: number): number =>
    FRAME.left + ((value - first) / (last - first)) * (FRAME.right - FRAME.left);
  const yOf = (share: number): number =>
    FRAME.bottom - (share / peak) * (FRAME.bottom - FRAME.top - 6);
  const bars = live.flatMap((share, i) => {
    if (share === 0) return [];
    const x = xOf(edges[i] as number);
    const width = Math.max(1, xOf(edges[i + 1] as number) - x - 1);
    const y = yOf(share);
    const box = { x: x + 0.5, y, width, height: FRAME.bottom - y };
    return [element('rect', { ...box, fill: COLORS.live, 'fill-opacity': '0.62' })];
  });
  const outline: [number, number][] = [[FRAME.left, FRAME.bottom]];
  for (const [i, share] of baseline.entries()) {
    outline.push([xOf(edges[i] as number), yOf(share)], [xOf(edges[i + 1] as number), yOf(share)]);
  }
  outline.push([FRAME.right, FRAME.bottom]);
  const area = { fill: COLORS.baseline, 'fill-opacity': '0.35', stroke: COLORS.baseline };
  return document(BARS_WIDTH, BARS_HEIGHT, title, [
    ...legend(),
    element('polygon', { points: points(outline), ...area, 'stroke-width': '1.5' }),
    ...bars,
    element('polyline', {
      points: points(outline),
      fill: 'none',
      stroke: COLORS.baseline,
      'stroke-width': '1.5',
    }),
    ...axis(first, last, xOf),
    ...outside(picture),
  ]);
}

/** Live values beyond the axis are told as shares. */
function outside({ below, above }: NumericPicture): Svg[] {
  const parts = [
    ...(below.live > 0.01 ? [`${shareText(below.live)} below`] : []),
    ...(above.live > 0.01 ? [`${shareText(above.live)} above`] : []),
  ];
  if (parts.length === 0) return [];
  const place = { 'text-anchor': 'end', 'font-size': 11, fill: COLORS.live };
  return [textElement(FRAME.right, 15, parts.join(', '), place)];
}

/** The horizontal axis with its numbers. */
export function axis(first: number, last: number, xOf: (value: number) => number): Svg[] {
  const line = { y1: FRAME.bottom, y2: FRAME.bottom, stroke: COLORS.ink };
  return [
    element('line', { x1: FRAME.left, x2: FRAME.right, ...line }),
    ...ticks(first, last, 5).flatMap((value) => {
      const x = xOf(value);
      const label = Math.min(FRAME.right - 8, Math.max(FRAME.left + 8, x));
      return [
        element('line', {
          x1: x,
          x2: x,
          y1: FRAME.bottom,
          y2: FRAME.bottom + 4,
          stroke: COLORS.ink,
        }),
        textElement(label, FRAME.bottom + 17, tickLabel(value), { 'text-anchor': 'middle' }),
      ];
    }),
  ];
}

export function legend(): Svg[] {
  const box = { y: 5, width: 11, height: 11, rx: 2 };
  return [
    element('rect', { x: 8, ...box, fill: COLORS.baseline }),
    textElement(24, 15, 'baseline'),
    element('rect', { x: 92, ...box, fill: COLORS.live }),
    textElement(108, 15, 'live'),
  ];
}

/** Height of the bars' picture in pixels; its width is always BARS_WIDTH. */
export function barsHeight(picture: FeaturePicture): number {
  return picture.kind === 'numeric' ? BARS_HEIGHT : ROW.top + picture.bars.length * ROW.height + 8;
}

function categoryBars(picture: CategoryPicture, title: string): Svg {
  const peak = Math.max(1e-9, ...picture.bars.flatMap(({ baseline, live }) => [baseline, live]));
  const rows = picture.bars.flatMap(({ label, baseline, live }, i) => {
    const y = ROW.top + i * ROW.height;
    const width = (share: number): number => (share / peak) * (ROW.right - ROW.label);
    const bar = { x: ROW.label, height: 6, rx: 1 };
    return [
      textElement(ROW.label - 6, y + 12, shorten(label), { 'text-anchor': 'end', 'font-size': 11 }),
      element('rect', { ...bar, y: y + 2, width: width(baseline), fill: COLORS.baseline }),
      element('rect', { ...bar, y: y + 8, width: width(live), fill: COLORS.live }),
      textElement(ROW.label + Math.max(width(baseline), width(live)) + 5, y + 12, shareText(live), {
        'font-size': 11,
      }),
    ];
  });
  return document(BARS_WIDTH, barsHeight(picture), title, [...legend(), ...rows]);
}

function shorten(label: string): string {
  const chars = [...label];
  return chars.length > 13 ? `${chars.slice(0, 12).join('')}…` : label;
}
