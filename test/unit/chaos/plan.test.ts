import { describe, expect, it } from 'vitest';

import { VARIED } from '../../../scripts/chaos/events.ts';
import { FAULTS } from '../../../scripts/chaos/faults.ts';
import { leastTold, planStorm } from '../../../scripts/chaos/plan.ts';

const options = { faults: 200, workers: 3, spanMs: 240_000 };

describe('a storm', () => {
  it('is the same for the same seed, down to the dice, and another for another', () => {
    expect(planStorm(7, options)).toEqual(planStorm(7, options));
    expect(planStorm(8, options)).not.toEqual(planStorm(7, options));
  });

  it('has every kind of fault, hurts every worker, and asks for what it must lead to', () => {
    const plan = planStorm(7, options);
    const struck: Record<string, number> = {};
    for (const { fault } of plan) struck[fault] = (struck[fault] ?? 0) + 1;
    expect(plan.length).toBe(200);
    expect(Object.keys(struck).sort()).toEqual(Object.keys(FAULTS).sort());
    expect(new Set(plan.map(({ worker }) => worker))).toEqual(new Set([0, 1, 2]));
    const { fenced, unknown } = leastTold(struck);
    expect(fenced).toBeGreaterThan(0);
    expect(unknown).toBeGreaterThan(10);
  });

  it('asks for half of many strikes that can do it, for a quarter of some, and for none of a few', () => {
    expect(leastTold({ 'SIGSTOP at a checkpoint': 8, 'TCP reset at COMMIT': 41 })).toEqual({
      fenced: 2,
      unknown: 20,
    });
    const both = { 'SIGSTOP at a checkpoint': 12, 'SIGSTOP beyond the session': 8 };
    expect(leastTold(both)).toEqual({ fenced: 10, unknown: 0 });
    expect(leastTold({ 'SIGSTOP at a checkpoint': 5 })).toEqual({ fenced: 0, unknown: 0 });
  });

  it('a short one has those that show the most', () => {
    const names = planStorm(7, { ...options, faults: 10 }).map(({ fault }) => fault);
    expect(names.filter((name) => name === 'SIGSTOP at a checkpoint').length).toBeGreaterThan(1);
    expect(names.filter((name) => name === 'TCP reset at COMMIT').length).toBeGreaterThan(1);
  });
});

describe('its load', () => {
  it('has hours of event time, segments, and records of every fate', () => {
    const fates = new Map<string, number>();
    const hours = new Set<number>();
    const origins = new Set<string | null>();
    for (let id = 0; id < 12_000; id += 1) {
      const fate = VARIED.fateOf(id);
      fates.set(fate, (fates.get(fate) ?? 0) + 1);
      if (fate === 'counted') hours.add(Math.floor(VARIED.eventOf(id).time / 3_600_000));
      origins.add(VARIED.originOf(id));
      // A duplicate is of an event that is counted, in the same partition and shortly before.
      if (fate === 'duplicate') expect(VARIED.recordOf(id)).toBe(VARIED.recordOf(id - 30));
    }
    expect([...fates.keys()].sort()).toEqual(['counted', 'duplicate', 'quarantined', 'too-late']);
    expect(Math.min(...fates.values())).toBeGreaterThan(40);
    expect(hours.size).toBeGreaterThan(5);
    expect(origins).toEqual(new Set(['EWR', 'JFK', 'LGA', null]));
  });
});
