import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { createRandom, createNormal, rowsOver } from '../../test/support/baselines.ts';
import type { Row } from '../../test/support/baselines.ts';
import { DAY, createWorld } from '../../test/support/world.ts';
import type { World } from '../../test/support/world.ts';
import { createDatabase } from '../servers/postgres.ts';
import { raceMonitor } from './schedule-monitor.ts';

export interface RaceOptions {
  /** A Postgres server that databases may be made on. */
  readonly server: string;
  readonly ticks: number;
  readonly replicas: number;
  readonly seed: number;
  /** Gives up after this long, ms. */
  readonly timeoutMs: number;
  say(line: string): void;
}

export interface RaceReport {
  readonly ticks: number;
  readonly evaluations: number;
  /** Windows that were evaluated more than once for one revision. */
  readonly repeated: number;
  /** Windows that were judged again because late data came. */
  readonly revisions: number;
  /** Evaluations that were stored after one of a later window. */
  readonly outOfOrder: number;
  readonly unsettled: number;
  readonly kills: number;
  readonly freezes: number;
  /** Ticks that a second process had to take over. */
  readonly takenOver: number;
  readonly messages: number;
  /** What differs from the same ticks run by one undisturbed process: table and first row. */
  readonly differences: readonly string[];
}

const EVERY = '*/5 * * * *';
const TICK_MS = 300_000;
const TRAINING = Date.UTC(2024, 0, 1);
const START = TRAINING + 7 * DAY;
/** Share of strikes that hit whoever has a tick in hand: each of them costs a lease's time. */
const AIMED = 0.15;
/**
 * Without a tick that was done since the last strike the next one waits so long: where a process takes seconds to start, none
 * would ever come to evaluate else. All of them may be frozen: then something must happen all the same.
 */
const STANDSTILL_MS = 5_000;
/** A tick is in hand for some 20 ms, a look takes one. */
const OWNER_LOOKS = 50;
const WORKER = fileURLToPath(new URL('schedule-worker.ts', import.meta.url));

/**
 * Lets replicas of the schedule and compare stages race for the same ticks while they are killed (SIGKILL) and frozen
 * (SIGSTOP, at times for longer than their lease) at random, and compares everything that was stored with an undisturbed run.
 */
export async function raceSchedule(options: RaceOptions): Promise<RaceReport> {
  const stream = makeStream(options);
  const reference = await makeWorld(options, stream);
  const raced = await makeWorld(options, stream);
  try {
    await runAlone(reference, stream, options.ticks);
    const { kills, freezes } = await race(raced, stream, options);
    const differences: string[] = [];
    for (const [table, query] of Object.entries(CONTENTS)) {
      const [wanted, found] = [await contents(reference, query), await contents(raced, query)];
      const at = wanted.findIndex((row, i) => row !== found[i]);
      if (at >= 0 || wanted.length !== found.length) {
        differences.push(`${table}: ${firstDifference(wanted[at] ?? '', found[at] ?? '')}`);
      }
    }
    return { ...(await countsOf(raced)), ticks: options.ticks, kills, freezes, differences };
  } finally {
    await reference.pool.end();
    await raced.pool.end();
  }
}

interface Stream {
  readonly training: readonly Row[];
  readonly live: readonly Row[];
  /**
   * Comes when half of the ticks are done. It touches fewer windows than one tick judges again at most: else it would
   * depend on who takes a tick over in the middle, how many are done before the tick itself.
   */
  readonly late: readonly Row[];
}

/** x jumps up and back every 40 ticks, so that alerts open and close; y does not. */
function makeStream({ seed, ticks }: RaceOptions): Stream {
  const normal = createNormal(seed);
  const shifted = (time: number): boolean => Math.floor((time - START) / (40 * TICK_MS)) % 2 === 1;
  return {
    training: rowsOver(TRAINING, START, 60, () => ({ x: normal(), y: normal() })),
    live: rowsOver(START, START + ticks * TICK_MS, 240, (time) => ({
      x: normal() + (shifted(time) ? 2 : 0),
      y: normal(),
    })),
    late: rowsOver(
      START + (Math.floor(ticks / 2) - 30) * TICK_MS,
      START + (Math.floor(ticks / 2) - 22) * TICK_MS,
      60,
      () => ({ x: normal(), y: normal() + 3 }),
    ),
  };
}

