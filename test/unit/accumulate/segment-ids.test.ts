import { expect, it } from 'vitest';
import { createSegmentIds, MAX_SEGMENTS } from '../../../src/accumulate/segment-ids.ts';
import { EventFrame } from '../../../src/core/domain/event-frame.ts';
import type { CatalogStore } from '../../../src/storage/catalog-store.ts';
import { schemaOf } from '../../support/event-decoding.ts';

const schema = schemaOf('m', ['x'], ['country', 'device']);
const neverAsked = {} as CatalogStore;

function frameOf(country: string | null, device: string | null): EventFrame {
  const frame = new EventFrame();
  frame.reset(schema);
  frame.attributes[0] = country;
  frame.attributes[1] = device;
  return frame;
}

it('gives an event its own segments, and later values of a full model the shared one', () => {
  const overflowed: number[] = [];
  const segments = createSegmentIds(neverAsked, (modelId) => overflowed.push(modelId));
  expect(segments.of(frameOf(null, null))).toEqual(['all']);
  for (let i = 0; i < MAX_SEGMENTS; i += 1) {
    expect(segments.of(frameOf(`C${i}`, null))).toEqual(['all', `country=C${i}`]);
  }
  expect(overflowed).toEqual([]);
  expect(segments.of(frameOf('DE', 'phone'))).toEqual(['all', 'country=(other)', 'device=(other)']);
  expect(segments.of(frameOf('C7', null))).toEqual(['all', 'country=C7']);
  expect(overflowed).toEqual([1, 1]);
});

it('gives an event once a segment that two of its attributes have', () => {
  const frame = new EventFrame();
  frame.reset(schemaOf('m', ['x'], ['a', 'a=b']));
  frame.attributes.splice(0, 2, 'b=c', 'c');
  expect(createSegmentIds(neverAsked).of(frame)).toEqual(['all', 'a=b=c']);
});

it('counts values that look like the shared segment as values, apart from it and from each other', () => {
  const segments = createSegmentIds(neverAsked);
  const seen = new Set<string>();
  for (let i = 0; i < 5_000; i += 1) {
    for (const segment of segments.of(frameOf(`${i}=(other)`, null))) seen.add(segment);
  }
  // All of them, "all" and the shared one.
  expect(seen.size).toBe(MAX_SEGMENTS + 2);

  const few = createSegmentIds(neverAsked);
  const values = [
    '(other)',
    '\\(other)',
    '\\\\(other)',
    'x=(other)',
    'x=\\(other)',
    '(other) ',
    'x(other)',
  ];
  const names = values.map((value) => few.of(frameOf(value, null))[1] ?? '');
  expect(new Set(names).size).toBe(values.length);
  expect(names.filter((name) => name.endsWith('=(other)'))).toEqual([]);
});
