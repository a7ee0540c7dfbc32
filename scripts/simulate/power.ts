import { evaluate } from '../../src/core/evaluate/evaluate.ts';
import { DEFAULT_POLICY } from '../../src/core/evaluate/types.ts';
import type { FeatureResult } from '../../src/core/evaluate/types.ts';
import { COLUMNS, DRIFTS, SIZES } from './drifts.ts';
import type { Drift } from './drifts.ts';
import { NORMAL, THIRTY } from './families.ts';
import { plainPower } from './plain.ts';
import { populationOf, subjectOf } from './population.ts';
import type { Change, Population } from './population.ts';
import { PUBLISHED, publishedPopulation, untestedPsi } from './published-baseline.ts';
import { Random } from './random.ts';
import { againstPlain, printTable, shareFigure, show } from './report.ts';
import type { Figure, Outcome } from './report.ts';

const WINDOWS_A_DAY = 24;
/** Baselines that the runs of a cell are spread over: of any kind, and like the published table's. */
const BASELINES = 200;
const LIKE_PUBLISHED = 40;
/** A cell with a figure that does not agree is simulated again with so many times the windows: of 176 some are off by chance. */
const AGAIN = 4;
/** How many of `COLUMNS`, from the first on, are of the decision. */
const DECISION = 2;
/** Baselines of the plain computation, each with five windows. */
const PLAIN_BASELINES = 20_000;

/** Which features of a window are drawn and judged beside the drifted one. */
export type Company = 'thirty' | 'alone';

interface Simulation {
  readonly random: Random;
  readonly runs: number;
  readonly drifted: readonly Population[];
  readonly others: readonly Population[];
}

/** Figures of a cell, in the order of `COLUMNS`. */
type Cell = readonly Figure[];

/**
 * Table 4c: one drifted feature among thirty. `thirty` draws and judges all of them. `alone` draws the drifted one and
 * gives it a thirtieth of the budget: the same, as long as none of the others has a smaller p-value, and much quicker.
 *
 * Twice: over baselines of all kinds, where what differs from the published table has to agree with the plain
 * computation; and over baselines like the single one that the published table stands on, where nothing may differ.
 */
export function powerTable(seed: number, runs: number, company: Company): Outcome {
  const random = new Random(seed);
  const drifted = Array.from({ length: BASELINES }, () => populationOf(NORMAL, random));
  const others =
    company === 'alone' ? [] : THIRTY.slice(1).map((family) => populationOf(family, random));
  const any = DRIFTS.map((drift) =>
    SIZES.map((n, size) => {
      const cell = settled({ random, runs, drifted, others }, drift, size, DECISION);
      return [
        ...checked(random, n, drift.change, cell.slice(0, DECISION)),
        ...cell.slice(DECISION),
      ];
    }),
  );
  const like = Array.from({ length: LIKE_PUBLISHED }, () => publishedPopulation(random));
  const published = DRIFTS.map((drift) =>
    SIZES.map((_, size) =>
      settled({ random, runs, drifted: like, others }, drift, size, COLUMNS.length),
    ),
  );
  print(runs, any, published);
  const decisions = any.flat().flatMap((cell) => cell.slice(0, DECISION));
  return {
    holds: [...decisions, ...published.flat(2)].every(({ agrees }) => agrees),
    differing: decisions.filter(({ agrees, plain }) => agrees && plain !== undefined).length,
  };
}

