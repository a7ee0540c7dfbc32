import { readinessOf } from '../core/window/windows.ts';
import { createBackoff } from '../platform/backoff.ts';
import { sleep, systemClock } from '../platform/clock.ts';
import { toError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { TickClaim, TickStore } from '../storage/tick-store.ts';
import type { TileReader } from '../storage/tile-store.ts';
import type { CronSchedule } from './cron-schedule.ts';

/** A monitor as the scheduler knows it. */
export interface ScheduledMonitor {
  readonly id: number;
  readonly name: string;
  readonly modelId: number;
  readonly schedule: CronSchedule;
  readonly clock: 'wall' | 'event';
  readonly catchUp: number;
  readonly allowedLatenessMs: number;
}

/** A tick that this process has claimed and is to evaluate. */
export interface DueTick {
  readonly monitor: ScheduledMonitor;
  readonly claim: TickClaim;
  /** Have all events of the windows arrived? */
  readonly complete: boolean;
  readonly watermark: number | null;
  /** Only the newest of several ticks that are ready may notify. */
  readonly mayNotify: boolean;
}

export interface SchedulerDeps {
  readonly ticks: TickStore;
  readonly tiles: TileReader;
  readonly monitors: readonly ScheduledMonitor[];
  /** Names this process in the tick's lease. */
  readonly owner: string;
  readonly log: Log;
  /** A tick whose process has said nothing for this long may be taken over; 60 s by default. */
  readonly leaseMs?: number;
  /** Evaluates and stores; resolves to false when the claim was lost meanwhile. */
  readonly evaluate: (tick: DueTick) => Promise<boolean>;
}

/** Runs what is due. Any number of replicas may: the tick's row decides who does it. */
export interface Scheduler {
  /** One pass over all monitors, those that have just failed too. @returns how many ticks this process evaluated */
  runOnce(): Promise<number>;
  start(): void;
  stop(): Promise<void>;
  /** How long ago an evaluation, or a pass after which no monitor had failed, last ended well: ms. */
  readonly silentMs: number;
}

const LEASE_MS = 60_000;
const WALL_PAUSE_MS = 1_000;
const EVENT_PAUSE_MS = 40;
const IDLE_PAUSE_MS = 250;
/** Passes without work after which an event clock is looked at less often. */
const IDLE_AFTER = 100;
/** A monitor that fails is tried, and complained about, less and less often; the others go on meanwhile. */
const RETRY = createBackoff({ baseMs: 250, capMs: 10_000, floorMs: 250 });

export function createScheduler(deps: SchedulerDeps): Scheduler {
  const { ticks, log, leaseMs = LEASE_MS } = deps;
  const abort = new AbortController();
  let loop: Promise<void> = Promise.resolve();
  /** Of the monitors that failed last time, by id: how often in a row, and until when they rest. */
  const failures = new Map<number, { readonly count: number; readonly until: number }>();
  let lastWell = systemClock.monotonic();

  async function runMonitor(monitor: ScheduledMonitor): Promise<number> {
    const mark = await deps.tiles.watermark(monitor.modelId, monitor.allowedLatenessMs);
    const now = monitor.clock === 'wall' ? await ticks.now() : mark.time;
    if (now === null) return 0;
    const since = await lastDealtWith(
      ticks,
      monitor,
      monitor.clock === 'wall' ? now : mark.minEventTime,
    );
    if (since === null) return 0;
    const { missed, toRun } = readyTicks(monitor, since, mark.time, now);
    if (missed.length > 0) {
      await ticks.markMissed(monitor.id, missed);
      log.warn({ monitor: monitor.name, missed: missed.length }, 'ticks missed while nothing ran');
    }
    let run = 0;
    for (const { tick, complete } of toRun) {
      if (abort.signal.aborted) break;
      const claim = await ticks.claim(monitor.id, tick, deps.owner, leaseMs);
      // Oldest first and no overlap: what is behind a tick that another replica runs waits for it.
      if (claim === null) break;
      const mayNotify = tick === toRun.at(-1)?.tick;
      await withLease(claim, () =>
        deps.evaluate({ monitor, claim, complete, watermark: mark.time, mayNotify }),
      );
      run += 1;
      lastWell = systemClock.monotonic();
    }
    return run;
  }

  async function withLease(claim: TickClaim, work: () => Promise<boolean>): Promise<void> {
    const timer = setInterval(() => {
      ticks.extend(claim, leaseMs).catch((thrown: unknown) => {
        log.warn({ err: toError(thrown) }, 'extending the lease of a tick failed');
      });
    }, leaseMs / 3);
    try {
      if (!(await work())) log.warn({ due: claim.due }, 'another replica has taken the tick over');
    } catch (thrown) {
      await ticks.release(claim).catch(() => undefined);
      throw thrown;
    } finally {
      clearInterval(timer);
    }
  }

  async function attempt(monitor: ScheduledMonitor): Promise<number> {
    try {
      const run = await runMonitor(monitor);
      failures.delete(monitor.id);
      return run;
    } catch (thrown) {
      const count = (failures.get(monitor.id)?.count ?? 0) + 1;
      const delayMs = RETRY.delay(count);
      failures.set(monitor.id, { count, until: systemClock.monotonic() + delayMs });
      log.error(
        { monitor: monitor.name, failures: count, delayMs, err: toError(thrown) },
        'an evaluation failed; it is tried again',
      );
      return 0;
    }
  }

  /** @param patient leaves out monitors that have failed and are not to be tried yet */
  async function pass(patient: boolean): Promise<number> {
    let run = 0;
    for (const monitor of deps.monitors) {
      const until = failures.get(monitor.id)?.until ?? 0;
      if (patient && until > systemClock.monotonic()) continue;
      run += await attempt(monitor);
    }
    if (failures.size === 0) lastWell = systemClock.monotonic();
    return run;
  }

  async function run(): Promise<void> {
    const event = deps.monitors.some(({ clock }) => clock === 'event');
    let idle = 0;
    while (!abort.signal.aborted) {
      const done = await pass(true);
      idle = done > 0 ? 0 : idle + 1;
      const pause = event ? (idle > IDLE_AFTER ? IDLE_PAUSE_MS : EVENT_PAUSE_MS) : WALL_PAUSE_MS;
      if (done === 0) await sleep(pause, abort.signal);
    }
  }

  return {
    runOnce: () => pass(false),
    start() {
      loop = run();
    },
    async stop() {
      abort.abort();
      await loop;
    },
    get silentMs() {
      return systemClock.monotonic() - lastWell;
    },
  };
}

/**
 * The ticks in (since, now] that may run, oldest first, and those given up because too many have gathered. Only ticks that
 * are ready count: one that waits for its events is neither missed nor the newest. The newest always runs.
 */
function readyTicks(
  { schedule, clock, allowedLatenessMs, catchUp }: ScheduledMonitor,
  since: number,
  watermark: number | null,
  now: number,
): {
  readonly missed: readonly number[];
  readonly toRun: readonly { readonly tick: number; readonly complete: boolean }[];
} {
  const ready: { tick: number; complete: boolean }[] = [];
  for (const tick of schedule.between(since, now)) {
    const readiness = readinessOf(tick, watermark, clock, now, allowedLatenessMs);
    if (!readiness.ready) break;
    ready.push({ tick, complete: readiness.complete });
  }
  const missed = ready.splice(0, Math.max(0, ready.length - Math.max(1, catchUp)));
  return { missed: missed.map(({ tick }) => tick), toRun: ready };
}

/** Ticks up to this instant are done, missed, or from before the monitor's time; null: its clock has not ticked yet. */
export async function lastDealtWith(
  ticks: TickStore,
  monitor: { readonly id: number; readonly name: string; readonly modelId: number },
  begin: number | null,
): Promise<number | null> {
  const settled = await ticks.lastSettled(monitor.id);
  if (settled !== null) return settled;
  const row = await ticks.ensureMonitor(monitor.name, monitor.modelId);
  if (row.scheduledFrom !== null) return row.scheduledFrom;
  if (begin !== null) await ticks.setScheduledFrom(monitor.id, begin);
  return begin;
}
