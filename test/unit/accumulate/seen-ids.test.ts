import { describe, expect, it } from 'vitest';
import { createSeenIds } from '../../../src/accumulate/seen-ids.ts';
import { EventFrame } from '../../../src/core/domain/event-frame.ts';

const WINDOW_MS = 60_000;

function event(id: string, time: number): EventFrame {
  const frame = new EventFrame();
  Object.assign(frame, { id, time });
  return frame;
}

describe('ids of events, when more come than are kept', () => {
  it('are forgotten beyond the limit, and each is told; the first of a stretch as such', () => {
    const told: boolean[] = [];
    const seen = createSeenIds({
      windowMs: WINDOW_MS,
      stored: [],
      maxIds: 3,
      forgotten: (first) => told.push(first),
    });
    for (const id of ['a', 'b', 'c', 'd', 'e']) seen.add(event(id, 0));
    expect(told).toEqual([true, false]);
    expect(['a', 'c', 'd'].map((id) => seen.has(event(id, 0)))).toEqual([true, true, false]);

    for (const id of ['d', 'e', 'f', 'g']) seen.add(event(id, WINDOW_MS));
    expect(told).toEqual([true, false, true]);
    expect(seen.has(event('d', WINDOW_MS))).toBe(true);
  });
});
