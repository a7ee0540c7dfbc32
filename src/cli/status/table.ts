/** Texts of others may hold anything: a terminal must not act on it. */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '\uFFFD');
}

/** A last column that had less room on the terminal is left to the terminal. */
const LEAST_WRAPPED = 20;

/**
 * Columns as wide as their widest cell; the first is aligned to the left, numbers to the right.
 * @param width of the terminal: the last column is wrapped there; left out: each row is one line
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  width = Infinity,
): string {
  const cells = [header, ...rows.map((row) => row.map((cell) => plainText(String(cell))))];
  const widths = header.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? '').length)));
  const right = header.map(
    (_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'),
  );
  const last = header.length - 1;
  const before = widths.slice(0, last).reduce((sum, one) => sum + one + 2, 0);
  const room = width - before < LEAST_WRAPPED ? Infinity : width - before;
  return cells
    .flatMap((row) =>
      wrapped(row[last] ?? '', room).map((line, n) => [
        ...row.slice(0, last).map((cell) => (n === 0 ? cell : '')),
        line,
      ]),
    )
    .map((row) =>
      row
        .map((cell, i) =>
          right[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Lines of so many characters, broken at blanks where there are any. */
function wrapped(text: string, room: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > room) {
    const blank = rest.lastIndexOf(' ', room);
    const end = blank > 0 ? blank : room;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}
