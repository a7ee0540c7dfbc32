import type { Share } from './plain.ts';

/** What a table comes to. */
export interface Outcome {
  /** Do all of its bounds hold? */
  readonly holds: boolean;
  /** Figures that differ from the published table and agree with an independent plain computation. */
  readonly differing: number;
}

/** The outcome of a table all of whose figures are held against their bounds alone. */
export function outcome(holds: boolean): Outcome {
  return { holds, differing: 0 };
}

/** One simulated figure beside the expected one. */
export interface Figure {
  readonly value: number;
  /** Standard error of the simulation. */
  readonly error: number;
  readonly expected: number;
  /** Does it agree, by the rule its table states? */
  readonly agrees: boolean;
  /** Standard deviation of the share between baselines: what a table that stands on one baseline varies by. */
  readonly spread: number;
  /** How many baselines it is the mean over. */
  readonly baselines: number;
  /** The same by another way, where the expected figure is not met: then this decides. */
  readonly plain?: Share;
}

/**
 * A share of runs with its binomial standard error. Agrees within .03 or two standard errors of the expected one.
 *
 * @param hits by baseline; each baseline has `runs / hits.length` runs
 */
export function shareFigure(hits: Uint32Array, runs: number, expected: number): Figure {
  const value = hits.reduce((sum, one) => sum + one, 0) / runs;
  const error = shareError(value, runs);
  const near = isNear(value - expected, shareError(expected, runs));
  const spread = spreadBetween(hits, runs, value);
  return { value, error, expected, agrees: near, spread, baselines: hits.length };
}

/** Between-group standard deviation of a share, from the one-way analysis of variance; 0 when chance explains it. */
function spreadBetween(hits: Uint32Array, runs: number, value: number): number {
  const each = runs / hits.length;
  if (each < 2 || hits.length < 2) return 0;
  let [between, within] = [0, 0];
  for (const one of hits) {
    const share = one / each;
    between += (each * (share - value) ** 2) / (hits.length - 1);
    within += (each * share * (1 - share)) / (hits.length * (each - 1));
  }
  return Math.sqrt(Math.max(0, between - within) / each);
}

/**
 * The figure beside one that was reached another way, with its standard error. Agrees within .03 or two standard errors of
 * the difference, to which the baselines that the figure happens to stand on belong.
 */
export function againstPlain(figure: Figure, plain: Share): Figure {
  const baselines = figure.spread / Math.sqrt(figure.baselines);
  const error = Math.hypot(figure.error, baselines, plain.error);
  return { ...figure, plain, agrees: isNear(figure.value - plain.value, error) };
}

function shareError(share: number, runs: number): number {
  return Math.sqrt((share * (1 - share)) / runs);
}

function isNear(difference: number, error: number): boolean {
  return Math.abs(difference) <= Math.max(0.03, 2 * error);
}

/** "0.371 +-0.011 (0.37)"; `*`: agrees with the plain way alone, `!`: does not agree. */
export function show(
  { value, error, expected, agrees, plain, spread }: Figure,
  digits = 3,
): string {
  const other =
    plain === undefined
      ? ''
      : `; plain ${plain.value.toFixed(digits)} +-${plain.error.toFixed(digits)}, one baseline +-${spread.toFixed(digits)}`;
  const mark = agrees ? (plain === undefined ? '' : ' *') : ' !';
  return `${value.toFixed(digits)} +-${error.toFixed(digits)} (${expected}${other})${mark}`;
}

/** Prints a table with aligned columns; the first row is its head. */
export function printTable(title: string, rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const [head = '', ...body] = lines;
  process.stdout.write(`\n${title}\n\n${[head, rule, ...body].join('\n')}\n`);
}
