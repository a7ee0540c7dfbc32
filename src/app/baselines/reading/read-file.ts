import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseDocument } from '../../../core/baseline/document/document.ts';
import type { AttributeValues } from '../../../core/baseline/checks/attributes.ts';
import type { Baseline } from '../../../core/baseline/types.ts';
import { MAX_FEATURES, shapeFaults } from '../../../core/baseline/checks/shape.ts';
import type { History } from '../../../core/baseline/sampler.ts';
import { openRowFile } from '../../../ingest/rows/row-file.ts';
import type { RowLimits } from '../../../ingest/rows/row-file.ts';
import { DriftdError, toError } from '../../../platform/errors.ts';
import { baselineFromRows } from '../../baseline-from-rows.ts';
import type { RowDeclarations } from '../declarations.ts';
import { assertSaid, declareDocument } from './declare.ts';

/** The ending that says "a histogram document"; other JSON is looked into. */
export const DOCUMENT_ENDING = '.baseline.json';
const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;

export interface ReadRequest {
  /** The file's own name tells its format. */
  readonly path: string;
  readonly model: string;
  readonly provenance: string;
  readonly declarations: RowDeclarations;
  /** Binnings that history is counted under. */
  readonly history: History;
  readonly limits?: RowLimits;
  /** Told how much is done, 0 to 1. */
  readonly onProgress?: (share: number) => void;
  /** Told once what rows hold of each attribute; of a document nothing. */
  readonly onAttributes?: (told: readonly AttributeValues[]) => void;
}

/** Makes a baseline of a file, whatever it holds. */
export type ReadBaseline = (request: ReadRequest) => Promise<Baseline>;

/**
 * Reads rows or a histogram document in this process.
 * @throws DriftdError INPUT_UNREADABLE | INPUT_INVALID | BASELINE_INVALID, naming the file and the place
 */
export const readBaselineFile: ReadBaseline = async (request) => {
  const { path, model, provenance, declarations, history, limits, onProgress, onAttributes } =
    request;
  const name = basename(path);
  const document = name.endsWith('.json') ? await documentIn(path, name) : null;
  if (document !== null) {
    const baseline = asBaseline(document, name);
    if (baseline.model === model)
      return { ...declareDocument(baseline, declarations, name), provenance };
    const text = `${name} is a baseline of ${baseline.model}, not of ${model}`;
    throw new DriftdError('BASELINE_INVALID', text);
  }
  const { timeColumn, declared, attributes, slots } = declarations;
  const file = openRowFile(path, limits);
  if (declarations.said !== undefined) assertSaid(declarations, await file.columns(), name);
  return baselineFromRows(file, {
    model,
    timeColumn,
    declared: new Map(declared),
    attributes,
    provenance,
    slots,
    history,
    maxFeatures: MAX_FEATURES,
    ...(onAttributes === undefined ? {} : { onAttributes }),
    ...(onProgress === undefined
      ? {}
      : { onBytes: (bytes) => onProgress(bytes / (2 * file.size)) }),
  });
};

/** The document in a JSON file; null: it holds rows. A file named as a document is one, whatever it holds. */
async function documentIn(path: string, name: string): Promise<unknown> {
  const named = name.endsWith(DOCUMENT_ENDING);
  if ((await stat(path)).size > MAX_DOCUMENT_BYTES) {
    throw new DriftdError('INPUT_INVALID', `${name}: JSON is read whole, and this is too large`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'));
  } catch (thrown) {
    throw new DriftdError('INPUT_INVALID', `${name}: no JSON: ${toError(thrown).message}`);
  }
  return named || looksLikeDocument(parsed) ? parsed : null;
}

function looksLikeDocument(parsed: unknown): boolean {
  if (typeof parsed !== 'object' || parsed === null || !('features' in parsed)) return false;
  const { features } = parsed;
  return (
    Array.isArray(features) &&
    features.every((entry) => typeof entry === 'object' && entry !== null && 'binning' in entry)
  );
}

function asBaseline(document: unknown, name: string): Baseline {
  let baseline: Baseline;
  try {
    baseline = parseDocument(document);
  } catch (thrown) {
    const text = `${name} is no baseline: ${toError(thrown).message}`;
    throw new DriftdError('BASELINE_INVALID', text, { cause: thrown });
  }
  // Looked at where it is read: what is too large is not handed on.
  const faults = shapeFaults(baseline);
  if (faults.length === 0) return baseline;
  throw new DriftdError(
    'BASELINE_INVALID',
    `${name} is refused: ${faults.map(({ text }) => text).join('; ')}`,
  );
}
