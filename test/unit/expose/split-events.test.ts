import { array, assert, jsonValue, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BodyError, MAX_EVENTS, splitEvents } from '../../../src/expose/api/events/split.ts';

const textsOf = (type: string, body: string): string[] =>
  splitEvents(type, Buffer.from(body), {}).map(({ payload }) => Buffer.from(payload).toString());

describe('a body of events', () => {
  it('is one event, as it came', () => {
    expect(textsOf('application/json', ' {"a": 1e999, "a": 2} ')).toEqual([
      ' {"a": 1e999, "a": 2} ',
    ]);
  });

  it('is a list: each element with its very own bytes', () => {
    const body = String.raw`[ {"a": "},]\"[", "b": [1, {}]} , {"n": 9007199254740993},{"k":1,"k":2}]`;
    expect(textsOf('application/json', body).map((text) => text.trim())).toEqual([
      String.raw`{"a": "},]\"[", "b": [1, {}]}`,
      '{"n": 9007199254740993}',
      '{"k":1,"k":2}',
    ]);
  });

  it('is one event a line; empty lines are none', () => {
    expect(textsOf('application/x-ndjson', '{"a":1}\n\n  \r\n{"a":2}\r\n')).toEqual([
      '{"a":1}',
      '{"a":2}\r',
    ]);
  });

  it('is cut where JSON.parse would cut it, whatever the elements are', () => {
    const lists = property(array(jsonValue(), { minLength: 1 }), (values) => {
      for (const space of [0, 2]) {
        const texts = textsOf('application/json', JSON.stringify(values, null, space));
        expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual(
          JSON.parse(JSON.stringify(values)),
        );
      }
    });
    assert(lists);
  });

  it('tells each what it is', () => {
    const events = splitEvents('application/cloudevents-batch+json', Buffer.from('[{},{}]'), {
      'ce-source': 'x',
    });
    expect(events.map(({ headers }) => headers)).toEqual([
      { 'ce-source': 'x', 'content-type': 'application/cloudevents+json' },
      { 'ce-source': 'x', 'content-type': 'application/cloudevents+json' },
    ]);
  });

  it.each([
    ['application/json', '', /no event/],
    ['application/json', '  ', /no event/],
    ['application/json', '[]', /no event/],
    ['application/json', '{"a":', /The body is no JSON/],
    ['application/json', '[{"a":1},]', /The body is no JSON/],
    ['application/x-ndjson', '{"a":1}\n{"a"\n', /Line 2 is no JSON/],
    ['application/x-ndjson', `${'{}\n'.repeat(MAX_EVENTS)}{}`, /More than 10000 events/],
    ['application/json', `[{}, "${'x'.repeat(1_100_000)}"]`, /Event 1 has more than/],
  ])('of %s that is wrong is refused with the place: %#', (type, body, message) => {
    expect(() => textsOf(type, body)).toThrow(BodyError);
    expect(() => textsOf(type, body)).toThrow(message);
  });

  it('that is no UTF-8 is refused', () => {
    const body = Buffer.from([0x22, 0xff, 0x22]);
    expect(() => splitEvents('application/json', body, {})).toThrow(/UTF-8/);
  });
});
