import { MAX_KEY_BYTES } from '../category-key.ts';
import { ByteReader, ByteWriter, HistogramDecodeError } from './byte-stream.ts';
import { crc32 } from './checksum.ts';
import { utf8 } from '../hash/fingerprint.ts';
import { HEAVY_SLOTS } from '../heavy-values.ts';
import { binnedTotal, emptyHistogram } from '../histogram.ts';
import type {
  Binning,
  CategoricalBinning,
  CategoricalHistogram,
  Histogram,
  NumericBinning,
  NumericHistogram,
} from '../types.ts';

/*
 * Layout of a packed blob, version 1 (docs/statistics.md describes the numbers; SQL reads the same bytes):
 *
 *   blob      := 0x01  count:byte  feature*count  crc32:uint32-LE (of everything before it)
 *   feature   := kind:byte (0 numeric, 1 categorical, 2 boolean)  length:varint  payload of that many bytes
 *   numeric   := bins  missing invalid zero negative integer infinite (varints)
 *                [sum sumSquares min max (doubles LE), only when a finite value was counted]
 *                a double for each tail bin whose count is not 0, in the binning's order
 *   category  := bins  missing invalid other unseen (varints)  cells  heavy:varint  (length:varint utf8 count:varint)*heavy
 *   bins, cells := size:varint  then tokens until size bins are told: n:varint > 0 is a count; 0 k:varint is k empty bins
 *
 * varint: LEB128, unsigned, 0 to 2^53 - 1. Bins stand first, so that a reader who wants only them can stop there.
 */
const VERSION = 1;
const KIND_BYTE = { numeric: 0, categorical: 1, boolean: 2 } as const;
export const MAX_CHUNK_FEATURES = 32;

/** Written into again and again: encoding never waits, so nobody else can be in the middle of one. */
const CHUNK = new ByteWriter();
const PAYLOAD = new ByteWriter();

/**
 * Packs up to 32 histograms into one blob. Lossless.
 * @throws RangeError for more than 32
 */
export function encodeChunk(histograms: readonly Histogram[]): Uint8Array {
  if (histograms.length > MAX_CHUNK_FEATURES) {
    throw new RangeError(
      `a chunk packs at most ${MAX_CHUNK_FEATURES} histograms, not ${histograms.length}`,
    );
  }
  const [out, payload] = [CHUNK, PAYLOAD];
  out.clear();
  out.byte(VERSION);
  out.byte(histograms.length);
  for (const h of histograms) {
    payload.clear();
    if (h.kind === 'numeric') writeNumeric(payload, h);
    else writeCategorical(payload, h);
    out.byte(KIND_BYTE[h.kind]);
    out.varint(payload.length);
    out.raw(payload.written());
  }
  const bytes = out.written();
  out.uint32(crc32(bytes, 0, bytes.length));
  return out.finish();
}

function writeCounts(out: ByteWriter, counts: Float64Array): void {
  out.varint(counts.length);
  let empty = 0;
  for (const count of counts) {
    if (count === 0) {
      empty += 1;
      continue;
    }
    if (empty > 0) {
      out.varint(0);
      out.varint(empty);
      empty = 0;
    }
    out.varint(count);
  }
  if (empty > 0) {
    out.varint(0);
    out.varint(empty);
  }
}

function writeNumeric(out: ByteWriter, h: NumericHistogram): void {
  writeCounts(out, h.counts);
  for (const n of [h.missing, h.invalid, h.zero, h.negative, h.integer, h.infinite]) out.varint(n);
  if (binnedTotal(h) > h.infinite) {
    for (const x of [h.sum, h.sumSquares, h.min, h.max]) out.double(x);
  }
  h.binning.tailBins.forEach((bin, i) => {
    if (h.counts[bin] !== 0) out.double(h.tailSums[i] as number);
  });
}

function writeCategorical(out: ByteWriter, h: CategoricalHistogram): void {
  writeCounts(out, h.counts);
  for (const n of [h.missing, h.invalid, h.other, h.unseen]) out.varint(n);
  writeCounts(out, h.cells);
  out.varint(h.heavy.size);
  // In an order of their own: what is counted in two parts and added has seen them in another.
  const names = h.heavy.size > 1 ? [...h.heavy.keys()].sort() : h.heavy.keys();
  for (const name of names) {
    const count = h.heavy.get(name) as number;
    const bytes = utf8(name);
    out.varint(bytes.length);
    out.raw(bytes);
    out.varint(count);
  }
}

/**
 * Unpacks a blob into new histograms.
 * @param binnings what the blob was packed with, in its order
 * @throws HistogramDecodeError when the bytes are damaged, of another version, or do not fit the binnings
 */
