/** Neighbouring doubles, by stepping the bits of IEEE 754. */

const view = new DataView(new ArrayBuffer(8));

/** The next double above `x`; zero is always +0. +Infinity and NaN stay; -Infinity gives the most negative finite double. */
export function nextDouble(x: number): number {
  if (Number.isNaN(x) || x === Infinity) return x;
  if (x === 0) return Number.MIN_VALUE;
  view.setFloat64(0, x);
  const bits = view.getBigInt64(0);
  view.setBigInt64(0, x > 0 ? bits + 1n : bits - 1n);
  return view.getFloat64(0) + 0;
}

/** The next double below `x`. */
export function prevDouble(x: number): number {
  return -nextDouble(-x) + 0;
}
