import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRig } from './rig.ts';
import type { Rig } from './rig.ts';
import type { Worker } from './worker.ts';

/** What an outage of the database under load has led to. */
export interface Outage {
  readonly difference: number;
  readonly wrong: readonly string[];
  /** Memory of the worker before, and the most of it during the outage and the catching up after it, MiB. */
  readonly before: number;
  readonly during: number;
  readonly after: number;
  /** Was fetching paused: did nothing more come from the broker in the end, though events were written on and on? */
  readonly paused: boolean;
  /** Events that waited in the log when the database was back. */
  readonly waiting: number;
  /** Events that were written until all of it was read: the load goes on meanwhile. */
  readonly meanwhile: number;
  /** From the database's return until then, seconds. */
  readonly catchUpSeconds: number;
}

/** Sends a second. */
const SENDS = 5;
/** What still comes from the broker while nothing is fetched: answers to heartbeats and to questions for the log's end. */
const QUIET_SHARE = 0.1;
/** A record is larger than this. */
const RECORD_BYTES = 100;
/** How much of the load goes on while what waits is read. */
const CATCH_UP_SHARE = 0.25;
/** Two sends may be on their way at any time. */
const ABREAST = 2;
const CATCH_UP_MS = 240_000;

/** One worker under load; the database goes away for a while and comes back. Some load goes on until all is read. */
export async function outlast(options: {
  readonly outageMs: number;
  readonly eventsPerSecond: number;
  readonly warmUpMs: number;
}): Promise<Outage> {
  const rig = await openRig(1);
  try {
    const [worker] = rig.workers;
    if (worker === undefined) throw new Error('there is no worker');
    const chunk = Math.ceil(options.eventsPerSecond / SENDS);
    const load = { on: true, chunk };
    const loading = (async () => {
      while (load.on) await Promise.all([rig.send(load.chunk), sleep(1_000 / SENDS)]);
    })();
    // Whoever waits for it is told; until then it is no unhandled rejection.
    loading.catch(() => undefined);
    await sleep(options.warmUpMs);
    const before = residentMiB(worker.pid);
    await rig.postgres.halt();
    let paused = false;
    const outage = (async () => {
      await sleep(options.outageMs * 0.7);
      paused = await isQuiet(rig, worker, options.outageMs * 0.3);
    })();
    const during = await mostMemory(worker.pid, outage);
    await rig.postgres.restart();
    const back = performance.now();
    // Not all of it: producer, broker and database share the machine.
    load.chunk = Math.ceil(chunk * CATCH_UP_SHARE);
    const [sent, covered] = [rig.sent, await rig.covered()];
    const after = await mostMemory(worker.pid, closeUp(rig, ABREAST * chunk));
    const catchUpSeconds = (performance.now() - back) / 1_000;
    const meanwhile = rig.sent - sent;
    load.on = false;
    await loading;
    await rig.caughtUp();
    const waiting = sent - covered;
    const memory = { before, during, after };
    return { ...(await rig.compare()), ...memory, paused, waiting, meanwhile, catchUpSeconds };
  } finally {
    await rig.end();
  }
}

/** Does the broker send next to nothing while events are written on? */
async function isQuiet(rig: Rig, worker: Worker, ms: number): Promise<boolean> {
  const [sent, received] = [rig.sent, worker.brokerProxy.received];
  await sleep(ms);
  const written = (rig.sent - sent) * RECORD_BYTES;
  return written > 0 && worker.brokerProxy.received - received < QUIET_SHARE * written;
}

/** Resolves when no more than this many events wait. */
async function closeUp(rig: Rig, events: number): Promise<void> {
  const limit = performance.now() + CATCH_UP_MS;
  while (rig.sent - (await rig.covered()) > events) {
    if (performance.now() > limit)
      throw new Error(`${rig.sent} were sent, ${await rig.covered()} read`);
    await sleep(50);
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
