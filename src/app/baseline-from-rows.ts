import { createBaselineBuilder } from '../core/baseline/builder.ts';
import { attributeValues } from '../core/baseline/checks/attributes.ts';
import type { AttributeValues } from '../core/baseline/checks/attributes.ts';
import { createSampler } from '../core/baseline/sampler.ts';
import type { BaselinePlan, DeclaredFeature, History } from '../core/baseline/sampler.ts';
import { segmentOfRow } from '../core/baseline/row-value.ts';
import type { RowValue } from '../core/baseline/row-value.ts';
import type { Baseline } from '../core/baseline/types.ts';
import type { RowFile } from '../ingest/rows/row-file.ts';
import { DriftdError } from '../platform/errors.ts';
import { noTime, rowTime } from './row-time.ts';

export interface BaselineFromRowsOptions {
  readonly model: string;
  /** Column of the rows' times; the rows need not have it. null: there is none. */
  readonly timeColumn: string | null;
  readonly declared: ReadonlyMap<string, DeclaredFeature>;
  /** Columns that the rows are sliced by. */
  readonly attributes: readonly string[];
  /** For people; never a path. */
  readonly provenance: string;
  readonly slots?: boolean;
  /** Binnings that the model's history is counted under: they are kept where the rows fit them. */
  readonly history?: History;
  /** Columns that are features at most; the rows of more are not read at all. */
  readonly maxFeatures?: number;
  /** Asked when the bins are known, for somebody to whom each row is then shown as it is counted. */
  readonly watch?: (plan: BaselinePlan) => (row: Row, segments: readonly string[]) => void;
  /** Told once what the rows hold of each attribute. */
  readonly onAttributes?: (told: readonly AttributeValues[]) => void;
  /** Told the bytes read so far, of twice the file's size: the rows are read twice. */
  readonly onBytes?: (bytes: number) => void;
}

/** A row of a file, in the order of its columns. */
type Row = readonly (RowValue | undefined)[];

/**
 * A baseline from training rows, in two passes: one to learn kinds and bins, one to count exactly. A third one between them
 * when a column that looked numeric at first turns out not to be.
 * @throws DriftdError INPUT_INVALID | BASELINE_INVALID, naming the file and the line
 */
export async function baselineFromRows(
  file: RowFile,
  options: BaselineFromRowsOptions,
): Promise<Baseline> {
  const columns = await file.columns();
  const timeAt = options.timeColumn === null ? -1 : columns.indexOf(options.timeColumn);
  const declared = new Map(options.declared);
  if (timeAt >= 0) declared.set(columns[timeAt] as string, { ignore: true });
  const watched = columns.filter((name) => declared.get(name)?.ignore !== true).length;
  if (watched > (options.maxFeatures ?? Infinity)) {
    const text = `${file.name}: it has ${watched} features, at most ${options.maxFeatures} are watched: ignore some`;
    throw new DriftdError('BASELINE_INVALID', text);
  }
  const slices = options.attributes
    .map((name) => ({ name, at: columns.indexOf(name) }))
    .filter(({ at }) => at >= 0);
  const segmentsOf = (row: Row): string[] =>
    slices.flatMap(({ name, at }) => {
      const segment = segmentOfRow(name, row[at]);
      return segment === null ? [] : [segment];
    });

  const plan = await planFrom(file, declared, segmentsOf, options);
  const builder = createBaselineBuilder(plan, { slots: options.slots ?? false });
  const seen = options.watch?.(plan);
  let rows = 0;
  for await (const row of file.rows((bytes) => options.onBytes?.(file.size + bytes))) {
    const time = timeAt < 0 ? null : rowTime(row[timeAt]);
    if (time === undefined) throw await noTime(file, rows, row[timeAt], columns[timeAt]);
    rows += 1;
    const segments = segmentsOf(row);
    builder.addRow(row, time, segments);
    seen?.(row, segments);
  }
  return builder.build(options.model, options.provenance);
}

async function planFrom(
  file: RowFile,
  declared: ReadonlyMap<string, DeclaredFeature>,
  segmentsOf: (row: Row) => string[],
  { onBytes, history, attributes, onAttributes }: BaselineFromRowsOptions,
): Promise<BaselinePlan> {
  const columns = await file.columns();
  const sampler = createSampler({ columns, declared });
  let rows = 0;
  for await (const row of file.rows(onBytes)) {
    sampler.addRow(row, segmentsOf(row));
    rows += 1;
  }
  if (rows === 0) {
    throw new DriftdError('BASELINE_INVALID', `${file.name}: the file has a header, but no rows`);
  }
  const plan = sampler.plan(history);
  onAttributes?.(attributeValues(attributes, sampler.segmentRows(), plan.segments));
  const unfinished = new Set(sampler.unfinished());
  if (unfinished.size === 0) return plan;
  const again = createSampler({
    columns,
    declared: new Map(
      columns.map((name) => [
        name,
        unfinished.has(name)
          ? { ...declared.get(name), kind: 'categorical' as const }
          : { ignore: true },
      ]),
    ),
  });
  for await (const row of file.rows()) again.addRow(row, []);
  const sampled = new Map(again.plan(history).features.map((feature) => [feature.name, feature]));
  return { ...plan, features: plan.features.map((own) => sampled.get(own.name) ?? own) };
}
