import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../test/support/baselines.ts';
import { openRig } from './rig.ts';

/** What SIGTERM at random moments under load has led to. */
export interface Endings {
  readonly difference: number;
  /** Promises that were broken, in words. */
  readonly broken: readonly string[];
  /** The longest one, seconds. */
  readonly slowest: number;
  readonly redelivered: number;
}

/** One worker under load, asked to end `times` times; each time with exit code 0, within 10 s, nothing uncommitted. */
export async function endAtRandom(options: {
  readonly times: number;
  readonly seed: number;
}): Promise<Endings> {
  const random = createRandom(options.seed);
  const rig = await openRig(1);
  try {
    const [worker] = rig.workers;
    if (worker === undefined) throw new Error('there is no worker');
    const load = { on: true };
    const loading = (async () => {
      while (load.on) {
        await rig.send(200);
        await sleep(50);
      }
    })();
    // Whoever waits for it is told; until then it is no unhandled rejection.
    loading.catch(() => undefined);
    const broken: string[] = [];
    let slowest = 0;
    for (let time = 1; time <= options.times; time += 1) {
      await sleep(random() * 2_000);
      const started = performance.now();
      worker.signal('SIGTERM');
      const { code } = await worker.gone();
      const seconds = (performance.now() - started) / 1_000;
      slowest = Math.max(slowest, seconds);
      if (code !== 0) broken.push(`time ${time}: exit code ${String(code)}:\n${worker.tail()}`);
      if (seconds > 10) broken.push(`time ${time}: ${seconds.toFixed(1)} s`);
      await worker.start();
    }
    load.on = false;
    await loading;
    const { redelivered } = worker.told;
    if (redelivered > 0) broken.push(`${redelivered} records were counted and not committed`);
    await rig.caughtUp();
    const { difference, wrong } = await rig.compare();
    return { difference, broken: [...broken, ...wrong], slowest, redelivered };
  } finally {
    await rig.end();
  }
}
