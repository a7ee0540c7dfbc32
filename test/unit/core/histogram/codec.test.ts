import { describe, expect, it } from 'vitest';
import { SLOT } from '../../../../src/core/domain/event-frame.ts';
import {
  decodeBinning,
  encodeBinning,
} from '../../../../src/core/histogram/coding/binning-text.ts';
import { HistogramDecodeError } from '../../../../src/core/histogram/coding/byte-stream.ts';
import { crc32 } from '../../../../src/core/histogram/coding/checksum.ts';
import { decodeChunk, encodeChunk } from '../../../../src/core/histogram/coding/codec.ts';
import {
  booleanBinning,
  buildCategoricalBinning,
} from '../../../../src/core/histogram/categorical-binning.ts';
import { createCounter } from '../../../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../../../src/core/histogram/histogram.ts';
import { buildNumericBinning } from '../../../../src/core/histogram/numeric-binning.ts';

const numbers = buildNumericBinning(Float64Array.of(1, 2));
const letters = buildCategoricalBinning(new Map([['a', 3], ['b', 1]])); // prettier-ignore

/** The blob with its checksum made right again, so that a test reaches what lies behind the checksum. */
function sealed(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(copy.length - 4, crc32(copy, 0, copy.length - 4), true);
  return copy;
}

function numericSample(values: readonly number[]) {
  const histogram = emptyHistogram(numbers);
  const counter = createCounter(numbers);
  for (const value of values) counter.add(histogram, SLOT.number, value, '');
  return histogram;
}

describe('a packed chunk', () => {
  it('keeps counts up to 2^53 and sums of any size', () => {
    const histogram = numericSample([1, 1e308, -1e308, Infinity]);
    histogram.counts[13] = Number.MAX_SAFE_INTEGER;
    histogram.missing = 2 ** 31;
    histogram.invalid = 2 ** 32 + 1;
    const [decoded] = decodeChunk(encodeChunk([histogram]), [numbers]);
    expect(decoded).toEqual(histogram);
  });

  it('keeps names of heavy values in any script', () => {
    const histogram = emptyHistogram(letters);
    const counter = createCounter(letters);
    for (const text of ['', '漢字', '😀', '\uFEFFbom', 'é'.repeat(99)]) {
      counter.add(histogram, SLOT.text, 0, text);
    }
    const [decoded] = decodeChunk(encodeChunk([histogram]), [letters]);
    expect(decoded).toEqual(histogram);
  });

  it('packs 0 to 32 histograms, not 33', () => {
    expect(decodeChunk(encodeChunk([]), [])).toEqual([]);
    const many = Array.from({ length: 33 }, () => emptyHistogram(letters));
    expect(decodeChunk(encodeChunk(many.slice(1)), Array(32).fill(letters))).toHaveLength(32);
    expect(() => encodeChunk(many)).toThrow(/32/);
  });

  it.each([-1, 0.5, NaN, 2 ** 53 + 2, Infinity])('refuses to write the count %d', (count) => {
    const histogram = numericSample([1]);
    histogram.counts[0] = count;
    expect(() => encodeChunk([histogram])).toThrow(RangeError);
  });

  const good = encodeChunk([numericSample([1, 2, 3]), emptyHistogram(letters)]);
  const binnings = [numbers, letters];

  it.each([
    ['nothing at all', new Uint8Array(0), binnings, /end too early/],
    ['a cut blob', good.subarray(0, good.length - 1), binnings, /checksum/],
    ['a flipped bit', good.with(10, (good[10] as number) ^ 1), binnings, /checksum/],
    ['a later version', sealed(good.with(0, 9)), binnings, /version 9/],
    ['other features', good, [letters, numbers], /kind|expected/],
    ['too few binnings', good, [numbers], /2 features.*1|expected/],
    ['another number of bins', good, [buildNumericBinning(Float64Array.of(1)), letters], /bins/],
    ['bytes to spare', sealed(Uint8Array.of(...good, 0, 0)), binnings, /left over/],
  ])('names what is wrong with %s', (_, blob, expected, message) => {
    expect(() => decodeChunk(blob, expected)).toThrow(HistogramDecodeError);
    expect(() => decodeChunk(blob, expected)).toThrow(message);
  });

  it('reads a view into a larger buffer', () => {
    const buffer = new Uint8Array(good.length + 20);
    buffer.set(good, 7);
    expect(decodeChunk(buffer.subarray(7, 7 + good.length), binnings)).toEqual(
      decodeChunk(good, binnings),
    );
  });
});

describe('a binning as text', () => {
  const many = new Map(Array.from({ length: 500 }, (_, i) => [`value ${i}`, 500 - i]));
  it.each([
    ['numeric', buildNumericBinning(Float64Array.from({ length: 999 }, (_, i) => Math.sqrt(i)))],
    ['numeric, extremes', buildNumericBinning(Float64Array.of(5e-324, Number.MAX_VALUE))],
    ['categorical', buildCategoricalBinning(many)],
    ['boolean', booleanBinning()],
  ])('comes back exactly: %s', (_, binning) => {
    expect(decodeBinning(encodeBinning(binning))).toEqual(binning);
  });

  it.each([
    ['no JSON', '{', /JSON/],
    ['no object', '3', /kind|object/],
    ['another content than its id says', '"edges":[1e9,', /id|fingerprint/],
    ['edges out of order', '"edges":[1e99,', /edge 1/],
    ['an edge that is no number', '"edges":["x",', /edges/],
  ])('is refused with the reason: %s', (_, change, message) => {
    const text = encodeBinning(buildNumericBinning(Float64Array.of(1e9, 2e9)));
    const broken = change.startsWith('"edges"')
      ? text.replace(/"edges":\[[^,]*,/, change === '"edges":[1e9,' ? '"edges":[-9e99,' : change)
      : change;
    expect(() => decodeBinning(broken)).toThrow(message);
  });
});
