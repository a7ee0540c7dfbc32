import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../test/support/baselines.ts';
import { openRig } from './rig.ts';
import type { Rig } from './rig.ts';
import type { Worker } from './worker.ts';

/** What SIGTERM at random moments under load has led to. */
export interface Endings {
  readonly difference: number;
  /** Promises that were broken, in words. */
  readonly broken: readonly string[];
  /** The longest one, seconds. */
  readonly slowest: number;
  readonly redelivered: number;
  /** With others: from each SIGTERM until the other worker has stored something of every partition, seconds, ascending. */
  readonly resumed: readonly number[];
}

/** It ends by force after 10 s: what takes about as long has not ended by itself. */
const LONGEST_SECONDS = 9.5;
const RESUME_SECONDS = 60;
const EVENTS_A_SEND = 200;

/**
 * A worker under load is asked to end `times` times; each time with exit code 0, in time, nothing uncommitted and every claim
 * told as released. With `others` there is a second one, which goes on with all of the partitions.
 */
export async function endAtRandom(options: {
  readonly times: number;
  readonly seed: number;
  readonly others: boolean;
}): Promise<Endings> {
  const random = createRandom(options.seed);
  const rig = await openRig(options.others ? 2 : 1);
  try {
    const [worker] = rig.workers;
    if (worker === undefined) throw new Error('there is no worker');
    const load = { on: true };
    const loading = (async () => {
      while (load.on) {
        await rig.send(EVENTS_A_SEND);
        await sleep(50);
      }
    })();
    // Whoever waits for it is told; until then it is no unhandled rejection.
    loading.catch(() => undefined);
    const broken: string[] = [];
    const resumed: number[] = [];
    let slowest = 0;
    for (let time = 1; time <= options.times; time += 1) {
      await sleep(random() * 2_000);
      const started = performance.now();
      const { seconds, faults } = await endOnce(worker);
      slowest = Math.max(slowest, seconds);
      broken.push(...faults.map((fault) => `time ${time}: ${fault}`));
      if (options.others) {
        if (await allMove(rig)) resumed.push((performance.now() - started) / 1_000);
        else broken.push(`time ${time}: the other worker did not go on with every partition`);
      }
      await worker.start();
    }
    load.on = false;
    await loading;
    const { redelivered } = worker.told;
    if (redelivered > 0) broken.push(`${redelivered} records were counted and not committed`);
    await rig.caughtUp();
    const { difference, wrong } = await rig.compare();
    resumed.sort((a, b) => a - b);
    return { difference, broken: [...broken, ...wrong], slowest, redelivered, resumed };
  } finally {
    await rig.end();
  }
}

async function endOnce(worker: Worker): Promise<{ seconds: number; faults: string[] }> {
  const faults: string[] = [];
  const started = performance.now();
  worker.signal('SIGTERM');
  const { code } = await worker.gone();
  const seconds = (performance.now() - started) / 1_000;
  if (code !== 0) faults.push(`exit code ${String(code)}:\n${worker.tail()}`);
  if (seconds > LONGEST_SECONDS) faults.push(`${seconds.toFixed(1)} s`);
  // What ends by force tells nothing of what it has not committed.
  const { claims, released } = worker.told;
  if (released < claims)
    faults.push(`${claims - released} of ${claims} claims were never released`);
  return { seconds, faults };
}

/** Waits until something more of every partition is stored. @returns false when that does not come */
async function allMove(rig: Rig): Promise<boolean> {
  const before = await rig.positions();
  const limit = performance.now() + RESUME_SECONDS * 1_000;
  while (performance.now() < limit) {
    const now = await rig.positions();
    if (now.every((offset, i) => offset > (before[i] ?? 0))) return true;
    await sleep(20);
  }
  return false;
}