async function makeWorld({ server }: RaceOptions, stream: Stream): Promise<World> {
  const world = await createWorld(await createDatabase(server), { rows: stream.training });
  await world.count(stream.live);
  const monitor = await raceMonitor(world);
  await world.ticks.setScheduledFrom(monitor.id, START);
  await moveClock(world, START);
  return world;
}

async function runAlone(world: World, { late }: Stream, ticks: number): Promise<void> {
  const monitor = await raceMonitor(world);
  for (let i = 1; i <= ticks; i += 1) {
    await deliver(world);
    await moveClock(world, START + i * TICK_MS);
    await world.evaluate(monitor, START + i * TICK_MS);
    if (i === Math.floor(ticks / 2)) await world.count(late);
  }
}

async function race(
  world: World,
  { late }: Stream,
  { ticks, replicas, seed, timeoutMs, say }: RaceOptions,
): Promise<{ kills: number; freezes: number }> {
  const start = (): ChildProcess =>
    spawn(process.execPath, [WORKER, world.url, EVERY], { stdio: ['ignore', 'ignore', 'inherit'] });
  const workers = Array.from({ length: replicas }, start);
  const chaos = createChaos(workers, start, createRandom(seed));
  const aimed = createRandom(seed + 1);
  const deadline = Date.now() + timeoutMs;
  let pause = 0;
  let struckAt = { done: -1, time: 0 };
  let lateIsHere = false;
  try {
    for (let done = 0; done < ticks; done = await settled(world)) {
      if (Date.now() > deadline) {
        say(`gave up after ${timeoutMs / 1_000} s with ${done} of ${ticks} ticks`);
        break;
      }
      if (!lateIsHere && done >= Math.floor(ticks / 2)) {
        await world.count(late);
        lateIsHere = true;
      }
      await deliver(world);
      // As the ingest stage does: the stream goes on when the tick that has come due is evaluated.
      await moveClock(world, START + (done + 1) * TICK_MS);
      const goesOn = done > struckAt.done || Date.now() - struckAt.time > STANDSTILL_MS;
      if (goesOn && Date.now() >= pause) {
        struckAt = { done, time: Date.now() };
        const busy = aimed() < AIMED ? await ownerPid(world) : null;
        pause = Date.now() + chaos.strike(busy);
        const { kills, freezes } = chaos.counts();
        if ((kills + freezes) % 50 === 0) {
          say(`${done} of ${ticks} ticks, ${kills} kills, ${freezes} freezes`);
        }
      }
      await sleep(10);
    }
    // Those that were frozen wake up and find that the work is done: what they still hold must be refused.
    await chaos.thawed();
    await sleep(500);
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
  }
  return chaos.counts();
}

interface Chaos {
  /**
   * Kills or freezes one.
   * @param busy process that has a tick in hand just now: it is struck, else any
   * @returns ms until the next
   */
  strike(busy: number | null): number;
  /** All frozen ones go on. */
  thawed(): Promise<void>;
  counts(): { kills: number; freezes: number };
}

function createChaos(
  workers: ChildProcess[],
  start: () => ChildProcess,
  random: () => number,
): Chaos {
  const thaws = new Set<Promise<void>>();
  let kills = 0;
  let freezes = 0;
  return {
    strike(busy) {
      const any = Math.floor(random() * workers.length);
      const at = workers.findIndex(({ pid }) => pid === busy);
      const i = at < 0 ? any : at;
      const worker = workers[i] as ChildProcess;
      if (random() < 0.4) {
        worker.kill('SIGKILL');
        workers[i] = start();
        kills += 1;
      } else {
        worker.kill('SIGSTOP');
        freezes += 1;
        const thaw = sleep(200 + random() * 3_800).then(() => {
          worker.kill('SIGCONT');
          thaws.delete(thaw);
        });
        thaws.add(thaw);
      }
      return 100 + random() * 500;
    },
    async thawed() {
      await Promise.all(thaws);
    },
    counts: () => ({ kills, freezes }),
  };
}

