/** The sum of counts: exact for whole numbers up to 2^53. */
export function sumOf(counts: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i += 1) sum += counts[i] as number;
  return sum;
}
