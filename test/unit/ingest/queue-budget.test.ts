import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SourceControl } from '../../../src/ingest/event-source.ts';
import { Intake, QueueBudget } from '../../../src/ingest/intake.ts';

const MIB = 1024 * 1024;
const LIMIT = 64 * MIB;
const QUEUE = { queueRecords: 1e6, queueBytes: 1e12 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A partition whose batches are all of one size: one is offered whenever it is not paused. */
function partition(budget: QueueBudget, bytes: number) {
  let paused = false;
  let next = 0;
  const key = { source: 'kafka', topic: 'sized', partition: 0 };
  const control: SourceControl = {
    seek: (_, offset) => {
      next = offset;
    },
    pause: () => undefined,
    resume: () => {
      paused = false;
    },
    startOffsets: () => Promise.resolve(new Map()),
    logRange: () => Promise.resolve({ start: 0, end: Infinity }),
    committed: () => undefined,
  };
  const intake = new Intake(key, control, QUEUE, budget);
  intake.open(0);
  const one = {
    intake,
    counted: 0,
    /** @returns whether it was fetched, though perhaps refused */
    offer(): boolean {
      if (paused) return false;
      const records = Object.assign([], { bytes });
      const batch = { partition: key, from: next, to: next + 1, records, logEnd: null };
      next += 1;
      paused = !intake.offer(batch);
      return true;
    },
    /** Is done with the batch in hand, and takes the next. */
    work(): void {
      if (intake.take() !== undefined) one.counted += 1;
    },
    get paused(): boolean {
      return paused;
    },
  };
  return one;
}

/** Offers once from each. @returns which are refused */
function refused(of: readonly ReturnType<typeof partition>[]): boolean[] {
  return of.map((one) => {
    one.offer();
    return one.paused;
  });
}

describe('the room for queued batches', () => {
  it('is had by a partition of large batches among many of small ones', () => {
    const budget = new QueueBudget(LIMIT);
    const small = Array.from({ length: 15 }, () => partition(budget, 4 * MIB));
    const large = partition(budget, 40 * MIB);
    let peak = 0;
    for (let round = 0; round < 4_000; round += 1) {
      for (const one of [...small, large]) {
        one.offer();
        peak = Math.max(peak, budget.heldBytes);
      }
      // One worker after another is done with a batch, and the others are faster than the large one in being there again.
      small[round % 15]?.work();
      small[(round * 7) % 15]?.work();
      if (round % 5 === 0) large.work();
    }
    const least = Math.min(...small.map(({ counted }) => counted));
    expect(least).toBeGreaterThan(50);
    expect(large.counted).toBeGreaterThan(50);
    expect(peak).toBeLessThanOrEqual(LIMIT);
  });

  it('goes to whoever was refused first, and is kept until it comes', () => {
    const budget = new QueueBudget(LIMIT);
    const [a, b] = [partition(budget, 30 * MIB), partition(budget, 30 * MIB)];
    const [large, small] = [partition(budget, 40 * MIB), partition(budget, 4 * MIB)];
    expect(refused([a, b, large])).toEqual([false, false, true]);
    expect(refused([small])).toEqual([true]);

    a.work();
    b.work();
    a.work();
    // 30 MiB are held: 34 are free, which the large one does not fit into.
    expect([large.paused, small.paused]).toEqual([true, true]);
    b.work();
    expect([large.paused, small.paused]).toEqual([false, false]);
    expect(refused([a])).toEqual([true]);
    expect(refused([large, small])).toEqual([false, false]);
  });

  it('is all of it for a batch that is larger than it, once nothing else is held', () => {
    const budget = new QueueBudget(LIMIT);
    const [a, huge, b] = [4, 100, 4].map((size) => partition(budget, size * MIB)) as [
      ReturnType<typeof partition>,
      ReturnType<typeof partition>,
      ReturnType<typeof partition>,
    ];
    expect(refused([a, huge, b])).toEqual([false, true, true]);
    a.work();
    expect(refused([a])).toEqual([true]);
    a.work();
    expect([huge.paused, b.paused]).toEqual([false, true]);
    expect(refused([huge])).toEqual([false]);
    expect(budget.heldBytes).toBe(100 * MIB);
    huge.work();
    huge.work();
    expect([a.paused, b.paused]).toEqual([false, false]);
  });

  it('is for the next when one that waits goes away, told or not', () => {
    const budget = new QueueBudget(LIMIT);
    const [a, huge, b] = [4, 100, 4].map((size) => partition(budget, size * MIB)) as [
      ReturnType<typeof partition>,
      ReturnType<typeof partition>,
      ReturnType<typeof partition>,
    ];
    refused([a, huge, b]);
    huge.intake.close();
    expect(b.paused).toBe(false);

    huge.intake.open(0);
    expect(refused([huge, b])).toEqual([true, false]);
    for (const one of [a, b]) for (let i = 0; i < 2; i += 1) one.work();
    expect(refused([a])).toEqual([true]);
    huge.intake.close();
    expect(a.paused).toBe(false);
  });

  it('is not kept for ever for one whose records are gone meanwhile', () => {
    const budget = new QueueBudget(LIMIT);
    const [a, gone] = [partition(budget, 4 * MIB), partition(budget, 100 * MIB)];
    refused([a, gone]);
    a.work();
    a.work();
    expect(gone.paused).toBe(false);
    expect(refused([a])).toEqual([true]);

    vi.advanceTimersByTime(61_000);

    expect(a.paused).toBe(false);
    expect(refused([a])).toEqual([false]);
  });

  it('lets others pass while whoever holds it waits for them', () => {
    const budget = new QueueBudget(LIMIT);
    const [holds, large, small] = [
      partition(budget, 40 * MIB),
      partition(budget, 40 * MIB),
      partition(budget, 4 * MIB),
    ];
    expect(refused([holds, large, small])).toEqual([false, true, true]);

    vi.advanceTimersByTime(31_000);

    expect([large.paused, small.paused]).toEqual([true, false]);
    expect(refused([small])).toEqual([false]);
    holds.work();
    holds.work();
    expect(large.paused).toBe(false);
  });
});
