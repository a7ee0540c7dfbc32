import type { Change } from './population.ts';

/** Live values of a window. */
export const SIZES = [200, 1000, 10_000, 1_000_000] as const;

/** What is counted of the windows of a cell: the decision of driftd, then a PSI that no test looks at. */
export const COLUMNS = ['warning', 'critical', 'PSI > .1', 'PSI > .2'] as const;

/** Drift of one normal feature, with the published share of windows in each of `COLUMNS`, by size (STATISTICS 4c). */
export interface Drift {
  readonly name: string;
  readonly change: Change;
  readonly expected: readonly (readonly [number, number, number, number])[];
}

// An outlier is far outside the baseline's range; a default value is one that the baseline has, within it.
const OUTLIER = 10.5;
const DEFAULT_VALUE = 0.5;

export const DRIFTS: readonly Drift[] = [
  {
    name: 'none',
    change: {},
    expected: [
      [0, 0, 0.02, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
  },
  {
    name: 'shift .1',
    change: { shift: 0.1 },
    expected: [
      [0, 0, 0.06, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
  },
  {
    name: 'shift .25',
    change: { shift: 0.25 },
    expected: [
      [0.03, 0, 0.47, 0.03],
      [0.37, 0, 0.04, 0],
      [1, 0, 0, 0],
      [1, 0, 0, 0],
    ],
  },
  {
    name: 'shift .35',
    change: { shift: 0.35 },
    expected: [
      [0.22, 0.02, 0.87, 0.2],
      [0.99, 0.14, 0.88, 0],
      [1, 1, 1, 0],
      [1, 1, 1, 0],
    ],
  },
  {
    name: 'shift .5',
    change: { shift: 0.5 },
    expected: [
      [0.86, 0.33, 1, 0.87],
      [1, 1, 1, 0.91],
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ],
  },
  {
    name: 'scale 1.25',
    change: { scale: 1.25 },
    expected: [
      [0, 0, 0.57, 0.04],
      [0.03, 0, 0.11, 0],
      [0.75, 0, 0, 0],
      [1, 0, 0, 0],
    ],
  },
  {
    name: 'scale 1.5',
    change: { scale: 1.5 },
    expected: [
      [0.42, 0.08, 1, 0.74],
      [1, 0.84, 1, 0.62],
      [1, 1, 1, 0.65],
      [1, 1, 1, 1],
    ],
  },
  {
    name: '2 % outliers',
    change: replaced(0.02, OUTLIER),
    expected: [
      [0, 0, 0.03, 0],
      [0.02, 0, 0, 0],
      [1, 0, 0, 0],
      [1, 0, 0, 0],
    ],
  },
  {
    name: '5 % outliers',
    change: replaced(0.05, OUTLIER),
    expected: [
      [0.2, 0.01, 0.11, 0],
      [1, 0.75, 0, 0],
      [1, 1, 0, 0],
      [1, 1, 0, 0],
    ],
  },
  {
    name: '5 % default value',
    change: replaced(0.05, DEFAULT_VALUE),
    expected: [
      [0.07, 0.01, 0.1, 0],
      [0.98, 0.45, 0, 0],
      [1, 1, 0, 0],
      [1, 1, 0, 0],
    ],
  },
  {
    name: '10 % default value',
    change: replaced(0.1, DEFAULT_VALUE),
    expected: [
      [0.89, 0.61, 0.53, 0.03],
      [1, 1, 0.07, 0],
      [1, 1, 0, 0],
      [1, 1, 0, 0],
    ],
  },
];

function replaced(share: number, at: number): Change {
  return { replaced: { share, at } };
}
