import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../test/support/baselines.ts';
import { choose, FAULTS } from './faults.ts';
import type { Victims } from './faults.ts';
import { openRig, SESSION_MS } from './rig.ts';
import type { Told, Worker } from './worker.ts';

export interface ChaosOptions {
  readonly events: number;
  readonly faults: number;
  readonly seed: number;
  /** Over how long the faults are spread at least. */
  readonly minutes: number;
  say(line: string): void;
}

export interface ChaosReport {
  /** Over every count of every feature in every slice, from the producer's own. */
  readonly difference: number;
  /** Promises that were broken, in words. */
  readonly broken: readonly string[];
  readonly struck: Readonly<Record<string, number>>;
  readonly told: Told;
}

const WORKERS = 3;
const CHUNK = 500;

/** Workers, a broker and a database of its own, hurt at random while a producer writes; then compared with its ledger. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { events, faults, seed, say } = options;
  const rig = await openRig(WORKERS);
  try {
    const { workers, postgres, kafka, world } = rig;
    const random = createRandom(seed);
    const victims = { workers, postgres, kafka, pool: world.pool, sessionMs: SESSION_MS, random };
    const storm = startStorm(victims, options);
    while (rig.sent < events) {
      await rig.send(Math.min(CHUNK, events - rig.sent));
      // The events last as long as the faults.
      while (storm.share() < 1 && rig.sent / events > storm.share()) await sleep(20);
    }
    await storm.done;
    say(`${faults} faults done, ${rig.sent} records written; catching up`);
    await rig.caughtUp();
    const { difference, wrong } = await rig.compare();
    const broken = [...storm.broken, ...wrong];
    return { difference, broken, struck: storm.struck, told: total(workers) };
  } finally {
    await rig.end();
  }
}

function total(workers: readonly Worker[]): Told {
  const sum: Told = { fenced: 0, unknown: 0, retry: 0, redelivered: 0, claims: 0 };
  for (const { told } of workers)
    for (const name of Object.keys(sum) as (keyof Told)[]) sum[name] += told[name];
  return sum;
}

interface Storm {
  readonly done: Promise<void>;
  readonly broken: string[];
  readonly struck: Record<string, number>;
  /** How much of it is over, 0 to 1. */
  share(): number;
}

/** Faults at even distances on average; a long one goes on while the next ones strike elsewhere. */
function startStorm(victims: Victims, { faults, minutes, say }: ChaosOptions): Storm {
  const broken: string[] = [];
  const struck: Record<string, number> = {};
  const hurt = new Set<string>();
  const pending: Promise<void>[] = [];
  let begun = 0;

  async function strike(name: string, worker: Worker, place: string): Promise<void> {
    try {
      const fault = await FAULTS[name]?.strike(victims, worker);
      if (fault !== null && fault !== undefined) broken.push(fault);
    } catch (thrown) {
      // The database was away when its backends were to be killed, for one.
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      if (name !== 'backend kill') broken.push(`${name} itself failed: ${why}`);
    } finally {
      hurt.delete(place);
    }
  }

  async function rage(): Promise<void> {
    const gapMs = (minutes * 60_000) / Math.max(1, faults);
    while (begun < faults) {
      await sleep(gapMs * (0.5 + victims.random()));
      const name = choose(victims.random);
      const kind = FAULTS[name]?.hurts ?? 'worker';
      const worker = victims.workers[Math.floor(victims.random() * victims.workers.length)];
      if (worker === undefined) return;
      const place = kind === 'postgres' || kind === 'kafka' ? kind : `${kind} of ${worker.name}`;
      if (hurt.has(place)) continue;
      // A worker that has ended by itself has broken a promise.
      if (kind === 'worker' && !worker.alive()) {
        broken.push(`${worker.name} has ended by itself:\n${worker.tail()}`);
        await worker.start();
      }
      hurt.add(place);
      begun += 1;
      struck[name] = (struck[name] ?? 0) + 1;
      if (begun % 20 === 0) say(`${begun} faults of ${faults}`);
      pending.push(strike(name, worker, place));
    }
    await Promise.all(pending);
  }
  return { done: rage(), broken, struck, share: () => (faults === 0 ? 1 : begun / faults) };
}
