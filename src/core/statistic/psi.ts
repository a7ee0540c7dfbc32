import { sumOf } from './counts.ts';
import { logChi2Sf, logNoncentralChi2Sf } from './special/chi-square.ts';

/** How empty bins are treated: half (+0.5 counts on both sides, driftd's own), floor (shares of 0 become 1e-4), evidently (as that package does). */
export const PSI_MODES = ['half', 'floor', 'evidently'] as const;
export type PsiMode = (typeof PSI_MODES)[number];

/** Coarse groups of a PSI and the least baseline share of one (STATISTICS ruling 3). */
export const PSI_GROUPS = 10;
export const PSI_MIN_SHARE = 0.02;
/** Baseline values of a category that has a cell of its own, at least (STATISTICS 5). */
const PSI_MIN_COUNT = 5;

/**
 * Population stability index, sum (p - q) ln(p / q), of counts on given bins.
 * @param mode zero rule; `half`: p = (count + 0.5) / (total + 0.5 B)
 * @returns 0 when a side is empty or there are fewer than two bins
 */
export function psi(baseline: Float64Array, live: Float64Array, mode: PsiMode = 'half'): number {
  return psiContributions(baseline, live, mode).reduce((sum, part) => sum + part, 0);
}

/** What each bin adds to the PSI: (p - q) ln(p / q), never negative. All 0 where `psi` is 0 for want of values. */
export function psiContributions(
  baseline: Float64Array,
  live: Float64Array,
  mode: PsiMode,
): Float64Array {
  const bins = baseline.length;
  const parts = new Float64Array(bins);
  const m = sumOf(baseline);
  const n = sumOf(live);
  if (m <= 0 || n <= 0 || bins < 2) return parts;
  const q = shares(baseline, m, mode);
  const p = shares(live, n, mode);
  for (let i = 0; i < bins; i += 1) {
    const a = p[i] as number;
    const b = q[i] as number;
    parts[i] = (a - b) * Math.log(a / b);
  }
  return parts;
}

function shares(counts: Float64Array, total: number, mode: PsiMode): Float64Array {
  if (mode === 'half') return counts.map((count) => (count + 0.5) / (total + 0.5 * counts.length));
  const plain = counts.map((count) => count / total);
  if (mode === 'floor') return plain.map((share) => Math.max(share, 1e-4));
  let least = Infinity;
  for (const share of plain) if (share > 0 && share < least) least = share;
  const fill = least <= 1e-4 ? least / 1e6 : 1e-4;
  return plain.map((share) => (share === 0 ? fill : share));
}

/** Group of each fine bin or cell, numbered from 0 without holes; `groups` itself where nothing is on either side. */
export interface PsiGrouping {
  readonly groupOf: Uint8Array;
  readonly groups: number;
}

/**
 * Which tenth of the baseline each fine bin lies in: floor(10 x midpoint of its baseline CDF interval). Bins outside the
 * baseline's range are in the first and the last, beside a heavy atom too: a constant has neither for itself.
 */
export function decileGroups(baseline: Float64Array): PsiGrouping {
  const total = sumOf(baseline);
  const groupOf = new Uint8Array(baseline.length);
  let cumulative = 0;
  for (let i = 0; i < baseline.length; i += 1) {
    const share = total === 0 ? 0 : (baseline[i] as number) / total;
    groupOf[i] = Math.min(PSI_GROUPS - 1, Math.floor(PSI_GROUPS * (cumulative + share / 2)));
    cumulative += share;
  }
  return { groupOf, groups: PSI_GROUPS };
}

/**
 * Coarse group of each fine bin for the PSI: its tenth; tenths below 2 % of the baseline are pooled with their lighter
 * neighbour, empty ones vanish. Groups are numbered from 0 without holes.
 * @param deciles those of the baseline, for who has them
 */
export function psiGroups(
  baseline: Float64Array,
  deciles: PsiGrouping = decileGroups(baseline),
): PsiGrouping {
  const { groupOf: tenths } = deciles;
  const total = sumOf(baseline);
  const mass = Array.from(groupCounts(baseline, tenths, PSI_GROUPS), (count) =>
    total === 0 ? 0 : count / total,
  );
  const target = poolNeighbours(mass);
  const numbers = [...new Set(target)].sort((a, b) => a - b);
  const groupOf = tenths.map((group) => numbers.indexOf(target[group] as number));
  return { groupOf, groups: numbers.length };
}

