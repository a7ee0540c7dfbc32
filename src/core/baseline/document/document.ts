import { sha256 } from '../../histogram/hash/fingerprint.ts';
import type { Binning } from '../../histogram/types.ts';
import { BaselineDocumentError, list, object } from './fields.ts';
import { featureFromData, featureToData } from './feature.ts';
import type { Baseline, BaselineFeature } from '../types.ts';

/** The histogram document of a baseline: plain data, for files, the API and the database. */
export interface BaselineDocument {
  readonly model: string;
  readonly rows: number;
  /** Time range of the training rows, RFC 3339; null without timestamps. */
  readonly from: string | null;
  readonly to: string | null;
  readonly provenance: string;
  readonly features: readonly Record<string, unknown>[];
  /** Features of further segments, by the segment's name. */
  readonly segments?: Readonly<Record<string, readonly Record<string, unknown>[]>>;
}

/** Adds the fingerprint of the content (model, rows, features, segments; not the provenance). */
export function sealBaseline(parts: Omit<Baseline, 'fingerprint'>): Baseline {
  const content = JSON.stringify([
    'baseline/1',
    parts.model,
    parts.rows,
    featuresToData(parts.features),
    segmentsToData(parts),
  ]);
  return { ...parts, fingerprint: sha256(content) };
}

/** The same baseline as plain data; `parseDocument` gives it back exactly. */
export function toDocument(baseline: Baseline): BaselineDocument {
  const iso = (time: number | null): string | null => (time === null ? null : isoTime(time));
  return {
    model: baseline.model,
    rows: baseline.rows,
    from: iso(baseline.from),
    to: iso(baseline.to),
    provenance: baseline.provenance,
    features: featuresToData(baseline.features),
    ...(baseline.segments.size === 0
      ? {}
      : { segments: Object.fromEntries(segmentsToData(baseline)) }),
  };
}

function featuresToData(features: readonly BaselineFeature[]): Record<string, unknown>[] {
  return features.map((feature) => featureToData(feature));
}

/** A segment's features stand on the binnings of "all", and only name them. */
function segmentsToData(
  baseline: Pick<Baseline, 'features' | 'segments'>,
): [string, Record<string, unknown>[]][] {
  const told = new Set(
    baseline.features.flatMap(onAllBinnings).map(({ histogram }) => histogram.binning.id),
  );
  return [...baseline.segments].map(([name, features]) => [
    name,
    features.map((feature) =>
      featureToData(feature, told.has(feature.histogram.binning.id) ? 'id' : 'full'),
    ),
  ]);
}

/**
 * Reads a document.
 * @throws BaselineDocumentError naming the feature and the field
 */
export function parseDocument(data: unknown): Baseline {
  const fields = object(data, 'baseline');
  const { model, rows, provenance } = fields;
  if (typeof model !== 'string' || model === '') {
    throw new BaselineDocumentError('baseline', '"model" must be a text');
  }
  if (typeof rows !== 'number' || !Number.isSafeInteger(rows) || rows < 0) {
    throw new BaselineDocumentError('baseline', '"rows" must be a whole number, 0 or more');
  }
  const segments = object(fields['segments'] ?? {}, 'segments');
  const features = readFeatures(fields['features'], 'features', new Map());
  const binnings = new Map(
    features.flatMap(onAllBinnings).map(({ histogram: { binning } }) => [binning.id, binning]),
  );
  return sealBaseline({
    model,
    rows,
    from: readTime(fields['from'], 'from'),
    to: readTime(fields['to'], 'to'),
    provenance: typeof provenance === 'string' ? provenance : '',
    features,
    segments: new Map(
      Object.entries(segments).map(([name, entries]) => [
        name,
        readFeatures(entries, `segments.${name}`, binnings),
      ]),
    ),
  });
}

function onAllBinnings(feature: BaselineFeature): BaselineFeature[] {
  return [feature, ...(feature.also ?? [])];
}

function readFeatures(
  value: unknown,
  where: string,
  binnings: ReadonlyMap<string, Binning>,
): BaselineFeature[] {
  const features = list(value, where, 'baseline').map((data, i) =>
    featureFromData(data, `${where}[${i}]`, binnings),
  );
  const seen = new Set<string>();
  for (const { name } of features) {
    if (seen.has(name))
      throw new BaselineDocumentError(where, `feature ${name} stands there twice`);
    seen.add(name);
  }
  return features;
}

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?Z$/;

function readTime(value: unknown, key: string): number | null {
  if (value === undefined || value === null) return null;
  const match = typeof value === 'string' ? RFC3339.exec(value) : null;
  if (match === null) {
    throw new BaselineDocumentError(
      'baseline',
      `"${key}" must be a UTC time such as 2026-01-31T23:59:00Z`,
    );
  }
  const part = (i: number): number => Number(match[i] ?? 0);
  const millis = Number((match[7] ?? '0').padEnd(3, '0'));
  const [hour, minute, second] = [part(4), part(5), part(6)];
  const valid = part(1) >= 1 && part(2) >= 1 && part(2) <= 12 && part(3) >= 1 && part(3) <= 31;
  if (!valid || hour > 23 || minute > 59 || second > 59) {
    throw new BaselineDocumentError('baseline', `"${key}" is no time of the calendar`);
  }
  const seconds = hour * 3600 + minute * 60 + second;
  return daysFromCivil(part(1), part(2), part(3)) * 86_400_000 + seconds * 1000 + millis;
}

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar (Hinnant's algorithm). */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return (
    era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468
  );
}

/** The inverse: RFC 3339 in UTC with milliseconds. */
function isoTime(time: number): string {
  const days = Math.floor(time / 86_400_000);
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const ofEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) /
      365,
  );
  const ofYear =
    ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const rest = time - days * 86_400_000;
  const two = (n: number): string => String(n).padStart(2, '0');
  const clock = `${two(Math.floor(rest / 3_600_000))}:${two(Math.floor(rest / 60_000) % 60)}:${two(Math.floor(rest / 1000) % 60)}`;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${clock}.${String(rest % 1000).padStart(3, '0')}Z`;
}
