import { expect, it } from 'vitest';

import { raceDelivery, UNDER_WAY } from '../../scripts/soak/delivery-race.ts';
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
  expect(report).toMatchObject({ lost: [], unknown: [], untold: [], altered: [] });
  // Some of the changes have waited for each other; none is alone in its group for ever.
  expect(report.messages).toBeGreaterThanOrEqual((2 * 100) / 4);
  expect(report.messages).toBeLessThan(2 * 100);
  const killed = Object.values(report.kills).reduce((sum, count) => sum + count, 0);
  expect(report.duplicates).toBeLessThanOrEqual(killed * UNDER_WAY);
  expect(report.arrived).toBe(report.messages + report.duplicates);
});
