import { FEATURE_KINDS, FEATURE_ROLES } from '../domain/feature.ts';
import type { FeatureKind, FeatureRole } from '../domain/feature.ts';
import { binningFromData, binningToData } from '../histogram/coding/binning-text.ts';
import { emptyHistogram } from '../histogram/histogram.ts';
import type {
  Binning,
  CategoricalHistogram,
  Histogram,
  NumericHistogram,
} from '../histogram/types.ts';
import type { BaselineFeature, BlockCounts } from './types.ts';

/** A document that is no baseline; the message names the feature and the field. */
export class BaselineDocumentError extends Error {
  constructor(where: string, what: string) {
    super(`${where}: ${what}`);
    this.name = 'BaselineDocumentError';
  }
}

type Fields = Record<string, unknown>;

/** One feature of a baseline as plain data: JSON numbers and texts that people can read. */
export function featureToData(feature: BaselineFeature): Fields {
  return {
    feature: feature.name,
    kind: feature.kind,
    role: feature.role,
    binning: binningToData(feature.histogram.binning),
    scale: feature.scale,
    ...histogramToData(feature.histogram),
    ...(feature.goodTuring === null ? {} : { goodTuring: feature.goodTuring }),
    ...(feature.blocks === null ? {} : { days: blocksToData(feature.blocks) }),
    ...(feature.slots === null
      ? {}
      : { slots: [...feature.slots].map(([slot, h]) => ({ slot, ...histogramToData(h) })) }),
  };
}

/** @throws BaselineDocumentError */
export function featureFromData(data: unknown, where: string): BaselineFeature {
  const fields = object(data, where);
  const name = text(fields, 'feature', where);
  const at = `${where} (${name})`;
  const kind = oneOf<FeatureKind>(fields, 'kind', FEATURE_KINDS, at);
  const role = oneOf<FeatureRole>({ role: 'input', ...fields }, 'role', FEATURE_ROLES, at);
  let binning: Binning;
  try {
    binning = binningFromData(fields['binning'], kind);
  } catch (error) {
    throw new BaselineDocumentError(at, error instanceof Error ? error.message : String(error));
  }
  const slots = fields['slots'];
  return {
    name,
    kind,
    role,
    histogram: histogramFromData(fields, binning, at),
    blocks: fields['days'] === undefined ? null : blocksFromData(fields['days'], binning, at),
    scale: number({ scale: 0, ...fields }, 'scale', at),
    goodTuring:
      fields['goodTuring'] === undefined ? null : goodTuringFromData(fields['goodTuring'], at),
    slots:
      slots === undefined
        ? null
        : new Map(
            list(slots, 'slots', at).map((entry) => {
              const slot = object(entry, `${at} slots`);
              return [count(slot, 'slot', at), histogramFromData(slot, binning, at)];
            }),
          ),
  };
}

function goodTuringFromData(data: unknown, at: string): NonNullable<BaselineFeature['goodTuring']> {
  const fields = object(data, `${at} goodTuring`);
  return {
    singletons: count(fields, 'singletons', at),
    doubletons: count(fields, 'doubletons', at),
  };
}

function histogramToData(h: Histogram): Fields {
  const common = { counts: Array.from(h.counts), missing: h.missing, invalid: h.invalid };
  if (h.kind !== 'numeric') {
    return {
      ...common,
      other: h.other,
      unseen: h.unseen,
      cells: Array.from(h.cells),
      heavy: [...h.heavy],
    };
  }
  const { zero, negative, integer, infinite, sum, sumSquares } = h;
  const finite = h.min <= h.max;
  return {
    ...common,
    moments: {
      zero,
      negative,
      integer,
      infinite,
      sum,
      sumSquares,
      min: finite ? h.min : null,
      max: finite ? h.max : null,
    },
    tailSums: Array.from(h.tailSums),
  };
}

function histogramFromData(fields: Fields, binning: Binning, at: string): Histogram {
  const h = emptyHistogram(binning);
  fill(h.counts, fields, 'counts', at);
  h.missing = count({ missing: 0, ...fields }, 'missing', at);
  h.invalid = count({ invalid: 0, ...fields }, 'invalid', at);
  if (h.kind === 'numeric') readNumeric(h, fields, at);
  else readCategorical(h, fields, at);
  return h;
}

