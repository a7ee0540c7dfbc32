import { expect, it } from 'vitest';

import { raceDelivery } from '../../scripts/soak/delivery-race.ts';
import { STEPS } from '../../scripts/soak/delivery-steps.ts';
import { postgresUrl } from '../support/servers.ts';

it('100 alert transitions, a process killed at each step of delivery: nothing is lost, duplicates show', async () => {
  const report = await raceDelivery({
    server: postgresUrl(),
    transitions: 100,
    killsPerStep: 1,
    seed: 7,
    say: () => undefined,
  });
  expect(Object.keys(report.kills).sort()).toEqual([...STEPS].sort());
  expect(report).toMatchObject({ messages: 200, lost: [], unknown: [] });
  // What the killed processes had under way: two messages on each of two channels.
  expect(report.duplicates).toBeLessThanOrEqual(STEPS.length * 4);
  expect(report.arrived).toBe(200 + report.duplicates);
}, 120_000);