/** The process that evaluates a tick just now; null: none does within some looks. */
async function ownerPid(world: World): Promise<number | null> {
  for (let look = 0; look < OWNER_LOOKS; look += 1) {
    const { rows } = await world.pool.query<{ owner: string }>(
      "SELECT owner FROM monitor_tick WHERE state = 'running'",
    );
    const [running] = rows;
    if (running !== undefined) return Number(/:(\d+):/.exec(running.owner)?.[1]);
  }
  return null;
}

async function moveClock(world: World, to: number): Promise<void> {
  await world.pool.query(
    'UPDATE model_progress SET max_event_time = $1 WHERE max_event_time <> $1',
    [new Date(to).toISOString()],
  );
}

/**
 * As the notify stage does. What waits for a minute takes up what comes after it, so that on a slow machine messages would
 * be other ones than on a fast one.
 */
async function deliver(world: World): Promise<void> {
  await world.pool.query(
    "UPDATE outbox SET state = 'sent', finished_at = now() WHERE state = 'pending'",
  );
}

async function settled(world: World): Promise<number> {
  const { rows } = await world.pool.query<{ done: number }>(
    "SELECT count(*) AS done FROM monitor_tick WHERE state = 'done'",
  );
  return rows[0]?.done ?? 0;
}

/** Everything that is stored, but for ids and the times and durations of the process. */
const CONTENTS = {
  evaluation: `SELECT window_end, revision, due, complete, settings, summary FROM evaluation ORDER BY window_end, revision`,
  score: `SELECT e.window_end, e.revision, s.feature_id, s.segment, s.window_name, s.verdict, s.n, s.m, s.psi, s.ks,
            s.result
          FROM score s JOIN evaluation e ON e.id = s.evaluation_id ORDER BY 1, 2, 3, 4, 5`,
  alert: `SELECT feature_id, segment, state, severity, incident, recent, pending_since, firing_since, resolved_at,
            notified_severity FROM alert ORDER BY 1, 2`,
  outbox: `SELECT dedup_key, receiver, channel, recipient, reason, message FROM outbox ORDER BY dedup_key`,
};

async function contents(world: World, query: string): Promise<string[]> {
  const { rows } = await world.pool.query<{ row: string }>(
    `SELECT t::text AS row FROM (${query}) t`,
  );
  return rows.map(({ row }) => row);
}

/** The beginning of a row and where it goes apart, for people. */
function firstDifference(wanted: string, found: string): string {
  let at = 0;
  while (at < wanted.length && wanted[at] === found[at]) at += 1;
  const around = (row: string): string => row.slice(Math.max(0, at - 40), at + 40);
  return `${wanted.slice(0, 60)} ... ${around(wanted)} | ${around(found)}`;
}

async function countsOf(
  world: World,
): Promise<Omit<RaceReport, 'ticks' | 'kills' | 'freezes' | 'differences'>> {
  const { rows } = await world.pool.query<{
    evaluations: number;
    revisions: number;
    repeated: number;
    outOfOrder: number;
    unsettled: number;
    takenOver: number;
    messages: number;
  }>(
    `SELECT (SELECT count(*) FROM evaluation WHERE revision = 0) AS evaluations,
       (SELECT count(*) FROM evaluation WHERE revision > 0) AS revisions,
       (SELECT count(*) FROM evaluation) -
         (SELECT count(DISTINCT (window_end, revision)) FROM evaluation) AS repeated,
       (SELECT count(*) FROM (SELECT window_end < lag(window_end) OVER (ORDER BY id) AS late
                              FROM evaluation WHERE revision = 0) o WHERE late) AS "outOfOrder",
       (SELECT count(*) FROM monitor_tick WHERE state <> 'done') AS unsettled,
       (SELECT count(*) FROM monitor_tick WHERE attempts > 1) AS "takenOver",
       (SELECT count(*) FROM outbox) AS messages`,
  );
  const [counts] = rows;
  if (counts === undefined) throw new Error('the counts are not there');
  return counts;
}
