import type { AsOfEvaluation } from '../../app/compare/evaluate-as-of.ts';
import { lackingInWords } from '../../core/alerting/explain.ts';
import type { FeatureResult } from '../../core/evaluate/types.ts';

const HEADER = [
  'feature',
  'segment',
  'window',
  'n',
  'PSI',
  'KS D',
  'KS in',
  'least effect',
  'verdict',
  'then',
];
/** Columns of text; the others are numbers and stand at the right. */
const TEXT = new Set([0, 1, 2, 8, 9]);

/** One monitor's windows for people, one line a feature, segment and window. */
export function evaluationTable(evaluation: AsOfEvaluation): string {
  const { monitor, model, windowEnd, complete, baseline, results, revision } = evaluation;
  const rows = results.map((result) => cellsOf(result, evaluation));
  const widths = HEADER.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (TEXT.has(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const against = baseline === null ? 'no baseline' : `baseline ${baseline}`;
  const named = (verdict: string): string => {
    const names = [...new Set(results.filter((r) => r.verdict === verdict).map((r) => r.feature))];
    return names.length === 0 ? 'none' : names.join(', ');
  };
  const lacking = results.flatMap(lackingLine);
  return [
    `${monitor}: ${model} up to ${new Date(windowEnd).toISOString()} against ${against}`,
    complete ? '' : 'Events up to there have not all arrived.\n',
    line(HEADER),
    ...rows.map(line),
    '',
    `Drifted: ${named('drifted')}`,
    `Warnings: ${named('warning')}`,
    ...(lacking.length === 0 ? [] : ['Not as in the baseline:', ...lacking]),
    revision === null
      ? 'No evaluation of these windows is stored.'
      : `"then" is revision ${revision} as it is stored.`,
    '',
  ].join('\n');
}

/** What the columns do not show: PSI and KS are of the values that there are. */
function lackingLine(result: FeatureResult): string[] {
  const { feature, segment, window, verdict } = result;
  if (verdict !== 'drifted' && verdict !== 'warning') return [];
  const told = lackingInWords(result);
  return told.length === 0 ? [] : [`  ${feature} (${segment}, ${window}) ${told.join(', ')}`];
}

function cellsOf(result: FeatureResult, { verdictThen }: AsOfEvaluation): string[] {
  const statistic = (name: string) => result.statistics.find((entry) => entry.name === name);
  const ks = statistic('ks');
  const number = (value: number | undefined): string =>
    value === undefined ? '-' : value.toFixed(value >= 10 ? 1 : 3);
  return [
    result.feature,
    result.segment,
    result.window,
    String(result.n),
    number(statistic('psi')?.value),
    number(ks?.value),
    ks?.low === undefined || ks.high === undefined ? '-' : `${number(ks.low)}..${number(ks.high)}`,
    number(result.minimumDetectableEffect),
    result.warmingUp ? `${result.verdict} (warming up)` : result.verdict,
    verdictThen(result) ?? '-',
  ];
}
