import { describe, expect, it } from 'vitest';

import { shownName, shownNames } from '../../../../src/core/domain/shown-name.ts';
import {
  MAX_UNKNOWN_NAMES,
  NameCollector,
  keptName,
  recentNames,
} from '../../../../src/core/quality/unknown-names.ts';

const MINUTE = 60_000;

describe('the names of one model between checkpoints', () => {
  it('are told with the least and the greatest time, in order', () => {
    const names = new NameCollector();
    for (const [name, time] of [
      ['b', 5],
      ['a', 7],
      ['b', 3],
      ['b', 9],
    ] as const)
      names.note(name, time);
    expect(names.pending()).toEqual([
      { name: 'a', firstSeen: 7, lastSeen: 7 },
      { name: 'b', firstSeen: 3, lastSeen: 9 },
    ]);
  });

  it('are told again only when there is news', () => {
    const names = new NameCollector();
    const at = (time: number): number => {
      names.note('a', time);
      const { length } = names.pending();
      names.committed();
      return length;
    };
    expect([0, 1, MINUTE - 1, MINUTE, 2 * MINUTE - 1, -1, 3 * MINUTE].map(at)).toEqual([
      1, 0, 0, 1, 0, 1, 1,
    ]);
  });

  it('stay in bounds, however many come', () => {
    const names = new NameCollector();
    for (let checkpoint = 0; checkpoint < 5; checkpoint += 1) {
      for (let i = 0; i < 1_000; i += 1) names.note(`${checkpoint}/${i}`, i);
      expect(names.pending()).toHaveLength(MAX_UNKNOWN_NAMES);
      names.committed();
    }
    names.note('4/0', 0);
    names.note('3/0', 0);
    expect(names.pending().map(({ name }) => name)).toEqual(['3/0']);
  });
});

describe('a name of a stranger', () => {
  it.each([
    ['temp_c.max-2', 'temp_c.max-2'],
    ['a\0b\u001B[31m', 'a\uFFFDb\uFFFD[31m'],
    ['half \uD800', 'half \uFFFD'],
    ['x'.repeat(500), 'x'.repeat(128)],
    [`${'x'.repeat(127)}\u{1F600}`, `${'x'.repeat(127)}\uFFFD`],
    ['', ''],
  ])('%j is kept as %j', (name, kept) => {
    expect(keptName(name)).toBe(kept);
  });

  it.each([
    ['temp_c.max-2', 'temp_c.max-2'],
    ['wind speed', '"wind speed"'],
    ['"; drop', '"\\"; drop"'],
    ['', '""'],
    ['a\u202Eb\u200Bc\nd\u2028e', '"a\uFFFDb\uFFFDc\uFFFDd\uFFFDe"'],
    ['x'.repeat(61), `"${'x'.repeat(59)}…"`],
  ])('%j is shown as %s', (name, shown) => {
    expect(shownName(name)).toBe(shown);
  });

  it('stands among the first few of many', () => {
    expect(shownNames(['a', 'b'], 2)).toBe('a, b');
    expect(shownNames(['a', 'b c', 'd', 'e'], 2)).toBe('a, "b c" and 2 more');
  });
});

it('what the newest day of the stream did not bring is not recent', () => {
  const seen = (name: string, lastSeen: number) => ({ name, firstSeen: 0, lastSeen, known: false });
  const names = [seen('now', 1_440 * MINUTE), seen('then', 0), seen('before', -1)];
  const of = (newest: number | null) =>
    recentNames({ names, newest, events: 9 }).map(({ name }) => name);
  expect(of(1_440 * MINUTE)).toEqual(['now', 'then']);
  expect(of(null)).toEqual([]);
});
