import type { Histogram } from '../histogram/types.ts';
import { categoryPictureOf } from './category-picture.ts';
import { numericPictureOf } from './numeric-picture.ts';

/** Two distributions to be drawn over each other, as plain data. All shares are of the binned values of that side. */
export type FeaturePicture = NumericPicture | CategoryPicture;

export interface NumericPicture {
  readonly kind: 'numeric';
  /** Of the values, for people; absent: nobody says. */
  readonly unit?: string;
  /** Ascending, one more than bars; evenly spaced. */
  readonly edges: readonly number[];
  /** Share a bar. */
  readonly baseline: readonly number[];
  readonly live: readonly number[];
  /** Shares left of the first edge and right of the last. */
  readonly below: Pair;
  readonly above: Pair;
  /** Cumulative shares at `x`, ascending. */
  readonly cdf: {
    readonly x: readonly number[];
    readonly baseline: readonly number[];
    readonly live: readonly number[];
  };
  /** Where the two curves are furthest apart (the KS statistic); null: they are equal. */
  readonly gap: (Pair & { readonly x: number }) | null;
}

export interface CategoryPicture {
  readonly kind: 'categorical';
  /** The heaviest and the most changed categories; the rest summed as one bar. */
  readonly bars: readonly (Pair & { readonly label: string })[];
}

export interface Pair {
  readonly baseline: number;
  readonly live: number;
}

/** The picture of a live window against its baseline; null when a side is empty or they are of different kinds. */
export function pictureOf(
  baseline: Histogram,
  live: Histogram,
  unit: string | null = null,
): FeaturePicture | null {
  if (baseline.kind === 'numeric') {
    const picture = live.kind === 'numeric' ? numericPictureOf(baseline, live) : null;
    return picture === null || unit === null ? picture : { ...picture, unit };
  }
  return live.kind === 'numeric' ? null : categoryPictureOf(baseline, live);
}
