import { describe, expect, it } from 'vitest';

import { editDistance, nearest, suggestion } from '../../../src/config/document/nearest.ts';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['brokers', 'borkers', 1],
    ['abc', 'abc', 0],
  ])('%s to %s is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe('nearest', () => {
  it('finds what was meant, whatever the spelling of its parts', () => {
    expect(nearest('timeZone', ['name', 'time_zone'])).toBe('time_zone');
    expect(nearest('TOPICS', ['topics', 'tls'])).toBe('topics');
    expect(nearest('zebra', ['listen', 'auth'])).toBeNull();
    expect(nearest('x', [])).toBeNull();
  });

  it('lists what there is when nothing is near', () => {
    expect(suggestion('zebra', ['listen', 'auth'], 'known keys')).toBe('known keys: listen, auth');
    expect(suggestion('zebra', [], 'models')).toBe('there are no models');
  });
});
