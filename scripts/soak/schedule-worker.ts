/*
 * One replica of the schedule and compare stages, as a process of its own that may be killed or frozen at any moment.
 * Arguments: the database's URL, the schedule. Runs until it is ended.
 */
import process from 'node:process';

import { createCronSchedule } from '../../src/schedule/cron-schedule.ts';
import { onePerWindow } from '../../src/schedule/one-per-window.ts';
import { createScheduler } from '../../src/schedule/scheduler.ts';
import { createLog } from '../../src/platform/log.ts';
import { processName } from '../../src/platform/process-name.ts';
import { openWorld } from '../../test/support/world.ts';
import { LEASE_MS, raceMonitor } from './schedule-monitor.ts';

const [url = '', expression = ''] = process.argv.slice(2);
const world = await openWorld(url);
const monitor = await raceMonitor(world);
const scheduler = createScheduler({
  ticks: world.ticks,
  tiles: world.tiles,
  owner: processName(),
  log: createLog('silent'),
  leaseMs: LEASE_MS,
  monitors: [
    {
      id: monitor.id,
      name: monitor.name,
      modelId: monitor.modelId,
      schedule: onePerWindow(createCronSchedule(expression, 'UTC')),
      clock: 'event',
      catchUp: 1_000_000,
      allowedLatenessMs: 0,
    },
  ],
  evaluate: ({ monitor: _, ...tick }) => world.evaluator.evaluate({ ...tick, monitor }),
});
scheduler.start();