export function decodeChunk(blob: Uint8Array, binnings: readonly Binning[]): Histogram[] {
  const input = openChunk(blob, binnings.length);
  const histograms = binnings.map((binning) => readFeature(input, blob, binning));
  if (input.remaining !== 0) throw new HistogramDecodeError('bytes are left over');
  return histograms;
}

/**
 * Unpacks one feature of a blob and steps over the others.
 * @param index its place in `binnings`, which the blob was packed with
 * @throws HistogramDecodeError as `decodeChunk`
 */
export function decodeChunkAt(
  blob: Uint8Array,
  binnings: readonly Binning[],
  index: number,
): Histogram {
  const binning = binnings[index];
  if (binning === undefined) throw new RangeError(`there is no feature ${index} in the chunk`);
  const input = openChunk(blob, binnings.length);
  for (let i = 0; i < index; i += 1) {
    input.byte();
    input.raw(input.varint());
  }
  return readFeature(input, blob, binning);
}

/** A reader at the first feature of a blob that is whole and holds `features`. */
function openChunk(blob: Uint8Array, features: number): ByteReader {
  if (blob.length < 6) throw new HistogramDecodeError('they end too early');
  const body = blob.length - 4;
  const stored = new DataView(blob.buffer, blob.byteOffset, blob.byteLength).getUint32(body, true);
  if (crc32(blob, 0, body) !== stored)
    throw new HistogramDecodeError('the checksum does not match');
  const input = new ByteReader(blob, 0, body);
  const version = input.byte();
  if (version !== VERSION) throw new HistogramDecodeError(`version ${version} is not known`);
  const count = input.byte();
  if (count !== features) {
    throw new HistogramDecodeError(`they pack ${count} features where ${features} are expected`);
  }
  return input;
}

function readFeature(input: ByteReader, blob: Uint8Array, binning: Binning): Histogram {
  const kind = input.byte();
  if (kind !== KIND_BYTE[binning.kind]) {
    throw new HistogramDecodeError(`a feature has kind ${kind} where ${binning.kind} is expected`);
  }
  const length = input.varint();
  const from = input.position;
  input.raw(length);
  const payload = new ByteReader(blob, from, from + length);
  const h =
    binning.kind === 'numeric' ? readNumeric(payload, binning) : readCategorical(payload, binning);
  if (payload.remaining !== 0) throw new HistogramDecodeError('a feature has bytes left over');
  return h;
}

function readCounts(input: ByteReader, counts: Float64Array): void {
  const size = input.varint();
  if (size !== counts.length) {
    throw new HistogramDecodeError(
      `a feature has ${size} bins where its binning has ${counts.length}`,
    );
  }
  for (let i = 0; i < size;) {
    const token = input.varint();
    if (token > 0) {
      counts[i] = token;
      i += 1;
      continue;
    }
    const empty = input.varint();
    if (empty === 0 || i + empty > size)
      throw new HistogramDecodeError('a run of empty bins is too long');
    i += empty;
  }
}

function readNumeric(input: ByteReader, binning: NumericBinning): NumericHistogram {
  const h = emptyHistogram(binning);
  readCounts(input, h.counts);
  h.missing = input.varint();
  h.invalid = input.varint();
  h.zero = input.varint();
  h.negative = input.varint();
  h.integer = input.varint();
  h.infinite = input.varint();
  let total = 0;
  for (const n of h.counts) total += n;
  if (h.infinite > total || h.integer > total || h.zero + h.negative > total) {
    throw new HistogramDecodeError('the counters of a feature contradict its bins');
  }
  if (total > h.infinite) {
    h.sum = input.double();
    h.sumSquares = input.double();
    h.min = input.double();
    h.max = input.double();
    if (!(h.min <= h.max)) throw new HistogramDecodeError('a minimum is above its maximum');
  }
  binning.tailBins.forEach((bin, i) => {
    if (h.counts[bin] !== 0) h.tailSums[i] = input.double();
  });
  return h;
}

function readCategorical(input: ByteReader, binning: CategoricalBinning): CategoricalHistogram {
  const h = emptyHistogram(binning);
  readCounts(input, h.counts);
  h.missing = input.varint();
  h.invalid = input.varint();
  h.other = input.varint();
  h.unseen = input.varint();
  readCounts(input, h.cells);
  const heavy = input.varint();
  if (heavy > HEAVY_SLOTS) throw new HistogramDecodeError('the list of heavy values is too long');
  for (let i = 0; i < heavy; i += 1) {
    const name = readName(input);
    h.heavy.set(name, input.varint());
  }
  return h;
}

/** BOM kept and bad UTF-8 refused: a name comes back as it was written, or not at all. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readName(input: ByteReader): string {
  const length = input.varint();
  if (length > MAX_KEY_BYTES)
    throw new HistogramDecodeError('the name of a heavy value is too long');
  const bytes = input.raw(length);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new HistogramDecodeError('the name of a heavy value is not UTF-8');
  }
}
