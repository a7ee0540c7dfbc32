/** Numbers and instants as people read them in a message: the HTML and the text part print the same strings. */

const count = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export function formatCount(value: number): string {
  return count.format(value);
}

/** KS, as 0.93; three decimals below 0.1. null: not measured. */
export function formatEffect(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return 'n/a';
  return Math.abs(value) < 0.0995 ? value.toFixed(3) : value.toFixed(2);
}

/** A share in percent: 0 %, < 0.1 %, 4.2 %, 63 %. */
export function formatShare(value: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  const percent = value * 100;
  if (percent === 0) return '0 %';
  if (percent < 0.1) return '< 0.1 %';
  return percent < 9.95 ? `${percent.toFixed(1)} %` : `${percent.toFixed(0)} %`;
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
