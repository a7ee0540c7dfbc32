import { createBaselineBuilder } from '../../core/baseline/builder.ts';
import { createSampler, planLike } from '../../core/baseline/sampler.ts';
import type { DeclaredFeature } from '../../core/baseline/sampler.ts';
import type { Baseline, BaselineFeature } from '../../core/baseline/types.ts';
import { ALL_SEGMENT } from '../../core/domain/feature.ts';
import type { FeatureKind } from '../../core/domain/feature.ts';
import { evaluate } from '../../core/evaluate/evaluate.ts';
import type { EvaluationPolicy, EvaluationResult, Subject } from '../../core/evaluate/types.ts';
import { judgingOf } from '../../config/policy.ts';
import type { PolicyConfig } from '../../config/types.ts';
import { openRowFile } from '../../ingest/rows/row-file.ts';
import type { Row, RowFile } from '../../ingest/rows/row-file.ts';
import { DriftdError } from '../../platform/errors.ts';
import { baselineFromRows } from '../baseline-from-rows.ts';
import { rowTime } from '../row-time.ts';

/** One comparison may take its time: p-values are exact for samples up to this size. */
const EXACT_LIMIT = 10_000;

export interface CompareOptions {
  readonly declared: ReadonlyMap<string, DeclaredFeature>;
  /** Watch these columns only; null: all that are not ignored. */
  readonly only: readonly string[] | null;
  /** Compare each heavy value of this column apart, too. */
  readonly segment: string | null;
  /** Column of the rows' times: gives the design effect from the baseline's own blocks. null: rows are independent. */
  readonly time: string | null;
  readonly policy: PolicyConfig;
  /** Told how much of the work is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

export interface Comparison {
  readonly policy: EvaluationPolicy;
  readonly baseline: { readonly name: string; readonly rows: number };
  readonly current: { readonly name: string; readonly rows: number };
  readonly subjects: readonly Subject[];
  /** One result a subject, in the same order. */
  readonly evaluation: EvaluationResult;
}

/**
 * Compares two files feature by feature: two passes over the baseline (bins, counts), one over the current rows on the
 * baseline's bins. Without a time column rows count as independent of each other (design effect 1).
 * @throws DriftdError INPUT_INVALID | INPUT_UNREADABLE | BASELINE_INVALID
 */
export async function compareFiles(
  baselinePath: string,
  currentPath: string,
  options: CompareOptions,
): Promise<Comparison> {
  const baselineFile = openRowFile(baselinePath);
  const currentFile = openRowFile(currentPath);
  const baselineColumns = await baselineFile.columns();
  const currentColumns = await currentFile.columns();
  const declared = declaredOf(options, [...new Set([...baselineColumns, ...currentColumns])]);
  if (options.time !== null) {
    requireColumn(options.time, baselineColumns, baselineFile.name, '--time');
    requireColumn(options.time, currentColumns, currentFile.name, '--time');
  }
  if (options.segment !== null) {
    requireColumn(options.segment, baselineColumns, baselineFile.name, '--segment');
  }
  const attributes = options.segment === null ? [] : [options.segment];
  const work = 2 * baselineFile.size + currentFile.size;
  const baseline = await baselineFromRows(baselineFile, {
    model: 'compare',
    timeColumn: options.time,
    declared,
    attributes,
    provenance: baselineFile.name,
    onBytes: (bytes) => options.onProgress?.(bytes / work),
  });
  const added = currentColumns.filter((name) => !baselineColumns.includes(name));
  const { counts, kinds } = await countLike(baseline, currentFile, options, {
    declared,
    added,
    work,
  });
  const spanMs = counts.from === null || counts.to === null ? 0 : counts.to - counts.from;
  const judged = (name: string): EvaluationPolicy => {
    const policy = judgingOf(options.policy, { name, tier: 'standard' });
    return options.time === null ? { ...policy, designEffect: 'none' } : policy;
  };
  const subjects = [
    ...subjectsOf(ALL_SEGMENT, baseline.features, counts.features, currentColumns, spanMs),
    ...[...baseline.segments].flatMap(([segment, features]) =>
      subjectsOf(segment, features, counts.segments.get(segment) ?? [], currentColumns, spanMs),
    ),
    ...[...kinds].map(([name, kind]) => subjectOf(name, kind, spanMs)),
  ].map((subject) => ({ ...subject, policy: judged(subject.feature) }));
  const policy = judged('');
  const evaluation = evaluate(subjects, policy, { evaluationsPerDay: 1, exactLimit: EXACT_LIMIT });
  return {
    policy,
    baseline: { name: baselineFile.name, rows: baseline.rows },
    current: { name: currentFile.name, rows: counts.rows },
    subjects,
    evaluation,
  };
}

