import { createBaselineBuilder } from '../core/baseline/builder.ts';
import { createSampler } from '../core/baseline/sampler.ts';
import type { DeclaredFeature, History } from '../core/baseline/sampler.ts';
import type { RowValue } from '../core/baseline/row-value.ts';
import type { Baseline } from '../core/baseline/types.ts';
import { segmentOfValue } from '../core/histogram/segment-name.ts';
import type { RowFile } from '../ingest/rows/row-file.ts';
import { DriftdError } from '../platform/errors.ts';
import { rowTime } from './row-time.ts';

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
  /** Told the bytes read so far, of twice the file's size: the rows are read twice. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * A baseline from training rows, in two passes: one to learn kinds and bins, one to count exactly.
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
  const segmentsOf = (row: readonly (RowValue | undefined)[]): string[] =>
    slices.flatMap(({ name, at }) => {
      const value = row[at];
      return value === null || value === undefined ? [] : [segmentOfValue(name, String(value))];
    });

  const sampler = createSampler({ columns, declared });
  let rows = 0;
  for await (const row of file.rows(options.onBytes)) {
    sampler.addRow(row, segmentsOf(row));
    rows += 1;
  }
  if (rows === 0) {
    throw new DriftdError('BASELINE_INVALID', `${file.name}: the file has a header, but no rows`);
  }
  const builder = createBaselineBuilder(sampler.plan(options.history), {
    slots: options.slots ?? false,
  });
  let line = 1;
  for await (const row of file.rows((bytes) => options.onBytes?.(file.size + bytes))) {
    line += 1;
    const time = timeAt < 0 ? null : rowTime(row[timeAt], `${file.name}:${line}`, columns[timeAt]);
    builder.addRow(row, time, segmentsOf(row));
  }
  return builder.build(options.model, options.provenance);
}
