import { expect, it } from 'vitest';
import {
  attributeValues,
  checkAttributes,
} from '../../../../src/core/baseline/checks/attributes.ts';

const rowsOf = new Map([
  ['origin=EWR', 1_000],
  ['origin=JFK', 999],
  ['origin=LGA', 3],
  ['origins=JFK', 5],
  ['carrier=AA', 2_000],
  ['carrier=UA', 1_500],
  ['device=phone', 7],
]);

it('values of an attribute without a baseline of their own are told, and why', () => {
  const kept = new Set(['origin=EWR', 'carrier=AA']);
  const told = attributeValues(['origin', 'carrier', 'device', 'gate'], rowsOf, kept);
  expect(told).toEqual([
    { attribute: 'origin', values: 3, few: 2, beyond: 0 },
    { attribute: 'carrier', values: 2, few: 0, beyond: 1 },
    { attribute: 'device', values: 1, few: 1, beyond: 0 },
    { attribute: 'gate', values: 0, few: 0, beyond: 0 },
  ]);
  const findings = checkAttributes(told);
  expect(findings.map(({ text }) => text)).toEqual([
    '2 of 3 values of origin get no baseline of their own, having fewer than 1,000 rows: apart from all others they are not judged',
    '1 of 2 values of carrier gets no baseline of its own, being beyond the segments that one keeps: apart from all others it is not judged',
    '1 of 1 values of device gets no baseline of its own, having fewer than 1,000 rows: apart from all others it is not judged',
    'no row has gate, which events are sliced by, and none of its values gets a baseline of its own: apart from all others they are not judged',
  ]);
  expect(new Set(findings.map(({ level, check }) => `${level} ${check}`))).toEqual(
    new Set(['warning segments-lacking']),
  );
});

it('nothing is told of values that all have one', () => {
  const kept = new Set(['carrier=AA', 'carrier=UA']);
  expect(checkAttributes(attributeValues(['carrier'], rowsOf, kept))).toEqual([]);
});
