import { effectText, shareText } from '../core/domain/figures.ts';

/** Numbers and instants as people read them in a message: the HTML and the text part print the same strings. */

const count = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export function formatCount(value: number): string {
  return count.format(value);
}

/** KS or PSI; null: not measured. */
export function formatEffect(value: number | null): string {
  return value === null || !Number.isFinite(value) ? 'n/a' : effectText(value);
}

/** A share in percent. */
export function formatShare(value: number): string {
  return Number.isFinite(value) ? shareText(value) : 'n/a';
}

/** A p-value from its natural logarithm; the exponent holds however small it is. */
export function formatP(logP: number | null): string {
  if (logP === null) return 'n/a';
  const log10 = logP / Math.LN10;
  if (!Number.isFinite(log10)) return '0';
  if (log10 > -3) return Math.exp(logP).toFixed(3);
  let exponent = Math.floor(log10);
  let mantissa = (10 ** (log10 - exponent)).toFixed(1);
  if (mantissa === '10.0') {
    mantissa = '1.0';
    exponent += 1;
  }
  return `${mantissa}e${String(exponent)}`;
}

/** 2013-07-18 14:05 UTC */
export function formatInstant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** "1 feature", "3 features" */
export function plural(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? '' : 's'}`;
}
