import { createBaselineBuilder } from '../../core/baseline/builder.ts';
import { createCategoryCounts } from '../../core/baseline/category-counts.ts';
import { isMissingText, segmentOfRow } from '../../core/baseline/row-value.ts';
import { MAX_SEGMENTS, createSampler, planLike } from '../../core/baseline/sampler.ts';
import type { DeclaredFeature } from '../../core/baseline/sampler.ts';
import type { Baseline } from '../../core/baseline/types.ts';
import type { FeatureKind } from '../../core/domain/feature.ts';
import { evaluate } from '../../core/evaluate/evaluate.ts';
import { binnedTotal } from '../../core/histogram/histogram.ts';
import type { EvaluationPolicy, EvaluationResult, Subject } from '../../core/evaluate/types.ts';
import { judgingOf } from '../../config/policy.ts';
import type { PolicyConfig } from '../../config/types.ts';
import { openRowFile } from '../../ingest/rows/row-file.ts';
import type { Row, RowFile } from '../../ingest/rows/row-file.ts';
import { DriftdError } from '../../platform/errors.ts';
import { baselineFromRows } from '../baseline-from-rows.ts';
import { noTime, rowTime } from '../row-time.ts';
import { createCategoryTally } from './category-tally.ts';
import type { CategoryTally } from './category-tally.ts';
import { noticesOf } from './notices.ts';
import { subjectsOf } from './subjects.ts';

/** One comparison may take its time: p-values are exact for samples up to this size. */
const EXACT_LIMIT = 10_000;
/** Distinct values of a segment's column that are counted, to find the frequent ones. */
const MAX_SEGMENT_VALUES = 100_000;

export interface CompareOptions {
  readonly declared: ReadonlyMap<string, DeclaredFeature>;
  /** Of the numbers of columns, for people. */
  readonly units?: ReadonlyMap<string, string>;
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
  /** What was not compared, and why: columns of one file only, columns that hold no values, segments beyond the limit. */
  readonly notices: readonly string[];
  readonly subjects: readonly Subject[];
  /** One result a subject, in the same order. */
  readonly evaluation: EvaluationResult;
}

/**
 * Compares two files feature by feature: two passes over the baseline (bins, counts), one over the current rows on the
 * baseline's bins, and one more for segments. Without a time column rows count as independent of each other (design effect
 * 1). Texts that stand for no value (`NA`) are missing, in either file.
 * @throws DriftdError INPUT_INVALID | INPUT_UNREADABLE | BASELINE_INVALID
 */
export async function compareFiles(
  baselinePath: string,
  currentPath: string,
  options: CompareOptions,
): Promise<Comparison> {
  const files = [openRowFile(baselinePath), openRowFile(currentPath)] as const;
  const columns = [await files[0].columns(), await files[1].columns()] as const;
  const skipped = [...(await files[0].skipped()), ...(await files[1].skipped())];
  const declared = declaredOf(options, columns.flat(), new Set(skipped.map(({ name }) => name)));
  files.forEach((file, i) => {
    for (const [name, by] of [
      [options.time, '--time'],
      [options.segment, '--segment'],
    ] as const)
      if (name !== null) requireColumn(name, columns[i] ?? [], file.name, by);
  });
  const isWatched = (name: string): boolean => declared.get(name)?.ignore !== true;
  const isWanted = (name: string): boolean =>
    isWatched(name) || name === options.time || name === options.segment;
  const [baselineFile, currentFile] = files.map((file) => asCompared(file, isWanted)) as [
    RowFile,
    RowFile,
  ];
  const tally = createCategoryTally();
  const work = (options.segment === null ? 1 : 2) * currentFile.size + 2 * baselineFile.size;
  const progress = (before: number) => (bytes: number) =>
    options.onProgress?.((before + bytes) / work);
  const baseline = await baselineFromRows(baselineFile, {
    model: 'compare',
    timeColumn: options.time,
    declared,
    attributes: options.segment === null ? [] : [options.segment],
    provenance: baselineFile.name,
    onBytes: progress(0),
    watch: (plan) => tally.side('baseline', plan),
  });
  const frequent = await segmentsOf(currentFile, options.segment, progress(2 * baselineFile.size));
  const { counts, kinds } = await countLike(baseline, currentFile, options, {
    declared,
    added: columns[1].filter((name) => !columns[0].includes(name)),
    segments: frequent.names,
    tally,
    onBytes: progress(work - currentFile.size),
  });
  const judged = (name: string): EvaluationPolicy => {
    const policy = judgingOf(options.policy, { name, tier: 'standard' });
    return options.time === null ? { ...policy, designEffect: 'none' } : policy;
  };
  const subjects = subjectsOf({ baseline, counts, columns: columns[1], added: kinds, tally }).map(
    (subject) => ({
      ...subject,
      unit: options.units?.get(subject.feature) ?? null,
      policy: judged(subject.feature),
    }),
  );
  const evaluation = evaluate(subjects, judged(''), {
    evaluationsPerDay: 1,
    exactLimit: EXACT_LIMIT,
  });
  return {
    policy: judged(''),
    baseline: { name: baselineFile.name, rows: baseline.rows },
    current: { name: currentFile.name, rows: counts.rows },
    notices: await noticesOf({
      files,
      columns,
      isWatched,
      frequent,
      alone: aloneSegments(baseline, counts),
      tally,
      options,
    }),
    subjects,
    evaluation,
  };
}

