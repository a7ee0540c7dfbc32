import type { Baseline, BaselineFeature } from '../../core/baseline/types.ts';
import { ALL_SEGMENT } from '../../core/domain/feature.ts';
import type { FeatureKind } from '../../core/domain/feature.ts';
import type { Subject } from '../../core/evaluate/types.ts';
import type { CategoryTally } from './category-tally.ts';

/** Two files as they were counted. */
export interface Counted {
  readonly baseline: Baseline;
  /** The current rows under the baseline's binnings, also of segments that the baseline does not have. */
  readonly counts: Baseline;
  /** Of the current file. */
  readonly columns: readonly string[];
  /** Columns that the baseline does not have. */
  readonly added: ReadonlyMap<string, FeatureKind>;
  readonly tally: CategoryTally;
}

/**
 * What is to be judged: each feature over all rows, then in each segment of the baseline, then in segments that only the
 * current rows have in numbers, which have no baseline; at last columns without one.
 */
export function subjectsOf({ baseline, counts, columns, added, tally }: Counted): Subject[] {
  const spanMs = counts.from === null || counts.to === null ? 0 : counts.to - counts.from;
  const inSegment = (
    segment: string,
    own: readonly BaselineFeature[] | null,
    current: readonly BaselineFeature[],
  ): Subject[] =>
    baseline.features.map((feature, i) => ({
      ...subjectOf(feature.name, feature.kind, spanMs),
      role: feature.role,
      segment,
      baseline: own?.[i] ?? null,
      live: columns.includes(feature.name) ? (current[i]?.histogram ?? null) : null,
      categories: tally.of(segment, feature.name),
    }));
  const without = [...counts.segments.keys()].filter((name) => !baseline.segments.has(name));
  return [
    ...inSegment(ALL_SEGMENT, baseline.features, counts.features),
    ...[...baseline.segments].flatMap(([segment, own]) =>
      inSegment(segment, own, counts.segments.get(segment) ?? []),
    ),
    ...without.flatMap((segment) => inSegment(segment, null, counts.segments.get(segment) ?? [])),
    ...[...added].map(([name, kind]) => subjectOf(name, kind, spanMs)),
  ];
}

/** A column without a baseline. */
function subjectOf(feature: string, kind: FeatureKind, spanMs: number): Subject {
  return {
    feature,
    kind,
    role: 'input',
    tier: 'standard',
    segment: ALL_SEGMENT,
    window: { name: 'file', spanMs },
    baseline: null,
    live: null,
    comparable: true,
    history: [],
    mixture: null,
  };
}