/** Group to the group it is pooled into: ordered groups, light ones join the lighter neighbour. */
function poolNeighbours(mass: readonly number[]): number[] {
  const parts = mass.map((share, i) => ({ share, members: [i] }));
  for (;;) {
    const at = parts.findIndex((part) => part.share < PSI_MIN_SHARE);
    if (at < 0 || parts.length === 1) break;
    const left = parts[at - 1];
    const right = parts[at + 1];
    const into =
      left === undefined || (right !== undefined && right.share < left.share) ? right : left;
    const part = parts[at];
    if (into === undefined || part === undefined) break;
    into.share += part.share;
    into.members.push(...part.members);
    parts.splice(at, 1);
  }
  const target = new Array<number>(mass.length).fill(0);
  for (const part of parts) {
    const name = Math.min(...part.members);
    for (const member of part.members) target[member] = name;
  }
  return target;
}

/**
 * Categories below 2 % of the baseline share one cell (STATISTICS ruling 3), and so do those of less than five values, and
 * all that are not tracked: the heaviest of many equal categories are so by chance, and must not be held against the rest.
 * Without a value on either side there is no such cell.
 *
 * @param baseline @param live counts of the tracked categories, then of all others together
 */
export function psiCells(baseline: Float64Array, live: Float64Array): PsiGrouping {
  const least = Math.max(PSI_MIN_SHARE * sumOf(baseline), PSI_MIN_COUNT);
  const groupOf = new Uint8Array(baseline.length);
  let groups = 0;
  let pooled = 0;
  const rare: number[] = [];
  for (let i = 0; i < baseline.length; i += 1) {
    if (i < baseline.length - 1 && (baseline[i] as number) >= least) {
      groupOf[i] = groups;
      groups += 1;
    } else {
      rare.push(i);
      pooled += (baseline[i] as number) + (live[i] as number);
    }
  }
  for (const i of rare) groupOf[i] = groups;
  return { groupOf, groups: pooled > 0 ? groups + 1 : groups };
}

/**
 * The grouping of `psiCells` for the gates: rare categories that are below 2 % all together join the lightest of the
 * others. With a cell of mass .0001 the second gate of nominal .001 passes differences of just delta in .05 of windows.
 */
export function psiGateCells(baseline: Float64Array, live: Float64Array): PsiGrouping {
  const { groupOf, groups } = psiCells(baseline, live);
  const mass = groupCounts(baseline, groupOf, groups);
  const total = sumOf(baseline);
  const rare = groups - 1;
  const isLight = (mass[rare] ?? 0) < Math.max(PSI_MIN_SHARE * total, PSI_MIN_COUNT);
  if (groups < 2 || !isLight) return { groupOf, groups };
  let lightest = 0;
  for (let group = 1; group < rare; group += 1)
    if ((mass[group] as number) < (mass[lightest] as number)) lightest = group;
  return {
    groupOf: groupOf.map((group) => (group === rare ? lightest : group)),
    groups: groups - 1,
  };
}

/** Sums fine counts into groups, scaled: `scale` 1 keeps them, n_eff / n shrinks them to the effective sample. */
export function groupCounts(
  counts: Float64Array,
  groupOf: Uint8Array,
  groups: number,
  scale = 1,
): Float64Array {
  const sums = new Float64Array(groups);
  for (let i = 0; i < counts.length; i += 1) {
    const group = groupOf[i] as number;
    if (group < groups) sums[group] = (sums[group] as number) + (counts[i] as number) * scale;
  }
  return sums;
}

/**
 * Both p-values of a PSI over B groups, c = 1/n + 1/m: no change, PSI/c ~ chi2(B-1) (Yurdakul 2018); and effect at most
 * delta, PSI/c ~ non-central chi2(B-1, delta/c).
 */
export function psiLogP(value: number, groups: number, c: number, delta: number): number {
  if (groups < 2) return 0;
  if (delta === 0) return logChi2Sf(value / c, groups - 1);
  return logNoncentralChi2Sf(value / c, groups - 1, delta / c);
}
