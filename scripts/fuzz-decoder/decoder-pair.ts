import { isDeepStrictEqual } from 'node:util';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import type { EventFrame, ModelSchema, Slot } from '../../src/core/domain/event-frame.ts';
import type { FeatureRole } from '../../src/core/domain/feature.ts';
import { encodeChunk } from '../../src/core/histogram/coding/codec.ts';
import { buildCategoricalBinning } from '../../src/core/histogram/categorical-binning.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../src/core/histogram/histogram.ts';
import { buildNumericBinning } from '../../src/core/histogram/numeric-binning.ts';
import { NativeScanner } from '../../src/ingest/decode/bytes/native-scanner.ts';
import { createParsingDecoder } from '../../src/ingest/decode/native.ts';
import { FrameList } from '../../src/ingest/decoder.ts';
import { NAMES } from './event-grammar.ts';

const named = (
  names: readonly string[],
  role: FeatureRole,
): { name: string; role: FeatureRole }[] => names.map((name) => ({ name, role }));
const features = [
  ...named(NAMES.inputs, 'input'),
  ...named(NAMES.predictions, 'prediction'),
  ...named(NAMES.labels, 'label'),
].map(({ name, role }, id) => ({ id, name, role, kind: 'numeric', tier: 'standard' }) as const);

const SCHEMA: ModelSchema = {
  modelId: 1,
  model: 'fuzzed',
  features,
  indexOf: new Map(features.map(({ name, id }) => [name, id])),
  ignored: new Set(NAMES.ignored),
  attributes: NAMES.attributes,
};
/** A model that has no predictions and no labels, whatever its events say. */
const BARE: ModelSchema = {
  ...SCHEMA,
  modelId: 2,
  model: 'bare',
  features: features.map((feature) => ({ ...feature, role: 'input' as const })),
};
const SCHEMAS = {
  schema: (model: string) => [SCHEMA, BARE].find((schema) => schema.model === model) ?? null,
};
const RECORD_TIME = 1_769_000_000_000;
const RECORD = {
  offset: 0,
  timestamp: RECORD_TIME,
  key: null,
  headers: new Map<string, Uint8Array>(),
};

const NUMERIC = createCounter(
  buildNumericBinning(Float64Array.from({ length: 500 }, (_, i) => (i - 250) / 7)),
);

/** What one decoder has made of all records so far: every feature counted as a number and as a category. */
class Counts {
  readonly categorical = createCounter(
    buildCategoricalBinning(
      new Map([
        ['AA', 9],
        ['UA', 5],
        ['21', 3],
        ['true', 2],
      ]),
    ),
  );
  readonly histograms = features.flatMap(() => [
    emptyHistogram(NUMERIC.binning),
    emptyHistogram(this.categorical.binning),
  ]);

  add(frame: EventFrame): void {
    for (let i = 0; i < features.length; i += 1) {
      const slot = (frame.slots[i] ?? SLOT.absent) as Slot;
      const [numeric, categorical] = this.histograms.slice(2 * i);
      if (numeric === undefined || categorical === undefined) throw new Error('no histograms');
      NUMERIC.add(numeric, slot, frame.numbers[i] ?? 0, frame.texts[i] ?? '');
      this.categorical.add(categorical, slot, frame.numbers[i] ?? 0, frame.texts[i] ?? '');
    }
  }

  bytes(): Uint8Array[] {
    return features.map((_, i) => encodeChunk(this.histograms.slice(2 * i, 2 * i + 2)));
  }
}

/**
 * The scanner of native events and JSON.parse, given the same records one after another. What the scanner leaves to
 * JSON.parse is the same by construction.
 */
export class DecoderPair {
  private scanner = new NativeScanner();
  private readonly parsing = createParsingDecoder();
  private readonly frames = [new FrameList(), new FrameList()] as const;
  private readonly among = new FrameList();
  private readonly counts = [new Counts(), new Counts()] as const;
  scanned = 0;
  parsed = 0;
  rejected = 0;
  /** Of the scanners before. */
  private plannedBefore = 0;

  /** Records that were read along a plan, each in three places. */
  get planned(): number {
    return this.plannedBefore + this.scanner.planned;
  }

  /** A scanner learns much from the first events that it sees, and less from later ones. */
  renewScanner(): void {
    this.plannedBefore += this.scanner.planned;
    this.scanner = new NativeScanner();
  }

  /** @throws Error when the two do not make the same of it */
  feed(value: Uint8Array): void {
    const [a, b] = this.frames;
    a.clear();
    b.clear();
    const record = { ...RECORD, value };
    const scanned = this.scanner.decode(record, SCHEMAS, a);
    // At once: ids are read off the bytes of the record that is open.
    const alone = scanned ? contentOf(a.at(0)) : null;
    this.feedAmongOthers(value, alone);
    const rejection = this.parsing.decode(record, SCHEMAS, b);
    if (!scanned) {
      if (rejection === null) this.parsed += 1;
      else this.rejected += 1;
      return;
    }
    if (rejection !== null) differ(value, ['taken', rejection]);
    const frames = [alone, contentOf(b.at(0))];
    if (a.length !== b.length || !isDeepStrictEqual(frames[0], frames[1])) differ(value, frames);
    this.counts[0].add(a.at(0));
    this.counts[1].add(b.at(0));
    this.scanned += 1;
  }

  /** The same twice in one memory, with other bytes around it. @throws Error when that makes a difference */
  private feedAmongOthers(value: Uint8Array, alone: unknown): void {
    const memory = Buffer.concat([AROUND, value, AROUND, value, AROUND]);
    for (const from of [AROUND.length, 2 * AROUND.length + value.length]) {
      this.among.clear();
      const place = { memory, from, to: from + value.length };
      const scanned = this.scanner.decode({ ...RECORD, value, place }, SCHEMAS, this.among);
      const frames = [alone, scanned ? contentOf(this.among.at(0)) : null];
      if (!isDeepStrictEqual(frames[0], frames[1])) differ(value, frames);
    }
  }

  /** @throws Error when the counts are not the same bytes */
  compareCounts(): void {
    const [a, b] = this.counts;
    if (!isDeepStrictEqual(a.bytes(), b.bytes())) throw new Error('the counts differ');
  }
}

/** What the frame says; what is left in it of earlier events says nothing. -0 and 0 are told apart. */
function contentOf(frame: EventFrame): unknown {
  return {
    model: frame.schema?.model,
    id: frame.id,
    version: frame.version,
    time: frame.time,
    unknown: frame.unknownFeatures,
    attributes: [...frame.attributes],
    slots: [...frame.slots],
    values: Array.from(frame.slots, (slot, i) => {
      if (slot === SLOT.number || slot === SLOT.boolean) return frame.numbers[i];
      return slot === SLOT.text ? frame.texts[i] : null;
    }),
  };
}

/** What would go on with a number, a text or an object that is cut short. */
const AROUND = new TextEncoder().encode('5"}]');

function differ(value: Uint8Array, both: readonly unknown[]): never {
  throw new Error(
    `the decoders differ on ${JSON.stringify(Buffer.from(value).toString('latin1'))}: ${both.map((one) => JSON.stringify(one)).join(' and ')}`,
  );
}
