import { describe, expect, it } from 'vitest';
import { decode } from '../support/event-decoding.ts';
import { AS_CE, NAMES, ce, structured } from '../support/event-shapes.ts';

/* What quarantine says of records that are no events: what is missing, where, and the way out. */

describe('an event that says no values where a native one has them', () => {
  const flat =
    '; where they stand beside its model, say so under "mapping" of the topic, as { name: model }';
  const none = 'the event has no "features", "prediction" or "label"';
  const event = { model: 'credit', age: 39 };

  it.each([
    [{ value: event }, none + flat],
    [{ value: { ...event, pad: 'x '.repeat(4_000), more: Array(20_000).fill(1) } }, none + flat],
    [{ headers: { ...ce, ce_type: 'x' }, value: event }, none + flat],
    [{ headers: AS_CE, value: { ...structured, data: event } }, none + flat],
    // In a batch no mapping would help.
    [{ value: { events: [event] } }, `event 1 of the batch: ${none}`],
  ])('is told so: %#', (sent, detail) => {
    expect(decode(sent)).toEqual({ reason: 'invalid-shape', detail });
    expect(decode({ ...sent, mapping: { name: 'model' } })).toMatchObject(
      'events' in sent.value ? { reason: 'invalid-shape' } : { events: [{ age: 39, job: null }] },
    );
  });
});

describe('what is no JSON', () => {
  it.each([
    ['{"model": credit}', 'the value is not JSON: character 11 cannot stand there'],
    ['{"model": "credit"', 'the value is not JSON: it ends too early'],
    [
      '{"events": [{"model": "credit"}, {]}',
      'the value is not JSON: character 35 cannot stand there',
    ],
  ])('is told with the place: %s', (value, detail) => {
    const told = { reason: 'invalid-json', detail };
    expect(decode({ value })).toEqual(told);
    expect(decode({ value, mapping: NAMES })).toEqual(told);
    const data = decode({ headers: { ...ce, ce_type: 't' }, value });
    expect(data).toEqual({ ...told, detail: detail.replace('value', 'data') });
  });
});

describe('values by position without as many names', () => {
  const capture = (endpointInput: object) => ({ captureData: { endpointInput } });
  const csv = { observedContentType: 'text/csv', encoding: 'CSV', data: '39,clerk' };
  const headed = { ...ce, 'content-type': 'text/csv; header=present' };

  it.each([
    [{ value: capture(csv) }, 'the body has 2 values in a row, "mapping.inputs" names 3'],
    [
      { value: { instances: [[1, 2]] } },
      '"instances" has 2 values in a row, "mapping.inputs" names 3',
    ],
    [
      { value: { groundTruthData: { data: '1,2', encoding: 'CSV' } } },
      '"groundTruthData" has 2 values by position: say their names under "mapping.labels"',
    ],
    [
      { headers: headed, value: 'age,job\n1\n' },
      'the body has 1 values in a row, its header names 2',
    ],
    [
      { value: { dataframe_split: { columns: ['age'], data: [[1, 2]] } } },
      '"dataframe_split" has 2 values in a row, "dataframe_split.columns" names 1',
    ],
  ])('are told where the names would be: %#', (sent, detail) => {
    const mapping = { model: 'credit', inputs: ['age', 'job', 'x'] };
    expect(decode({ mapping, ...sent })).toEqual({ reason: 'invalid-shape', detail });
  });
});
