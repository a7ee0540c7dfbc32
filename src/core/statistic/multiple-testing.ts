/**
 * Benjamini-Hochberg (1995) on log p-values.
 * @returns adjusted ln p in the input's order: a test passes at level q iff its adjusted p <= q
 */
export function benjaminiHochberg(logP: readonly number[]): number[] {
  const order = logP.map((_, i) => i).sort((a, b) => (logP[b] as number) - (logP[a] as number));
  const adjusted = new Array<number>(logP.length).fill(0);
  let least = 0;
  order.forEach((index, position) => {
    const rank = logP.length - position;
    least = Math.min(least, (logP[index] as number) + Math.log(logP.length / rank));
    adjusted[index] = least;
  });
  return adjusted;
}
