import type { EvaluatedMonitor } from '../../src/compare/evaluate-task.ts';
import type { World } from '../../test/support/world.ts';

/** Short, so that what a killed process held is soon taken over. */
export const LEASE_MS = 1_500;

/** The monitor that the replicas race for: its alerts open and close, and each change is a message. */
export function raceMonitor(world: World): Promise<EvaluatedMonitor> {
  return world.monitor({
    name: 'race',
    windows: ['1h'],
    policyOf: () => ({ designEffect: 'history' }),
    evaluationsPerDay: 288,
    receivers: [
      {
        name: 'oncall',
        targets: [{ channel: 'email', recipient: 'oncall@example.com', sendResolved: true }],
      },
    ],
  });
}
