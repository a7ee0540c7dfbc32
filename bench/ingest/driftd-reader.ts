import { createApp } from '../../src/app/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { sleep, systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { Stopwatch } from './stopwatch.ts';
import type { Reading, Task } from './task.ts';

const LOOK_MS = 100;
const STOP_MS = 10_000;

/**
 * The whole of driftd in the role `ingest`: until so many events are counted in the database. What is counted and not yet
 * committed by then costs time and CPU, too, and does not count.
 */
export async function readWithDriftd(task: Task): Promise<Reading> {
  const options = { env: { DATABASE_URL: task.databaseUrl }, validateCron: () => null };
  const config = await loadConfig(task.config, options);
  const watch = new Stopwatch();
  const log = createLog('info', {
    write: (line) => {
      if (line.includes('partitions assigned')) watch.start();
      else if (/"level":"(warn|error)"/.test(line)) process.stderr.write(line);
    },
  });
  const app = await createApp({
    config,
    load: () => Promise.resolve(config),
    roles: new Set(['ingest']),
    log,
    clock: systemClock,
  });
  const pool = createPool({ url: task.databaseUrl, max: 1, applicationName: 'bench', log });
  try {
    await app.start();
    for (;;) {
      const { rows } = await pool.query<{ next: string; counted: string }>(
        'SELECT sum(next_offset) AS next, sum(counted) AS counted FROM ingest_partition',
      );
      const read = Number(rows[0]?.next ?? 0);
      if (read >= task.events) {
        const reading = watch.stop(task.events / read);
        if (Number(rows[0]?.counted) !== read)
          throw new Error(`${rows[0]?.counted ?? ''} of ${read} events were counted`);
        return reading;
      }
      await sleep(LOOK_MS);
    }
  } finally {
    await app.stop(STOP_MS);
    await pool.end();
  }
}
