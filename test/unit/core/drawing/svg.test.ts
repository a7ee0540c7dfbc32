import { describe, expect, it } from 'vitest';
import { tickLabel, ticks } from '../../../../src/core/drawing/axis.ts';
import { barsSvg } from '../../../../src/core/drawing/bars.ts';
import { cdfSvg } from '../../../../src/core/drawing/cdf.ts';
import type { CategoryPicture, NumericPicture } from '../../../../src/core/drawing/picture.ts';

const PICTURE: NumericPicture = {
  kind: 'numeric',
  edges: [0, 1, 2, 3, 4],
  baseline: [0.4, 0.3, 0.2, 0.1],
  live: [0, 0.2, 0.3, 0.3],
  below: { baseline: 0, live: 0 },
  above: { baseline: 0, live: 0.2 },
  cdf: { x: [0, 1, 2, 3, 4], baseline: [0, 0.4, 0.7, 0.9, 1], live: [0, 0, 0.2, 0.5, 0.8] },
  gap: { x: 2, baseline: 0.7, live: 0.2 },
};

describe('axis', () => {
  it.each([
    [0, 100, 5, [0, 20, 40, 60, 80, 100]],
    [-1, 1, 4, [-1, -0.5, 0, 0.5, 1]],
    [12.9, 95.5, 5, [20, 40, 60, 80]],
    [0, 0.0003, 3, [0, 0.0001, 0.0002, 0.0003]],
    [5, 5, 5, [5]],
  ])('from %d to %d has round ticks', (from, to, count, expected) => {
    expect(ticks(from, to, count)).toEqual(expected);
  });

  it('ends for every range', () => {
    for (const [from, to] of [
      [0, Infinity],
      [NaN, 1],
      [-1e308, 1e308],
      [1, 1 + Number.EPSILON],
    ] as const)
      expect(ticks(from, to, 5).length).toBeLessThan(20);
  });

  it.each([
    [0, '0'],
    [1500, '1500'],
    [12_000, '12k'],
    [2.5e6, '2.5M'],
    [3e9, '3G'],
    [0.25, '0.25'],
    [2e-5, '2e-5'],
    [-1e15, '-1e15'],
  ])('labels %d as %s', (value, label) => {
    expect(tickLabel(value)).toBe(label);
  });
});

describe('bars', () => {
  it('draws a bar for every live share above 0, as high as the share', () => {
    const svg = barsSvg(PICTURE, 'temp');
    const heights = [
      ...svg.matchAll(/<rect [^>]*height="([\d.]+)" fill="#e8590c" fill-opacity/g),
    ].map(([, height]) => Number(height));
    expect(heights).toHaveLength(3);
    const [first = 0, second = 0, third = 0] = heights;
    expect(first / second).toBeCloseTo(0.2 / 0.3, 1);
    expect(second).toBe(third);
    expect(svg).toContain('20 % above');
    expect(svg).toContain('<title>temp</title>');
  });

  it('draws a row a category, with hostile names harmless', () => {
    const picture: CategoryPicture = {
      kind: 'categorical',
      bars: [
        { label: '<script>alert(1)</script>', baseline: 0.5, live: 0.1 },
        { label: 'a\u202Eb\u0000"&', baseline: 0.5, live: 0.9 },
      ],
    };
    const svg = barsSvg(picture, '"><script>');
    expect(svg).not.toMatch(/<script|\u202E|\u0000/);
    expect(svg).toContain('&lt;script&gt;');
    expect(svg.match(/<rect/g)).toHaveLength(6);
  });
});

describe('cumulative curves', () => {
  it('mark the longest distance with its size', () => {
    const svg = cdfSvg(PICTURE, 'temp');
    expect(svg).toContain('KS 0.50<');
    expect(svg.match(/<polyline/g)).toHaveLength(2);
    expect(cdfSvg({ ...PICTURE, gap: null }, 'temp')).not.toContain('KS');
  });

  it('never hold a coordinate that is no number', () => {
    const broken = { ...PICTURE, edges: [3, 3, 3, 3, 3] };
    for (const svg of [cdfSvg(broken, 't'), barsSvg(broken, 't')])
      expect(svg).not.toMatch(/NaN|Infinity/);
  });
});
