import { expect, it } from 'vitest';

import { raceSchedule } from '../../scripts/soak/schedule-race.ts';
import { postgresUrl } from '../support/servers.ts';

it('four replicas, killed and frozen at random, evaluate every tick once, and store what one would', async () => {
  const ticks = 200;
  const report = await raceSchedule({
    server: postgresUrl(),
    ticks,
    replicas: 4,
    seed: 20_240_101,
    timeoutMs: 240_000,
    say: () => undefined,
  });
  expect(report).toMatchObject({
    evaluations: ticks,
    repeated: 0,
    outOfOrder: 0,
    unsettled: 0,
    differences: [],
  });
  expect(report.messages).toBeGreaterThan(0);
  expect(report.revisions).toBeGreaterThanOrEqual(8);
  expect(report.kills).toBeGreaterThan(0);
  expect(report.freezes).toBeGreaterThan(0);
  // Else nobody died or froze in the middle of a tick, and nothing was raced for.
  expect(report.takenOver).toBeGreaterThan(0);
}, 300_000);