/** The rows as they are compared: unwanted columns are not decoded, texts that stand for no value are none. */
function asCompared(file: RowFile, wanted: (column: string) => boolean): RowFile {
  const value = (of: Row[number]): Row[number] =>
    typeof of === 'string' && isMissingText(of) ? null : of;
  return {
    ...file,
    async *rows(onBytes) {
      for await (const row of file.rows(onBytes, wanted)) yield row.map(value);
    },
  };
}

/** Segments of a file: the heaviest by rows, and how many there are besides. */
export interface FrequentSegments {
  readonly names: readonly string[];
  readonly others: number;
}

async function segmentsOf(
  file: RowFile,
  column: string | null,
  onBytes: (bytes: number) => void,
): Promise<FrequentSegments> {
  if (column === null) return { names: [], others: 0 };
  const at = (await file.columns()).indexOf(column);
  const rows = createCategoryCounts(MAX_SEGMENT_VALUES);
  for await (const row of file.rows(onBytes)) {
    const name = segmentOfRow(column, row[at]);
    if (name !== null) rows.add(name);
  }
  const names = [...rows.counts]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([name]) => name);
  return { names: names.slice(0, MAX_SEGMENTS), others: Math.max(0, names.length - MAX_SEGMENTS) };
}

/** Segments that one side only has; of the baseline with rows enough to be compared with. */
export interface AloneSegments {
  readonly baseline: readonly string[];
  readonly current: readonly string[];
}

function aloneSegments(baseline: Baseline, counts: Baseline): AloneSegments {
  const hasRows = (name: string): boolean =>
    counts.segments
      .get(name)
      ?.some(({ histogram: h }) => binnedTotal(h) + h.missing + h.invalid > 0) === true;
  return {
    baseline: [...baseline.segments.keys()].filter((name) => !hasRows(name)),
    current: [...counts.segments.keys()].filter((name) => !baseline.segments.has(name)),
  };
}

interface CountLike {
  readonly declared: ReadonlyMap<string, DeclaredFeature>;
  /** Columns that the baseline does not have. */
  readonly added: readonly string[];
  /** Segments to be counted, besides those of the baseline. */
  readonly segments: readonly string[];
  readonly tally: CategoryTally;
  readonly onBytes: (bytes: number) => void;
}

/** Counts the current rows as the baseline was; columns that the baseline lacks are only told with their kind. */
async function countLike(
  baseline: Baseline,
  file: RowFile,
  { time: timeColumn, segment: attribute }: CompareOptions,
  { declared, added, segments, tally, onBytes }: CountLike,
): Promise<{ counts: Baseline; kinds: Map<string, FeatureKind> }> {
  const columns = await file.columns();
  const like = planLike(baseline, columns);
  const plan = { ...like, segments: new Set([...like.segments, ...segments]) };
  const builder = createBaselineBuilder(plan);
  const seen = tally.side('live', like);
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
  const timeAt = timeColumn === null ? -1 : columns.indexOf(timeColumn);
  const segmentAt = attribute === null ? -1 : columns.indexOf(attribute);
  let rows = 0;
  for await (const row of file.rows(onBytes)) {
    const time = timeAt < 0 ? null : rowTime(row[timeAt]);
    if (time === undefined) throw await noTime(file, rows, row[timeAt], columns[timeAt]);
    rows += 1;
    const name = attribute === null ? null : segmentOfRow(attribute, row[segmentAt]);
    const names = name === null ? [] : [name];
    builder.addRow(row, time, names);
    seen(row, names);
    if (added.length > 0) sampler.addRow(row, []);
  }
  if (rows === 0) {
    throw new DriftdError('INPUT_INVALID', `${file.name}: the file has a header, but no rows`);
  }
  const kinds = new Map(sampler.plan().features.map(({ name, kind }) => [name, kind]));
  return { counts: builder.build('compare', file.name), kinds };
}

function declaredOf(
  options: CompareOptions,
  all: readonly string[],
  skipped: ReadonlySet<string>,
): ReadonlyMap<string, DeclaredFeature> {
  const columns = [...new Set(all)];
  const units = options.units?.keys() ?? [];
  for (const name of [...options.declared.keys(), ...units, ...(options.only ?? [])]) {
    if (!skipped.has(name)) requireColumn(name, columns, 'both files', 'the options');
  }
  for (const name of options.policy.features.keys()) {
    if (!skipped.has(name)) requireColumn(name, columns, 'both files', '--policy');
  }
  const declared = new Map(options.declared);
  if (options.only !== null) {
    const watched = new Set(options.only);
    for (const name of columns) if (!watched.has(name)) declared.set(name, { ignore: true });
  }
  if (options.time !== null) declared.set(options.time, { ignore: true });
  // A comparison of nothing would read as one that found nothing.
  if (columns.every((name) => declared.get(name)?.ignore === true)) {
    throw new DriftdError(
      'INPUT_INVALID',
      'no column is left to compare: all of them are ignored, are the time, or are not among the features to watch',
    );
  }
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