interface CountLike {
  readonly declared: ReadonlyMap<string, DeclaredFeature>;
  /** Columns that the baseline does not have. */
  readonly added: readonly string[];
  /** Bytes of the whole comparison; those of this file come last. */
  readonly work: number;
}

/** Counts the current rows as the baseline was; columns that the baseline lacks are only told with their kind. */
async function countLike(
  baseline: Baseline,
  file: RowFile,
  options: CompareOptions,
  { declared, added, work }: CountLike,
): Promise<{ counts: Baseline; kinds: Map<string, FeatureKind> }> {
  const columns = await file.columns();
  const builder = createBaselineBuilder(planLike(baseline, columns));
  const isAdded = new Set(added);
  const sampler = createSampler({
    columns,
    declared: new Map(
      columns.map((name) => [
        name,
        isAdded.has(name) ? (declared.get(name) ?? {}) : { ignore: true },
      ]),
    ),
  });
  const timeAt = options.time === null ? -1 : columns.indexOf(options.time);
  const segmentAt = options.segment === null ? -1 : columns.indexOf(options.segment);
  const segmentsOf = (row: Row): string[] => {
    const value = row[segmentAt];
    return value === null || value === undefined ? [] : [`${options.segment}=${String(value)}`];
  };
  let line = 1;
  const before = work - file.size;
  for await (const row of file.rows((bytes) => options.onProgress?.((before + bytes) / work))) {
    line += 1;
    const time = timeAt < 0 ? null : rowTime(row[timeAt], `${file.name}:${line}`, columns[timeAt]);
    builder.addRow(row, time, segmentsOf(row));
    if (added.length > 0) sampler.addRow(row, []);
  }
  if (line === 1) {
    throw new DriftdError('INPUT_INVALID', `${file.name}: the file has a header, but no rows`);
  }
  const kinds = new Map(sampler.plan().features.map(({ name, kind }) => [name, kind]));
  return { counts: builder.build('compare', file.name), kinds };
}

function declaredOf(
  options: CompareOptions,
  columns: readonly string[],
): ReadonlyMap<string, DeclaredFeature> {
  for (const name of [...options.declared.keys(), ...(options.only ?? [])]) {
    requireColumn(name, columns, 'both files', 'the options');
  }
  const declared = new Map(options.declared);
  if (options.only !== null) {
    const watched = new Set(options.only);
    for (const name of columns) if (!watched.has(name)) declared.set(name, { ignore: true });
  }
  if (options.time !== null) declared.set(options.time, { ignore: true });
  return declared;
}

function requireColumn(name: string, columns: readonly string[], file: string, by: string): void {
  if (columns.includes(name)) return;
  const known = columns.slice(0, 20).join(', ');
  throw new DriftdError(
    'INPUT_INVALID',
    `${file}: no column ${name}, which ${by} names; the columns are ${known}${columns.length > 20 ? ', ...' : ''}`,
  );
}

function subjectsOf(
  segment: string,
  baseline: readonly BaselineFeature[],
  current: readonly BaselineFeature[],
  columns: readonly string[],
  spanMs: number,
): Subject[] {
  return baseline.map((feature, i) => ({
    ...subjectOf(feature.name, feature.kind, spanMs),
    role: feature.role,
    segment,
    baseline: feature,
    live: columns.includes(feature.name) ? (current[i]?.histogram ?? null) : null,
  }));
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
