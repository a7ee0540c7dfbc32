/**
 * The two-sample Kolmogorov-Smirnov statistic from raw values: sort, merge, step over ties together. Test code only: it
 * shares nothing with the product.
 */
export function exactKs(x: readonly number[], y: readonly number[]): number {
  const a = [...x].sort((p, q) => p - q);
  const b = [...y].sort((p, q) => p - q);
  let i = 0;
  let j = 0;
  let most = 0;
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i] ?? Infinity, b[j] ?? Infinity);
    while (i < a.length && a[i] === value) i += 1;
    while (j < b.length && b[j] === value) j += 1;
    most = Math.max(most, Math.abs(i / a.length - j / b.length));
  }
  return most;
}

/** Variance between UTC days against the binomial one, at the nine deciles of the values: plain code of its own. */
export function dayDesignEffect(
  values: readonly { readonly time: number; readonly value: number }[],
): number {
  const sorted = values.map(({ value }) => value).sort((p, q) => p - q);
  const days = new Map<number, number[]>();
  for (const { time, value } of values) {
    const day = Math.floor(time / 86_400_000);
    days.set(day, [...(days.get(day) ?? []), value]);
  }
  const effects: number[] = [];
  for (let decile = 1; decile <= 9; decile += 1) {
    const edge = sorted[Math.floor((decile * sorted.length) / 10)] ?? 0;
    const p = sorted.filter((value) => value <= edge).length / sorted.length;
    if (p <= 0 || p >= 1) continue;
    let spread = 0;
    for (const day of days.values()) {
      const share = day.filter((value) => value <= edge).length / day.length;
      spread += day.length * (share - p) ** 2;
    }
    effects.push(spread / ((days.size - 1) * p * (1 - p)));
  }
  return Math.max(
    1,
    effects.reduce((sum, effect) => sum + effect, 0) / Math.max(1, effects.length),
  );
}
