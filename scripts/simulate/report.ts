/** One simulated figure beside the expected one. */
export interface Figure {
  readonly value: number;
  /** Standard error of the simulation. */
  readonly error: number;
  readonly expected: number;
  /** Does it agree, by the rule its table states? */
  readonly agrees: boolean;
  /** The same by another way, where the expected figure is not met: then this decides. */
  readonly plain?: number;
}

/** A share of runs with its binomial standard error; agrees within .03 or two standard errors of the expected one. */
export function shareFigure(hits: number, runs: number, expected: number): Figure {
  const value = hits / runs;
  const error = shareError(value, runs);
  return { value, error, expected, agrees: isNear(value - expected, shareError(expected, runs)) };
}

/** The figure beside a share of as many runs that was reached another way. */
export function againstPlain(figure: Figure, hits: number, runs: number): Figure {
  const plain = hits / runs;
  const error = Math.hypot(figure.error, shareError(plain, runs));
  return { ...figure, plain, agrees: isNear(figure.value - plain, error) };
}

function shareError(share: number, runs: number): number {
  return Math.sqrt((share * (1 - share)) / runs);
}

function isNear(difference: number, error: number): boolean {
  return Math.abs(difference) <= Math.max(0.03, 2 * error);
}

/** "0.371 +-0.011 (0.37)"; `*`: agrees with the plain way alone, `!`: does not agree. */
export function show({ value, error, expected, agrees, plain }: Figure, digits = 3): string {
  const other = plain === undefined ? '' : `; plain ${plain.toFixed(digits)}`;
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
