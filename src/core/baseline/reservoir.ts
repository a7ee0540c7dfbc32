/** Finite numbers of one feature: all of them up to a bound, a uniform sample of that size beyond it. */
export interface Reservoir {
  readonly seen: number;
  add(value: number): void;
  /** The kept values, ascending; beyond the bound with the true least and greatest value added. */
  sorted(): Float64Array;
}

/** xorshift32 (Marsaglia 2003) with a fixed seed: the same rows give the same sample. In [0, 1). */
function uniformStream(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Algorithm R (Vitter 1985). @param limit values kept at most */
export function createReservoir(limit: number): Reservoir {
  const uniform = uniformStream();
  let kept = new Float64Array(Math.min(limit, 64));
  let seen = 0;
  let min = Infinity;
  let max = -Infinity;
  return {
    get seen() {
      return seen;
    },
    add(value) {
      if (value < min) min = value;
      if (value > max) max = value;
      if (seen < limit) {
        if (seen === kept.length) {
          const grown = new Float64Array(Math.min(limit, kept.length * 2));
          grown.set(kept);
          kept = grown;
        }
        kept[seen] = value;
      } else {
        const at = Math.floor(uniform() * (seen + 1));
        if (at < limit) kept[at] = value;
      }
      seen += 1;
    },
    sorted() {
      if (seen <= limit) return kept.slice(0, seen).sort();
      const sample = new Float64Array(limit + 2);
      sample.set(kept);
      sample[limit] = min;
      sample[limit + 1] = max;
      return sample.sort();
    },
  };
}