function print(runs: number, any: readonly Cell[][], published: readonly Cell[][]): void {
  const table = (title: string, text: (drift: number, size: number) => string, head: string) => {
    const rows = DRIFTS.map(({ name }, drift) => [
      name,
      ...SIZES.map((_, size) => text(drift, size)),
    ]);
    printTable(title, [['drift', ...SIZES.map((n) => `n = ${n}: ${head}`)], ...rows]);
  };
  const figures = (cells: readonly Cell[][], from: number) => (drift: number, size: number) =>
    (cells[drift]?.[size] ?? [])
      .slice(from, from + 2)
      .map((figure) => show(figure))
      .join(' | ');
  table(
    `Power per window, one drifted normal feature among 30, mean over ${BASELINES} baselines (${runs} windows a cell, ` +
      'm = 50,000): share flagged +- standard error (published). Agrees within .03 or two standard errors; where it does ' +
      `not, over ${AGAIN} times as many windows either, the power is worked out again without any code of driftd over ` +
      '100,000 windows (*: that agrees), and the spread is shown by which it differs from one baseline of 50,000 rows to ' +
      'the next.',
    figures(any, 0),
    'warning | critical',
  );
  const { psi, ks } = PUBLISHED;
  table(
    `The same on ${LIKE_PUBLISHED} baselines like the single one that the published table stands on: the PSI of a spread of ` +
      `x 1.25 is ${psi.from} to ${psi.to}, the KS of a shift of .25 is ${ks.from} to ${ks.to}. Every figure agrees within ` +
      `.03 or two standard errors, where it did not at once over ${AGAIN} times as many windows.`,
    figures(published, 0),
    'warning | critical',
  );
  const bare = (cells: readonly Cell[][], drift: number, size: number): string =>
    (cells[drift]?.[size] ?? [])
      .slice(2)
      .map(({ value }) => value.toFixed(2))
      .join(' | ');
  table(
    'Share of windows with a PSI above .1 | above .2, which no test of driftd takes part in: mean over all baselines; on ' +
      'those like the published one +- standard error (published). The second agrees within .03 or two standard errors.',
    (drift, size) => `${bare(any, drift, size)}; ${figures(published, 2)(drift, size)}`,
    'PSI > .1 | PSI > .2',
  );
}

/** A cell of the table, of which the first `columns` figures should agree. */
function settled(simulation: Simulation, drift: Drift, size: number, columns: number): Figure[] {
  const cell = cellOf(simulation, drift, size);
  if (cell.slice(0, columns).every(({ agrees }) => agrees)) return cell;
  return cellOf({ ...simulation, runs: AGAIN * simulation.runs }, drift, size);
}

/** Simulates one cell of the table. */
function cellOf(
  { random, runs, drifted, others }: Simulation,
  { change, expected }: Drift,
  size: number,
): Figure[] {
  const n = SIZES[size] as number;
  const hits = COLUMNS.map(() => new Uint32Array(drifted.length));
  // Alone, the other features' share of the budget is not its own.
  const share = others.length === 0 ? THIRTY.length : 1;
  for (let run = 0; run < runs; run += 1) {
    const which = run % drifted.length;
    const population = drifted[which] as Population;
    const live = population.window(random, n, change);
    const subjects = [
      subjectOf(population, live),
      ...others.map((other) => subjectOf(other, other.window(random, n))),
    ];
    const { results } = evaluate(subjects, DEFAULT_POLICY, {
      evaluationsPerDay: WINDOWS_A_DAY * share,
    });
    const fires = new Set((results[0] as FeatureResult).statistics.map((one) => one.fires));
    const psi = untestedPsi(population, live);
    const critical = fires.has('critical');
    [critical || fires.has('warning'), critical, psi > 0.1, psi > 0.2].forEach((hit, column) => {
      const counts = hits[column] as Uint32Array;
      if (hit) counts[which] = (counts[which] as number) + 1;
    });
  }
  return hits.map((counts, column) =>
    shareFigure(counts, runs, expected[size]?.[column] as number),
  );
}

/** Figures of the decision, those that are not the published ones beside the plain computation. */
function checked(
  random: Random,
  n: number,
  change: Change,
  figures: readonly Figure[],
): readonly Figure[] {
  // The plain way knows no point masses.
  if (change.replaced !== undefined || figures.every(({ agrees }) => agrees)) return figures;
  const plain = plainPower(random, n, change, PLAIN_BASELINES);
  return figures.map((figure, i) =>
    figure.agrees ? figure : againstPlain(figure, plain[i] as (typeof plain)[0]),
  );
}
