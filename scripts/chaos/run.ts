import { setTimeout as sleep } from 'node:timers/promises';
import { FAULTS } from './faults.ts';
import type { Victims } from './faults.ts';
import { leastTold, planStorm } from './plan.ts';
import type { Strike } from './plan.ts';
import { openRig, SESSION_MS } from './rig.ts';
import { nothingTold } from './worker.ts';
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
    const victims = { workers, postgres, kafka, pool: world.pool, sessionMs: SESSION_MS };
    const spanMs = options.minutes * 60_000;
    const plan = planStorm(seed, { faults, workers: WORKERS, spanMs });
    const storm = startStorm(victims, plan, say);
    while (rig.sent < events) {
      await rig.send(Math.min(CHUNK, events - rig.sent));
      // The events last as long as the faults.
      while (storm.share() < 1 && rig.sent / events > storm.share()) await sleep(20);
    }
    await storm.done;
    say(`${faults} faults done, ${rig.sent} records written; catching up`);
    await rig.caughtUp();
    const { difference, wrong } = await rig.compare();
    const told = total(workers);
    const broken = [...storm.broken, ...wrong, ...tooLittle(told, storm.struck)];
    return { difference, broken, struck: storm.struck, told };
  } finally {
    await rig.end();
  }
}

function total(workers: readonly Worker[]): Told {
  const sum = nothingTold();
  for (const { told } of workers)
    for (const name of Object.keys(sum) as (keyof Told)[]) sum[name] += told[name];
  return sum;
}

/** A storm that has hurt nothing shows nothing. */
function tooLittle(told: Told, struck: Storm['struck']): string[] {
  const least = leastTold(struck);
  const broken: string[] = [];
  if (told.fenced < least.fenced)
    broken.push(`only ${told.fenced} checkpoints were refused, expected are ${least.fenced}`);
  if (told.unknown < least.unknown)
    broken.push(
      `only ${told.unknown} commits had an unknown outcome, expected are ${least.unknown}`,
    );
  if (told.deadlocks > 0) broken.push(`${told.deadlocks} deadlocks were logged`);
  return broken;
}

interface Storm {
  readonly done: Promise<void>;
  readonly broken: string[];
  readonly struck: Record<string, number>;
  /** How much of it is over, 0 to 1. */
  share(): number;
}

/** Faults in the order of the plan; a long one goes on while the next ones strike elsewhere. */
function startStorm(victims: Victims, plan: readonly Strike[], say: (line: string) => void): Storm {
  const broken: string[] = [];
  const struck: Record<string, number> = {};
  /** Places that are hurt, with the end of it. */
  const hurt = new Map<string, Promise<void>>();
  let begun = 0;

  async function strike({ fault, dice }: Strike, worker: Worker): Promise<void> {
    try {
      const promise = await FAULTS[fault]?.strike(victims, worker, dice);
      if (promise !== null && promise !== undefined) broken.push(promise);
    } catch (thrown) {
      // The database was away when its backends were to be killed, for one.
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      if (fault !== 'backend kill') broken.push(`${fault} itself failed: ${why}`);
    }
  }

  async function rage(): Promise<void> {
    for (const next of plan) {
      await sleep(next.afterMs);
      const hurts = FAULTS[next.fault]?.hurts ?? [];
      const worker = victims.workers[next.worker] as Worker;
      const places = hurts.map((place) =>
        place === 'postgres' || place === 'kafka' ? place : `${place} of ${worker.name}`,
      );
      for (const place of places) await hurt.get(place);
      // A worker that has ended by itself has broken a promise.
      if (hurts.includes('worker') && !worker.alive()) {
        broken.push(`${worker.name} has ended by itself:\n${worker.tail()}`);
        await worker.start();
      }
      begun += 1;
      struck[next.fault] = (struck[next.fault] ?? 0) + 1;
      if (begun % 20 === 0) say(`${begun} faults of ${plan.length}`);
      const struckNow = strike(next, worker);
      for (const place of places) hurt.set(place, struckNow);
    }
    await Promise.all(hurt.values());
  }
  return {
    done: rage(),
    broken,
    struck,
    share: () => (plan.length === 0 ? 1 : begun / plan.length),
  };
}
