import { assert, json, nat, property } from 'fast-check';
import { expect, it } from 'vitest';
import { jsonFaultAt } from '../../../src/core/domain/json-fault.ts';

it.each([
  ['', 0],
  ['  ', 2],
  ['{"a":x}', 5],
  ['{"a":1,}', 7],
  ['[1,]', 3],
  ['[1 2]', 3],
  ['{"a" 1}', 5],
  ['{a:1}', 1],
  ["{'a':1}", 1],
  ['{"a":1', 6],
  ['{"a":"x', 7],
  ['{"a":"x\ny"}', 7],
  [String.raw`{"a":"\x"}`, 6],
  ['{"a":1}\n{"a":2}', 8],
  ['[{"a":[1,{"b":2}]},{"c":NaN}]', 24],
  ['{"a":01}', 6],
  ['[1]]', 3],
  ['['.repeat(500_000), 500_000],
])('what is no JSON is told where it is none: %.20s', (text, at) => {
  expect(jsonFaultAt(text)).toBe(at);
});

it('a text is JSON up to the fault, and JSON without one has it behind its end', () => {
  assert(
    property(json(), nat(), nat({ max: 0x7f }), (text, place, code) => {
      expect(jsonFaultAt(text)).toBe(text.length);
      const at = place % (text.length + 1);
      const bent = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
      if (isJson(bent)) expect(jsonFaultAt(bent)).toBe(bent.length);
      // What comes before it could be the beginning of this text, too.
      else expect(jsonFaultAt(bent)).toBeGreaterThanOrEqual(Math.min(at - 4, bent.length));
    }),
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
