import { describe, expect, it } from 'vitest';
import { createBaselineBuilder } from '../../../../src/core/baseline/builder.ts';
import { parseDocument, toDocument } from '../../../../src/core/baseline/document/document.ts';
import { featureFromData, featureToData } from '../../../../src/core/baseline/document/feature.ts';
import { BaselineDocumentError } from '../../../../src/core/baseline/document/fields.ts';
import type { RowValue } from '../../../../src/core/baseline/row-value.ts';
import { createSampler } from '../../../../src/core/baseline/sampler.ts';
import type { Baseline } from '../../../../src/core/baseline/types.ts';

function build(rows: readonly (readonly RowValue[])[], columns: readonly string[]): Baseline {
  const sampler = createSampler({ columns });
  const segments = (i: number): string[] => [`__proto__=${i % 2}`];
  for (const [i, row] of rows.entries()) sampler.addRow(row, segments(i));
  const builder = createBaselineBuilder(sampler.plan(), { slots: true });
  for (const [i, row] of rows.entries()) {
    builder.addRow(row, Date.UTC(1969, 11, 30, 23, 59, 59, 999) + i * 3_600_000, segments(i));
  }
  return builder.build('m', 'a note');
}

const rows = Array.from({ length: 2_000 }, (_, i): RowValue[] => [
  i % 11 === 0 ? null : Math.sin(i) * 1e-3,
  i % 13 === 0 ? Infinity : i % 5,
  i % 17 === 0 ? 1e200 : i,
  ['a', 'b', 'ü', '\u{1F600}'][i % 4] as string,
  `id ${i}`,
  i % 2 === 0,
  null,
]);
const columns = ['sine', 'infinite', 'huge', 'letter', 'id', 'even', 'nothing'];
const baseline = build(rows, columns);

/** As it travels: through JSON text. */
const travelled = (): unknown => JSON.parse(JSON.stringify(toDocument(baseline)));

describe('the histogram document', () => {
  it('comes back exactly: counts, sums that overflow, slots, blocks, segments, times before 1970', () => {
    const parsed = parseDocument(travelled());
    expect(parsed).toEqual(baseline);
    expect(parsed.fingerprint).toBe(baseline.fingerprint);
    expect(baseline.segments.size).toBe(2);
    expect(travelled()).toMatchObject({
      model: 'm',
      rows: 2_000,
      from: '1969-12-30T23:59:59.999Z',
    });
  });

  it('writes the edges once: segments name their binnings', () => {
    const { segments } = travelled() as { segments: Record<string, { binning: object }[]> };
    for (const { binning } of Object.values(segments).flat()) {
      expect(Object.keys(binning)).toEqual(['id']);
    }
  });

  it('holds one feature without its edges, for readers that have them', () => {
    for (const feature of baseline.features) {
      const { binning } = feature.histogram;
      const data: unknown = JSON.parse(JSON.stringify(featureToData(feature, 'id')));
      expect(featureFromData(data, 'x', new Map([[binning.id, binning]]))).toEqual(feature);
      expect(() => featureFromData(data, 'x')).toThrow(/its id is not known/);
    }
  });

  it('can be written by hand', () => {
    const parsed = parseDocument({
      model: 'hand',
      rows: 10,
      features: [
        {
          feature: 'age',
          kind: 'numeric',
          binning: { edges: [18, 40, 65], atoms: [], tailBins: [] },
          counts: [0, 4, 5, 1],
          moments: {
            zero: 0,
            negative: 0,
            integer: 10,
            sum: 440,
            sumSquares: 22_000,
            min: 20,
            max: 70,
          },
        },
        {
          feature: 'plan',
          kind: 'categorical',
          binning: { categories: ['basic', 'pro'], known: [], salt: '' },
          counts: [7, 3],
        },
      ],
    });
    expect(parsed.features[0]).toMatchObject({
      role: 'input',
      scale: 25,
      blocks: null,
      slots: null,
    });
    const plan = parsed.features[1]?.histogram;
    expect(plan?.kind === 'categorical' && plan.cells.reduce((a, b) => a + b)).toBe(10);
  });

  type Doc = Record<string, unknown> & { features: Record<string, unknown>[] };
  const change = (edit: (doc: Doc) => void): unknown => {
    const doc = travelled() as Doc;
    edit(doc);
    return doc;
  };
  const feature = (key: string, value: unknown): unknown =>
    change((doc) => {
      (doc.features[0] as Record<string, unknown>)[key] = value;
    });

  it.each<[string, unknown, RegExp]>([
    ['a list', [], /baseline: must be an object/],
    ['no model', change((doc) => delete doc['model']), /"model" must be a text/],
    ['rows that are no count', change((doc) => (doc['rows'] = -1)), /"rows"/],
    ['a time of no calendar', change((doc) => (doc['from'] = '2013-13-01T00:00:00Z')), /"from"/],
    ['features that are no list', change((doc) => (doc['features'] = {} as never)), /"features"/],
    ['a feature twice', change((doc) => doc.features.push(doc.features[0] ?? {})), /sine.*twice/],
    [
      'an unknown kind',
      feature('kind', 'ordinal'),
      /features\[0\] \(sine\): "kind" must be one of/,
    ],
    ['counts that do not fit', feature('counts', [1, 2]), /\(sine\): "counts" has 2 entries/],
    ['a negative count', feature('missing', -1), /\(sine\): "missing" must be a whole number/],
    ['a missing moment', feature('moments', { zero: 0 }), /\(sine\) moments: "negative"/],
    ['no tail sums', feature('tailSums', undefined), /\(sine\): "tailSums" needs \d+ entries/],
    ['a slot beyond the week', feature('slots', [{ slot: 168 }]), /slot 168/],
    ['blocks without groups', feature('days', { groupOf: [], hours: [], counts: [] }), /"groupOf"/],
    [
      'edges that are not those of the id',
      change((doc) => {
        const binning = (doc.features[0] as { binning: { edges: number[] } }).binning;
        binning.edges[0] = -1e99;
      }),
      /\(sine\): binning: "id" is not the fingerprint/,
    ],
    [
      'cells that do not add up',
      change((doc) => {
        const cells = (doc.features[3] as { cells: number[] }).cells;
        cells[0] = (cells[0] ?? 0) + 1;
      }),
      /\(letter\): "cells" must add up/,
    ],
  ])('is refused with the place and the reason: %s', (_, data, message) => {
    expect(() => parseDocument(data)).toThrow(BaselineDocumentError);
    expect(() => parseDocument(data)).toThrow(message);
  });
});
