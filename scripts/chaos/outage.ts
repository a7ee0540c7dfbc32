import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRig } from './rig.ts';

/** What an outage of the database under load has led to. */
export interface Outage {
  readonly difference: number;
  readonly wrong: readonly string[];
  /** Memory of the worker before, and the most of it during the outage and the catching up after it, MiB. */
  readonly before: number;
  readonly during: number;
  readonly after: number;
  /** Events that waited in the log when the database was back. */
  readonly waiting: number;
  /** From the database's return to the end of the log, seconds. */
  readonly catchUpSeconds: number;
}

const CHUNK = 250;

/** One worker under load; the database goes away for a while and comes back. */
export async function outlast(options: {
  readonly outageMs: number;
  readonly eventsPerSecond: number;
  readonly warmUpMs: number;
}): Promise<Outage> {
  const rig = await openRig(1);
  try {
    const [worker] = rig.workers;
    if (worker === undefined) throw new Error('there is no worker');
    const load = { on: true };
    const loading = (async () => {
      while (load.on) {
        await rig.send(CHUNK);
        await sleep((1_000 * CHUNK) / options.eventsPerSecond);
      }
    })();
    // Whoever waits for it is told; until then it is no unhandled rejection.
    loading.catch(() => undefined);
    await sleep(options.warmUpMs);
    const before = residentMiB(worker.pid);
    await rig.postgres.halt();
    const during = await mostMemory(worker.pid, sleep(options.outageMs));
    await rig.postgres.restart();
    const back = performance.now();
    load.on = false;
    await loading;
    const waiting = rig.sent - (await rig.covered());
    const after = await mostMemory(worker.pid, rig.caughtUp());
    const catchUpSeconds = (performance.now() - back) / 1_000;
    return { ...(await rig.compare()), before, during, after, waiting, catchUpSeconds };
  } finally {
    await rig.end();
  }
}

async function mostMemory(pid: number, while_: Promise<unknown>): Promise<number> {
  let most = 0;
  let over = false;
  const ended = while_.finally(() => (over = true));
  ended.catch(() => undefined);
  while (!over) {
    most = Math.max(most, residentMiB(pid));
    await sleep(100);
  }
  await ended;
  return most;
}

function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}
