import { styleText } from 'node:util';

import type { Comparison } from '../../app/compare/compare-files.ts';
import { comparisonJson } from '../../app/compare/comparison-json.ts';
import type { FeatureJson } from '../../app/compare/comparison-json.ts';

type Paint = (text: string, verdict: string) => string;

const COLOR_OF: Readonly<Record<string, 'red' | 'yellow' | 'green'>> = {
  drifted: 'red',
  warning: 'yellow',
  suspected: 'yellow',
  stable: 'green',
};
const HEADER = ['feature', 'n', 'm', 'PSI', 'KS D', 'KS in', 'p', 'JS', 'Wasserstein'];
const LATER = ['missing', 'invalid', 'unseen', 'verdict'];

/** The comparison for people, one line a feature. @param colours whether the output shows them */
export function comparisonTable(comparison: Comparison, colours: boolean): string {
  const { features, drifted, warned, notices } = comparisonJson(comparison);
  // Nearly always there is nothing invalid, and lines are long enough.
  const tells = features.some(
    ({ invalid }) => (invalid.baseline ?? 0) + (invalid.current ?? 0) > 0,
  );
  const shown = (cells: readonly string[]): readonly string[] =>
    tells ? cells : cells.filter((_, i) => i !== HEADER.length + 1);
  const header = shown([...HEADER, ...LATER]);
  const rows = features.map((feature) => shown(cellsOf(feature)));
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) =>
        i === 0 || i === cells.length - 1
          ? cell.padEnd(widths[i] ?? 0)
          : cell.padStart(widths[i] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const paint: Paint = (text, verdict) => {
    const color = COLOR_OF[verdict];
    return colours && color !== undefined
      ? styleText(color, text, { validateStream: false })
      : text;
  };
  const { baseline, current } = comparison;
  return [
    `${current.name} (${current.rows} rows) against ${baseline.name} (${baseline.rows} rows)`,
    '',
    line(header),
    ...rows.map((row, i) => paint(line(row), features[i]?.verdict ?? '')),
    '',
    summary('Drifted', drifted),
    summary('Warnings', warned),
    ...notices.map((notice) => paint(`Note: ${printable(notice)}`, 'warning')),
    '',
  ].join('\n');
}

function summary(title: string, names: readonly string[]): string {
  return `${title}: ${names.length === 0 ? 'none' : names.join(', ')}`;
}

function cellsOf(feature: FeatureJson): string[] {
  const { ks, chi2, missing, invalid } = feature;
  const label =
    feature.segment === undefined ? feature.feature : `${feature.feature} [${feature.segment}]`;
  return [
    printable(label).slice(0, 60),
    String(feature.n),
    String(feature.m),
    decimal(feature.psi),
    decimal(ks?.d ?? null),
    ks === null ? '-' : `${ks.dLow.toFixed(4)}..${ks.dHigh.toFixed(4)}`,
    probability(ks?.p ?? chi2?.p ?? null),
    decimal(feature.js),
    decimal(feature.wasserstein),
    `${percent(missing.baseline)} > ${percent(missing.current)}`,
    `${percent(invalid.baseline)} > ${percent(invalid.current)}`,
    percent(feature.unseenShare),
    feature.verdict,
  ];
}

/** A name may hold anything; a line of a table may not break or steer the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '\uFFFD');
}

function decimal(value: number | null): string {
  if (value === null) return '-';
  return value < 1e4 ? value.toFixed(4) : value.toExponential(2);
}

function probability(p: number | null): string {
  if (p === null) return '-';
  return p >= 1e-3 ? p.toFixed(4) : p === 0 ? '<1e-300' : p.toExponential(1);
}

function percent(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(2)}%`;
}