function readNumeric(h: NumericHistogram, fields: Fields, at: string): void {
  const moments = object(fields['moments'] ?? {}, `${at} moments`);
  for (const key of ['zero', 'negative', 'integer', 'infinite'] as const) {
    h[key] = count({ [key]: 0, ...moments }, key, at);
  }
  for (const key of ['sum', 'sumSquares'] as const)
    h[key] = number({ [key]: 0, ...moments }, key, at);
  if (typeof moments['min'] === 'number') h.min = moments['min'];
  if (typeof moments['max'] === 'number') h.max = moments['max'];
  const sums = fields['tailSums'];
  if (sums === undefined) return;
  list(sums, 'tailSums', at).forEach((sum, i) => {
    if (typeof sum !== 'number' || i >= h.tailSums.length) {
      throw new BaselineDocumentError(at, '"tailSums" must be one number a tail bin');
    }
    h.tailSums[i] = sum;
  });
}

function readCategorical(h: CategoricalHistogram, fields: Fields, at: string): void {
  h.other = count({ other: 0, ...fields }, 'other', at);
  h.unseen = count({ unseen: 0, ...fields }, 'unseen', at);
  if (fields['cells'] !== undefined) fill(h.cells, fields, 'cells', at);
  for (const entry of list(fields['heavy'] ?? [], 'heavy', at)) {
    const [name, n] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof name !== 'string' || typeof n !== 'number') {
      throw new BaselineDocumentError(at, '"heavy" must be a list of [name, count]');
    }
    h.heavy.set(name, n);
  }
}

function blocksToData(blocks: BlockCounts): Fields {
  return {
    groupOf: Array.from(blocks.groupOf),
    hours: Array.from(blocks.hours),
    counts: Array.from(blocks.counts),
  };
}

function blocksFromData(data: unknown, binning: Binning, at: string): BlockCounts {
  const fields = object(data, `${at} days`);
  const cells =
    binning.kind === 'numeric' ? binning.edges.length + 1 : binning.categories.length + 2;
  const groupOf = Uint8Array.from(counts(fields, 'groupOf', at));
  if (groupOf.length !== cells)
    throw new BaselineDocumentError(at, `"days.groupOf" needs ${cells} entries`);
  const groups = groupOf.reduce((most, group) => Math.max(most, group + 1), 0);
  const hours = Int32Array.from(counts(fields, 'hours', at));
  const values = Uint32Array.from(counts(fields, 'counts', at));
  if (values.length !== hours.length * groups) {
    throw new BaselineDocumentError(at, `"days.counts" needs ${hours.length * groups} entries`);
  }
  return { groupOf, groups, hours, counts: values };
}

function object(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new BaselineDocumentError(where, 'must be an object');
}

function list(value: unknown, key: string, where: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new BaselineDocumentError(where, `"${key}" must be a list`);
}

function text(fields: Fields, key: string, where: string): string {
  const value = fields[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new BaselineDocumentError(where, `"${key}" must be a text`);
}

function oneOf<T extends string>(
  fields: Fields,
  key: string,
  allowed: readonly T[],
  where: string,
): T {
  const value = fields[key];
  const found = allowed.find((word) => word === value);
  if (found !== undefined) return found;
  throw new BaselineDocumentError(where, `"${key}" must be one of ${allowed.join(', ')}`);
}

function number(fields: Fields, key: string, where: string): number {
  const value = fields[key];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new BaselineDocumentError(where, `"${key}" must be a number`);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function count(fields: Fields, key: string, where: string): number {
  const value = fields[key];
  if (isCount(value)) return value;
  throw new BaselineDocumentError(where, `"${key}" must be a whole number, 0 or more`);
}

function counts(fields: Fields, key: string, where: string): number[] {
  const values = list(fields[key], key, where);
  if (values.every(isCount)) return values;
  throw new BaselineDocumentError(where, `"${key}" must hold whole numbers, 0 or more`);
}

function fill(target: Float64Array, fields: Fields, key: string, where: string): void {
  const values = counts(fields, key, where);
  if (values.length !== target.length) {
    throw new BaselineDocumentError(
      where,
      `"${key}" has ${values.length} entries, the binning asks for ${target.length}`,
    );
  }
  target.set(values);
}
