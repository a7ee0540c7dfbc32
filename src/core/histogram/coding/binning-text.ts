import { categoricalBinning } from '../categorical-binning.ts';
import { binningFault, numericBinning } from '../numeric-binning.ts';
import type { Binning } from '../types.ts';

/** A stored binning that is no binning, or not the one its id says. */
export class BinningTextError extends Error {
  constructor(what: string) {
    super(`binning: ${what}`);
    this.name = 'BinningTextError';
  }
}

/** A binning as plain data: what documents and the database hold. Doubles are exact as JSON numbers. */
export type BinningData =
  | {
      readonly id: string;
      readonly edges: readonly number[];
      readonly atoms: readonly number[];
      readonly tailBins: readonly number[];
    }
  | {
      readonly id: string;
      readonly categories: readonly string[];
      readonly known: readonly string[];
      readonly salt: string;
    };

export function binningToData(binning: Binning): BinningData {
  if (binning.kind === 'numeric') {
    const atoms: number[] = [];
    binning.atoms.forEach((flag, bin) => {
      if (flag === 1) atoms.push(bin);
    });
    return {
      id: binning.id,
      edges: Array.from(binning.edges),
      atoms,
      tailBins: Array.from(binning.tailBins),
    };
  }
  const known = Array.from(binning.known, (hash) => hash.toString(16));
  return { id: binning.id, categories: binning.categories, known, salt: binning.salt };
}

function isWholeBelow(value: unknown, limit: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < limit;
}

function numericFromData(data: Record<string, unknown>): Binning {
  const { edges, atoms, tailBins } = data;
  if (!Array.isArray(edges) || !edges.every((edge) => typeof edge === 'number')) {
    throw new BinningTextError('"edges" must be a list of numbers');
  }
  const bins = edges.length + 1;
  if (!Array.isArray(atoms) || !atoms.every((bin) => isWholeBelow(bin, bins))) {
    throw new BinningTextError('"atoms" must be a list of bin indexes');
  }
  if (!Array.isArray(tailBins) || !tailBins.every((bin) => isWholeBelow(bin, bins))) {
    throw new BinningTextError('"tailBins" must be a list of bin indexes');
  }
  const flags = new Uint8Array(bins);
  for (const bin of atoms) flags[bin] = 1;
  const edgeArray = Float64Array.from(edges);
  const fault = binningFault(edgeArray, flags);
  if (fault !== null) throw new BinningTextError(fault);
  return numericBinning(edgeArray, flags, Uint16Array.from(tailBins));
}

function categoricalFromData(
  data: Record<string, unknown>,
  kind: 'categorical' | 'boolean',
): Binning {
  const { categories, known, salt } = data;
  if (!Array.isArray(categories) || !categories.every((value) => typeof value === 'string')) {
    throw new BinningTextError('"categories" must be a list of texts');
  }
  if (
    !Array.isArray(known) ||
    !known.every((hash) => typeof hash === 'string' && /^[0-9a-f]{1,16}$/.test(hash))
  ) {
    throw new BinningTextError('"known" must be a list of 64-bit hashes in hex');
  }
  if (typeof salt !== 'string') throw new BinningTextError('"salt" must be a text');
  const hashes = BigUint64Array.from((known as string[]).map((hash) => BigInt(`0x${hash}`))).sort();
  return categoricalBinning(kind, categories, hashes, salt);
}

/**
 * The binning that this plain data describes.
 * @throws BinningTextError naming the field, or when the content is not the one its id is the fingerprint of
 */
export function binningFromData(
  data: unknown,
  kind: 'numeric' | 'categorical' | 'boolean',
): Binning {
  if (typeof data !== 'object' || data === null) throw new BinningTextError('must be an object');
  const fields = data as Record<string, unknown>;
  const binning = kind === 'numeric' ? numericFromData(fields) : categoricalFromData(fields, kind);
  if (fields['id'] !== undefined && fields['id'] !== binning.id) {
    throw new BinningTextError(
      `"id" is not the fingerprint of the content (which is ${binning.id})`,
    );
  }
  return binning;
}

/** A binning as text with its kind, for the database. */
export function encodeBinning(binning: Binning): string {
  return JSON.stringify({ kind: binning.kind, ...binningToData(binning) });
}

/** @throws BinningTextError */
export function decodeBinning(text: string): Binning {
  const data = JSON.parse(text) as { kind?: unknown };
  if (data.kind !== 'numeric' && data.kind !== 'categorical' && data.kind !== 'boolean') {
    throw new BinningTextError('"kind" must be numeric, categorical or boolean');
  }
  return binningFromData(data, data.kind);
}
