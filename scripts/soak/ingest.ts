import { endAtRandom } from '../chaos/endings.ts';
import { outlast } from '../chaos/outage.ts';
import { SESSION_MS } from '../chaos/rig.ts';
import { runChaos } from '../chaos/run.ts';
import type { SoakPart } from './part.ts';

/** How much memory an outage of the database may cost. */
const GROWTH_MIB = 64;

const faultsOf = (short: boolean): number => (short ? 25 : 150);

export const chaosSoak: SoakPart = {
  about: (short) =>
    `${short ? '30 s' : '5 minutes'} of chaos, ${faultsOf(short)} faults: every bin is the producer's`,
  async run({ short, seed, say }) {
    const report = await runChaos({
      events: short ? 30_000 : 300_000,
      faults: faultsOf(short),
      seed,
      minutes: short ? 0.5 : 5,
      say,
    });
    say(`struck: ${JSON.stringify(report.struck)}`);
    say(`told: ${JSON.stringify(report.told)}; difference ${report.difference}`);
    const differs = report.difference === 0 ? [] : [`the counts differ by ${report.difference}`];
    return [...differs, ...report.broken];
  },
};

/**
 * After a SIGTERM others have stored something of each of its partitions, 95 times of 100: sooner than what is promised after
 * a kill (the session and 5 s).
 */
const RESUME_SECONDS = SESSION_MS / 1_000 + 5;
const endingsOf = (short: boolean): number => (short ? 8 : 50);

export const endingSoak: SoakPart = {
  about: (short) =>
    `SIGTERM at ${endingsOf(short)} random moments: exit code 0 within 10 s, nothing redelivered`,
  async run({ short, seed, say }) {
    const report = await endAtRandom({ times: endingsOf(short), seed, others: true });
    const { slowest, redelivered, difference, broken, resumed } = report;
    say(`slowest ${slowest.toFixed(1)} s, ${redelivered} redelivered, difference ${difference}`);
    const p95 = resumed[Math.ceil(resumed.length * 0.95) - 1] ?? Infinity;
    const median = resumed[Math.floor(resumed.length / 2)] ?? Infinity;
    say(`others count on after ${median.toFixed(1)} s (median), ${p95.toFixed(1)} s (p95)`);
    return [
      ...(difference === 0 ? [] : [`the counts differ by ${difference}`]),
      ...(p95 <= RESUME_SECONDS ? [] : [`others counted on after ${p95.toFixed(1)} s only`]),
      ...broken,
    ];
  },
};

const minutesOf = (short: boolean): number => (short ? 1 : 10);

export const outageSoak: SoakPart = {
  about: (short) =>
    `${minutesOf(short)} minutes without Postgres under load: at most ${GROWTH_MIB} MiB more, then all is counted`,
  async run({ short, say }) {
    const report = await outlast({
      outageMs: minutesOf(short) * 60_000,
      eventsPerSecond: 2_000,
      warmUpMs: 30_000,
    });
    const { before, during, after, waiting, meanwhile, catchUpSeconds, difference, wrong } = report;
    say(
      `memory before ${before.toFixed(0)} MiB, during ${during.toFixed(0)}, after ${after.toFixed(0)}`,
    );
    say(
      `${waiting} events waited, read in ${catchUpSeconds.toFixed(1)} s while ${meanwhile} more came; difference ${difference}`,
    );
    return [
      ...(difference === 0 ? [] : [`the counts differ by ${difference}`]),
      ...(during - before <= GROWTH_MIB
        ? []
        : [`memory grew by ${(during - before).toFixed(0)} MiB`]),
      ...(report.paused ? [] : ['fetching was not paused']),
      // What waits is read sooner than as much again is written, at a quarter of the speed.
      ...(meanwhile <= waiting ? [] : [`${meanwhile} events came until ${waiting} were read`]),
      ...wrong,
    ];
  },
};
