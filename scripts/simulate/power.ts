import { evaluate } from '../../src/core/evaluate/evaluate.ts';
import { DEFAULT_POLICY } from '../../src/core/evaluate/types.ts';
import type { FeatureResult } from '../../src/core/evaluate/types.ts';
import { NORMAL, THIRTY } from './families.ts';
import { plainHits } from './plain.ts';
import { populationOf, subjectOf } from './population.ts';
import type { Change, Population } from './population.ts';
import { Random } from './random.ts';
import { againstPlain, printTable, shareFigure, show } from './report.ts';
import type { Figure, Outcome } from './report.ts';

/** Live values of a window. */
const SIZES = [200, 1000, 10_000, 1_000_000] as const;
const WINDOWS_A_DAY = 24;
/** Baselines that the runs of a cell are spread over. */
const BASELINES = 200;

/** Drift of one normal feature, with the share of windows flagged at the warning and at the critical delta, by size. */
interface Drift {
  readonly name: string;
  readonly change: Change;
  readonly expected: readonly (readonly [warning: number, critical: number])[];
}

// An outlier is far outside the baseline's range; a default value is one that the baseline has, within it.
const OUTLIER = 10.5;
const DEFAULT_VALUE = 0.5;

const DRIFTS: readonly Drift[] = [
  {
    name: 'none',
    change: {},
    expected: [
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  },
  {
    name: 'shift .1',
    change: { shift: 0.1 },
    expected: [
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  },
  {
    name: 'shift .25',
    change: { shift: 0.25 },
    expected: [
      [0.03, 0],
      [0.37, 0],
      [1, 0],
      [1, 0],
    ],
  },
  {
    name: 'shift .35',
    change: { shift: 0.35 },
    expected: [
      [0.22, 0.02],
      [0.99, 0.14],
      [1, 1],
      [1, 1],
    ],
  },
  {
    name: 'shift .5',
    change: { shift: 0.5 },
    expected: [
      [0.86, 0.33],
      [1, 1],
      [1, 1],
      [1, 1],
    ],
  },
  {
    name: 'scale 1.25',
    change: { scale: 1.25 },
    expected: [
      [0, 0],
      [0.03, 0],
      [0.75, 0],
      [1, 0],
    ],
  },
  {
    name: 'scale 1.5',
    change: { scale: 1.5 },
    expected: [
      [0.42, 0.08],
      [1, 0.84],
      [1, 1],
      [1, 1],
    ],
  },
  {
    name: '2 % outliers',
    change: replaced(0.02, OUTLIER),
    expected: [
      [0, 0],
      [0.02, 0],
      [1, 0],
      [1, 0],
    ],
  },
  {
    name: '5 % outliers',
    change: replaced(0.05, OUTLIER),
    expected: [
      [0.2, 0.01],
      [1, 0.75],
      [1, 1],
      [1, 1],
    ],
  },
  {
    name: '5 % default value',
    change: replaced(0.05, DEFAULT_VALUE),
    expected: [
      [0.07, 0.01],
      [0.98, 0.45],
      [1, 1],
      [1, 1],
    ],
  },
  {
    name: '10 % default value',
    change: replaced(0.1, DEFAULT_VALUE),
    expected: [
      [0.89, 0.61],
      [1, 1],
      [1, 1],
      [1, 1],
    ],
  },
];

function replaced(share: number, at: number): Change {
  return { replaced: { share, at } };
}

/** Which features of a window are drawn and judged beside the drifted one. */
export type Company = 'thirty' | 'alone';

/**
 * Table 4c: one drifted feature among thirty. `thirty` draws and judges all of them. `alone` draws the drifted one and
 * gives it a thirtieth of the budget: the same, as long as none of the others has a smaller p-value, and much quicker.
 */
export function powerTable(seed: number, runs: number, company: Company): Outcome {
  const random = new Random(seed);
  const drifted = Array.from({ length: BASELINES }, () => populationOf(NORMAL, random));
  const others =
    company === 'alone' ? [] : THIRTY.slice(1).map((family) => populationOf(family, random));
  const rows: string[][] = [['drift', ...SIZES.map((n) => `n = ${n}: warning | critical`)]];
  let holds = true;
  let differing = 0;
  for (const { name, change, expected } of DRIFTS) {
    const row = [name];
    SIZES.forEach((n, size) => {
      const [warning, critical] = expected[size] as readonly [number, number];
      const figures = flagged(random, drifted, others, n, change, runs, [warning, critical]);
      holds &&= figures.every((figure) => figure.agrees);
      differing += figures.filter(({ agrees, plain }) => agrees && plain !== undefined).length;
      row.push(figures.map((figure) => show(figure)).join(' | '));
    });
    rows.push(row);
  }
  printTable(
    `Power per window, one drifted normal feature among 30 (${runs} windows a cell, m = 50,000): share flagged ` +
      '+- standard error (expected). Agrees within .03 or two standard errors; where it does not, the same windows are ' +
      'judged the plain way, from raw values (*: that agrees), and the spread is shown by which the power differs from one ' +
      'baseline of 50,000 rows to the next: the expected table stands on one.',
    rows,
  );
  return { holds, differing };
}

function flagged(
  random: Random,
  drifted: readonly Population[],
  others: readonly Population[],
  n: number,
  change: Change,
  runs: number,
  expected: readonly [number, number],
): Figure[] {
  const [warning, critical] = [new Uint32Array(BASELINES), new Uint32Array(BASELINES)];
  // Alone, the other features' share of the budget is not its own.
  const share = others.length === 0 ? THIRTY.length : 1;
  for (let run = 0; run < runs; run += 1) {
    const which = run % drifted.length;
    const population = drifted[which] as Population;
    const subjects = [
      subjectOf(population, population.window(random, n, change)),
      ...others.map((other) => subjectOf(other, other.window(random, n))),
    ];
    const { results } = evaluate(subjects, DEFAULT_POLICY, {
      evaluationsPerDay: WINDOWS_A_DAY * share,
    });
    const fires = new Set((results[0] as FeatureResult).statistics.map((one) => one.fires));
    if (fires.has('critical')) addHit(critical, which);
    if (fires.has('critical') || fires.has('warning')) addHit(warning, which);
  }
  const figures = [
    shareFigure(warning, runs, expected[0]),
    shareFigure(critical, runs, expected[1]),
  ];
  // The plain way knows no point masses.
  if (change.replaced !== undefined || figures.every((figure) => figure.agrees)) return figures;
  const plain = plainHits(random, n, change, runs);
  return figures.map((figure, i) =>
    figure.agrees ? figure : againstPlain(figure, plain[i] as number, runs),
  );
}

function addHit(hits: Uint32Array, baseline: number): void {
  hits[baseline] = (hits[baseline] as number) + 1;
}
