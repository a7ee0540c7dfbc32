import { styleText } from 'node:util';

/** One line of the table of features. */
export interface FeatureLine {
  readonly feature: string;
  readonly n: number;
  readonly psi: number | null;
  readonly ks: number | null;
  readonly ksHigh: number | null;
  readonly verdict: string;
}

/** The demo's terminal: what started where, a progress bar, the table, each alert. Quiet colours without a terminal. */
export interface Story {
  /** A headline of its own. */
  title(text: string): void;
  /** "what  where" lines. */
  started(what: string, where: string): void;
  say(text: string): void;
  /** Opens the progress bar; without a terminal progress is told once a month of the stream. */
  begin(totalEvents: number): void;
  progress(counted: number, day: number): void;
  /** Redraws the table on a terminal; keeps it for `table()` otherwise. */
  features(windowEnd: number, lines: readonly FeatureLine[]): void;
  alert(text: string): void;
  end(): void;
}

const VERDICT_STYLE: Readonly<Record<string, 'red' | 'yellow' | 'green' | 'gray'>> = {
  drifted: 'red',
  warning: 'yellow',
  suspected: 'yellow',
  stable: 'green',
};

export function isoDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** The table of features as lines of text, widest column first; numbers to four places. */
export function featureTable(lines: readonly FeatureLine[]): string[] {
  const head = ['feature', 'n', 'PSI', 'KS', 'KS interval', 'verdict'];
  const rows = lines.map((line) => [
    line.feature,
    String(line.n),
    line.psi === null ? '-' : line.psi.toFixed(4),
    line.ks === null ? '-' : line.ks.toFixed(4),
    line.ks === null || line.ksHigh === null
      ? '-'
      : `${line.ks.toFixed(4)}..${line.ksHigh.toFixed(4)}`,
    line.verdict,
  ]);
  const widths = head.map((cell, i) =>
    Math.max(cell.length, ...rows.map((row) => (row[i] ?? '').length)),
  );
  const pad = (row: readonly string[]): string[] =>
    row.map((cell, i) => {
      const width = widths[i] ?? 0;
      return i === 0 || i === 5 ? cell.padEnd(width) : cell.padStart(width);
    });
  const body = rows.map((row) => {
    const cells = pad(row);
    const verdict = row[5] ?? '';
    cells[5] = styleText(VERDICT_STYLE[verdict] ?? 'gray', cells[5] ?? '');
    return `  ${cells.join('  ')}`;
  });
  return [styleText('bold', `  ${pad(head).join('  ')}`), ...body];
}

/** What the verdicts say that a name alone does not, of those in the table. */
const VERDICT_WORDS: Readonly<Record<string, string>> = {
  suspected: 'beyond what is tolerated, not yet beyond chance',
  insufficient: 'too few values that are independent of each other to see a difference of 0.2',
};

function verdictsInWords(lines: readonly FeatureLine[]): string[] {
  return Object.entries(VERDICT_WORDS)
    .filter(([verdict]) => lines.some((line) => line.verdict === verdict))
    .map(([verdict, words]) => styleText('gray', `  ${verdict}: ${words}`));
}

export function createStory(out: NodeJS.WriteStream): Story {
  const live = out.isTTY;
  let drawn = 0;
  let month = '';

  function write(line: string): void {
    out.write(`${line}\n`);
  }
  /** Prints above the bar and the table, which are redrawn by the next progress. */
  function above(lines: readonly string[]): void {
    if (live) {
      if (drawn > 0) out.write(`\x1b[${drawn}A\x1b[0J`);
      drawn = 0;
    }
    for (const line of lines) write(line);
  }

  let latest: { end: number; lines: readonly FeatureLine[] } | null = null;
  let state: { total: number; counted: number; day: number } | null = null;

  function redraw(): void {
    if (!live || state === null) return;
    if (drawn > 0) out.write(`\x1b[${drawn}A\x1b[0J`);
    const width = 30;
    const share = state.total === 0 ? 1 : Math.min(1, state.counted / state.total);
    const filled = Math.round(share * width);
    const lines = [
      `  ${state.counted === 0 ? ' '.repeat(10) : isoDay(state.day)}  ${'█'.repeat(filled)}${'░'.repeat(width - filled)}  ${state.counted} of ${state.total} events counted`,
    ];
    if (latest !== null) {
      lines.push(
        '',
        `  7 days to ${isoDay(latest.end)} against January:`,
        ...featureTable(latest.lines),
      );
    }
    for (const line of lines) write(line);
    drawn = lines.length;
  }

  return {
    title: (text) => {
      above(['', styleText('bold', text)]);
    },
    started: (what, where) => {
      above([`  ${what.padEnd(12)} ${where}`]);
    },
    say: (text) => {
      above([text]);
    },
    begin: (total) => {
      state = { total, counted: 0, day: 0 };
    },
    progress: (counted, day) => {
      if (state === null) return;
      state = { ...state, counted, day };
      redraw();
      const now = isoDay(day).slice(0, 7);
      if (!live && counted > 0 && now !== month) {
        month = now;
        write(`  ${isoDay(day)}  ${counted} of ${state.total} events counted`);
      }
    },
    features: (end, lines) => {
      latest = { end, lines };
      redraw();
    },
    alert: (text) => {
      above([styleText('red', '  ✉ ') + text]);
      redraw();
    },
    end: () => {
      above([]);
      if (latest !== null) {
        above([
          '',
          `  The last 7 days, to ${isoDay(latest.end)}, against January:`,
          ...featureTable(latest.lines),
          ...verdictsInWords(latest.lines),
        ]);
      }
      state = null;
    },
  };
}
