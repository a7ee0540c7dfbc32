import { shareText } from '../../../core/domain/figures.ts';
import type { FeatureResult, StatisticResult } from '../../../core/evaluate/types.ts';
import type { StatisticName } from '../../../core/statistic/catalogue.ts';

export function statisticOf(result: FeatureResult, name: StatisticName): StatisticResult | null {
  return result.statistics.find((statistic) => statistic.name === name) ?? null;
}

/** Four significant digits; a dash for what cannot be computed. */
export function decimal(value: number | null): string {
  if (value === null) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

export function percent(share: number | null): string {
  return share === null ? '–' : shareText(share);
}

/** A p-value from its natural logarithm: never 0, however small. */
export function probability(logP: number | null): string {
  if (logP === null) return '–';
  if (logP > Math.log(1e-3)) return Math.exp(logP).toFixed(3);
  const exponent = Math.floor(logP / Math.LN10);
  const mantissa = Math.exp(logP - exponent * Math.LN10);
  return `${mantissa.toFixed(1)}e${exponent}`;
}

export function interval(ks: StatisticResult | null): string {
  if (ks === null) return '–';
  return `${decimal(ks.low ?? ks.value)} to ${decimal(ks.high ?? ks.value)}`;
}

export function verdictClass(verdict: string): string {
  return ['drifted', 'warning', 'suspected', 'stable'].includes(verdict) ? verdict : 'other';
}
