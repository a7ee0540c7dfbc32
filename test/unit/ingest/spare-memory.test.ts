import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { SpareMemory } from '../../../src/ingest/kafka/protocol/spare-memory.ts';

const MIB = 1024 * 1024;

function given(spare: SpareMemory, bytes: Buffer): void {
  spare.give(bytes.buffer as ArrayBuffer);
}

describe('spare memory', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is taken again, and whoever had it before sees nothing of it', () => {
    const spare = new SpareMemory();
    const first = spare.take(4 * MIB);
    first.write('first');
    const view = first.subarray(0, 5);
    given(spare, first);
    expect(spare.bytes).toBe(4 * MIB);
    const second = spare.take(4 * MIB - 100_000);
    expect(spare.bytes).toBe(0);
    expect([first.length, view.length, second.length]).toEqual([0, 0, 4 * MIB - 100_000]);
    // The same memory, not another.
    expect(second.toString('latin1', 0, 5)).toBe('first');
  });

  it.each([65_537, 100_000, MIB + 1, 16 * MIB + 77, 31 * MIB])(
    'has an eighth more than %d bytes at most',
    (bytes) => {
      const taken = new SpareMemory().take(bytes);
      expect(taken.length).toBe(bytes);
      expect(taken.buffer.byteLength).toBeGreaterThanOrEqual(bytes);
      expect(taken.buffer.byteLength).toBeLessThanOrEqual(bytes * 1.125);
    },
  );

  it('is not handed out to who would leave much of it unused', () => {
    const spare = new SpareMemory();
    given(spare, spare.take(8 * MIB));
    expect(spare.take(MIB).buffer.byteLength).toBe(MIB);
    expect(spare.bytes).toBe(8 * MIB);
  });

  it('is bounded: what has waited for longest goes', () => {
    const spare = new SpareMemory();
    const [old, mid, young] = [spare.take(10 * MIB), spare.take(12 * MIB), spare.take(16 * MIB)];
    for (const one of [old, mid, young]) given(spare, one);
    expect(spare.bytes).toBe(28 * MIB);
    expect(old.length).toBe(0);
    given(spare, spare.take(64 * MIB));
    expect(spare.bytes).toBe(28 * MIB);
  });

  it('is not kept for memory of other sizes, which nobody would ask for', () => {
    const spare = new SpareMemory();
    const other = Buffer.allocUnsafeSlow(MIB + 1);
    given(spare, other);
    expect([spare.bytes, other.length]).toEqual([0, 0]);
  });

  it('goes when nobody has used it for a while', () => {
    const spare = new SpareMemory();
    given(spare, spare.take(MIB));
    vi.advanceTimersByTime(4_000);
    given(spare, spare.take(MIB));
    vi.advanceTimersByTime(4_000);
    expect(spare.bytes).toBe(MIB);
    vi.advanceTimersByTime(1_001);
    expect(spare.bytes).toBe(0);
    given(spare, spare.take(MIB));
    expect(spare.bytes).toBe(MIB);
  });
});
