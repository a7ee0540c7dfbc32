/** Round numbers from `from` to `to`, about `count` of them, never more than 2 count + 3: steps of 1, 2 or 5 times a power of ten. */
export function ticks(from: number, to: number, count: number): number[] {
  const span = to - from;
  if (!(span > 0) || !Number.isFinite(span)) return Number.isFinite(from) ? [from] : [];
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((f) => f * power >= rough * (1 - 1e-9)) ?? 10;
  const step = factor * power;
  const first = Math.ceil(from / step - 1e-9);
  const values = new Set<number>();
  // Counted, not compared: where a step is below the spacing of doubles, adding 1 changes nothing.
  for (let i = 0; i <= 2 * count + 2; i += 1) {
    const value = Number(((first + i) * step).toPrecision(12));
    if (value > to + step * 1e-9) break;
    values.add(value);
  }
  return [...values];
}

/** A number of the axis, short: 1500 as 1.5k, 0.00002 as 2e-5. */
export function tickLabel(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e12 || size < 1e-3)
    return value.toExponential(1).replace('.0e', 'e').replace('e+', 'e');
  if (size >= 1e9) return `${short(value / 1e9)}G`;
  if (size >= 1e6) return `${short(value / 1e6)}M`;
  if (size >= 1e4) return `${short(value / 1e3)}k`;
  return short(value);
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
