import { FEATURE_KINDS, FEATURE_ROLES } from '../../domain/feature.ts';
import type { FeatureKind, FeatureRole } from '../../domain/feature.ts';
import { binningFromData, binningToData } from '../../histogram/coding/binning-text.ts';
import type { Binning, Histogram } from '../../histogram/types.ts';
import {
  BaselineDocumentError,
  count,
  counts,
  integers,
  list,
  number,
  object,
  oneOf,
  text,
} from './fields.ts';
import type { Fields } from './fields.ts';
import { histogramFromData, histogramToData } from './histogram.ts';
import type { BaselineFeature, BlockCounts, GoodTuring } from '../types.ts';

/**
 * One feature of a baseline as plain data: JSON numbers and texts that people can read.
 *
 * @param binning `full` writes edges or categories; `id` only the binning's id, where the reader has the rest
 */
export function featureToData(feature: BaselineFeature, binning: 'full' | 'id' = 'full'): Fields {
  const { id } = feature.histogram.binning;
  return {
    feature: feature.name,
    kind: feature.kind,
    role: feature.role,
    binning: binning === 'full' ? binningToData(feature.histogram.binning) : { id },
    scale: feature.scale,
    ...histogramToData(feature.histogram),
    ...(feature.goodTuring === null ? {} : { goodTuring: feature.goodTuring }),
    ...(feature.blocks === null ? {} : { days: blocksToData(feature.blocks) }),
    ...(feature.slots === null
      ? {}
      : { slots: [...feature.slots].map(([slot, h]) => ({ slot, ...histogramToData(h) })) }),
    ...(feature.also === undefined
      ? {}
      : { also: feature.also.map((other) => featureToData(other, binning)) }),
  };
}

/**
 * @param where for messages: the place in the document
 * @param binnings by id, for entries that only name theirs
 * @throws BaselineDocumentError
 */
export function featureFromData(
  data: unknown,
  where: string,
  binnings: ReadonlyMap<string, Binning> = new Map(),
): BaselineFeature {
  const fields = object(data, where);
  const name = text(fields, 'feature', where);
  const at = `${where} (${name})`;
  const kind = oneOf<FeatureKind>(fields, 'kind', FEATURE_KINDS, at);
  const role = oneOf<FeatureRole>({ role: 'input', ...fields }, 'role', FEATURE_ROLES, at);
  const binning = readBinning(fields['binning'], kind, at, binnings);
  const histogram = histogramFromData(fields, binning, at);
  const { days, goodTuring, slots, scale, also } = fields;
  return {
    name,
    kind,
    role,
    histogram,
    blocks: days === undefined ? null : blocksFromData(days, binning, at),
    scale: scale === undefined ? spreadOf(histogram) : readScale(scale, at),
    goodTuring: goodTuring === undefined ? null : readGoodTuring(goodTuring, `${at} goodTuring`),
    slots: slots === undefined ? null : readSlots(slots, binning, at),
    ...(also === undefined ? {} : { also: readAlso(also, { name, kind }, at, binnings) }),
  };
}

/** The same feature on other binnings; they have no further ones. */
function readAlso(
  data: unknown,
  { name, kind }: Pick<BaselineFeature, 'name' | 'kind'>,
  at: string,
  binnings: ReadonlyMap<string, Binning>,
): BaselineFeature[] {
  return list(data, 'also', at).map((entry, i) => {
    const where = `${at} also[${i}]`;
    const fields = object(entry, where);
    const other =
      fields['also'] === undefined ? featureFromData(fields, where, binnings) : undefined;
    if (other?.name === name && other.kind === kind) return other;
    throw new BaselineDocumentError(where, 'must be the same feature on another binning');
  });
}

function readBinning(
  data: unknown,
  kind: FeatureKind,
  at: string,
  binnings: ReadonlyMap<string, Binning>,
): Binning {
  const fields = object(data, `${at} binning`);
  if (fields['edges'] === undefined && fields['categories'] === undefined) {
    const named = binnings.get(text(fields, 'id', `${at} binning`));
    if (named?.kind === kind) return named;
    throw new BaselineDocumentError(
      at,
      '"binning" has neither "edges" nor "categories", and its id is not known',
    );
  }
  try {
    return binningFromData(fields, kind);
  } catch (error) {
    throw new BaselineDocumentError(at, error instanceof Error ? error.message : String(error));
  }
}

function readScale(value: unknown, at: string): number {
  const scale = number(value, 'scale', at);
  if (scale >= 0 && scale < Infinity) return scale;
  throw new BaselineDocumentError(at, '"scale" must be a finite number, 0 or more');
}

/** q90 - q10 as near as the bins tell, for documents that do not say; 0 for categories and without values. */
function spreadOf(h: Histogram): number {
  if (h.kind !== 'numeric') return 0;
  const total = h.counts.reduce((sum, n) => sum + n, 0);
  const quantile = (p: number): number => {
    let cumulative = 0;
    for (const [bin, n] of h.counts.entries()) {
      cumulative += n;
      if (n > 0 && cumulative >= p * total) return Math.min(h.binning.edges[bin] ?? h.max, h.max);
    }
    return 0;
  };
  const spread = quantile(0.9) - quantile(0.1);
  return spread > 0 && spread < Infinity ? spread : 0;
}

function readGoodTuring(data: unknown, at: string): GoodTuring {
  const fields = object(data, at);
  return {
    singletons: count(fields, 'singletons', at),
    doubletons: count(fields, 'doubletons', at),
  };
}

function readSlots(data: unknown, binning: Binning, at: string): ReadonlyMap<number, Histogram> {
  const slots = new Map<number, Histogram>();
  for (const entry of list(data, 'slots', at)) {
    const fields = object(entry, `${at} slots`);
    const slot = count(fields, 'slot', `${at} slots`);
    if (slot >= 168 || slots.has(slot)) {
      throw new BaselineDocumentError(at, `"slots" holds slot ${slot} twice, or beyond 167`);
    }
    slots.set(slot, histogramFromData(fields, binning, `${at} slot ${slot}`));
  }
  return slots;
}

function blocksToData(blocks: BlockCounts): Fields {
  return {
    groupOf: Array.from(blocks.groupOf),
    hours: Array.from(blocks.hours),
    counts: Array.from(blocks.counts),
  };
}

function blocksFromData(data: unknown, binning: Binning, at: string): BlockCounts {
  const where = `${at} days`;
  const fields = object(data, where);
  const cells =
    binning.kind === 'numeric' ? binning.edges.length + 1 : binning.categories.length + 2;
  const groupOf = counts(fields, 'groupOf', where);
  if (groupOf.length !== cells || groupOf.some((group) => group > 9)) {
    throw new BaselineDocumentError(where, `"groupOf" needs ${cells} groups of 0 to 9`);
  }
  const groups = Math.max(...groupOf) + 1;
  const hours = integers(fields, 'hours', where);
  if (hours.some((hour, i) => i > 0 && hour <= (hours[i - 1] as number))) {
    throw new BaselineDocumentError(where, '"hours" must ascend');
  }
  const values = counts(fields, 'counts', where);
  if (values.length !== hours.length * groups || values.some((value) => value >= 2 ** 32)) {
    throw new BaselineDocumentError(where, `"counts" needs ${hours.length * groups} entries`);
  }
  return {
    groupOf: Uint8Array.from(groupOf),
    groups,
    hours: Int32Array.from(hours),
    counts: Uint32Array.from(values),
  };
}
