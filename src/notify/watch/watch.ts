import type { AlertReceiver } from '../../core/alerting/compose.ts';
import { isOwnFault, problemsOf, WATCH_LIMITS } from '../../core/alerting/problems.ts';
import type { Problem, WatchFacts, WatchLimits } from '../../core/alerting/problems.ts';
import { sleep } from '../../platform/clock.ts';
import { toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { StoredFacts, WatchStore } from '../../storage/watch-store.ts';
import { problemMessages, testMessages } from './problem-messages.ts';

/** Ticks of a schedule in (after, until], ms since the epoch. */
export interface Ticks {
  between(after: number, until: number, limit?: number): number[];
}

export interface WatchDeps {
  readonly store: WatchStore;
  readonly owner: string;
  readonly roles: readonly string[];
  /** Who is told of problems. */
  readonly problemReceivers: readonly AlertReceiver[];
  /** Who gets test messages. */
  readonly receivers: readonly AlertReceiver[];
  /** Of the monitors on the wall's clock, by name. */
  readonly schedules: ReadonlyMap<string, { readonly ticks: Ticks; readonly slackMs: number }>;
  /** How long a model may send nothing, by name; others may be silent. */
  readonly silentAfterMs: ReadonlyMap<string, number>;
  /** Sources that never end: one that stands still is stuck. */
  readonly endlessSources: ReadonlySet<string>;
  readonly testTicks: Ticks | null;
  /** Asked when a pass found driftd in order; says outside that it lives. */
  readonly heartbeat: { beat(): Promise<void>; close(): void } | null;
  readonly log: Log;
  readonly limits?: WatchLimits;
  readonly everyMs?: number;
  /** Before the first look: what came late while nothing ran is on its way. */
  readonly startAfterMs?: number;
}

export interface Watch {
  /** What is wrong now, for whoever asks; nothing is told or stored. */
  look(): Promise<Problem[]>;
  /** One look: what began is told, what is over too. @returns what is wrong now */
  runOnce(): Promise<Problem[]>;
  start(): void;
  stop(): Promise<void>;
}

/** A test that was due up to so long ago is sent yet. */
const TEST_LOOKBACK_MS = 600_000;
const EVERY_MS = 15_000;
const START_AFTER_MS = 60_000;

/**
 * Watches over driftd itself. Every process does, so that any one that lives tells of the others; the database lets the
 * first that finds a problem tell of it.
 */
export function createWatch(deps: WatchDeps): Watch {
  const { store, log, problemReceivers } = deps;
  const stopping = new AbortController();
  let loop: Promise<void> | null = null;

  const problemsIn = (stored: StoredFacts): Problem[] =>
    problemsOf(factsOf(stored, deps), deps.limits ?? WATCH_LIMITS);

  async function runOnce(): Promise<Problem[]> {
    await store.seen(deps.owner, deps.roles);
    const stored = await store.facts();
    const found = problemsIn(stored);
    const open = await store.problems();
    const same = (a: Omit<Problem, 'detail'>, b: Omit<Problem, 'detail'>): boolean =>
      a.kind === b.kind && a.about === b.about;
    for (const problem of found) {
      if (open.some((one) => same(one, problem))) continue;
      const since = await store.begin(problem, (at) =>
        problemMessages({ ...problem, since: at }, 'firing', problemReceivers),
      );
      if (since !== null) log.error({ ...problem }, 'driftd has a problem');
    }
    for (const problem of open) {
      if (found.some((one) => same(one, problem))) continue;
      if (await store.end(problem, problemMessages(problem, 'resolved', problemReceivers)))
        log.info({ kind: problem.kind, about: problem.about }, 'a problem of driftd is over');
    }
    await queueTests(stored.now);
    await store.prune();
    if (!found.some(({ kind }) => isOwnFault(kind))) await deps.heartbeat?.beat();
    return found;
  }

  async function queueTests(now: number): Promise<void> {
    const due = deps.testTicks?.between(now - TEST_LOOKBACK_MS, now) ?? [];
    for (const tick of due) await store.queue(testMessages(tick, deps.receivers));
  }

  async function run(): Promise<void> {
    await store.seen(deps.owner, deps.roles).catch(() => undefined);
    await sleep(deps.startAfterMs ?? START_AFTER_MS, stopping.signal);
    while (!stopping.signal.aborted) {
      try {
        await runOnce();
      } catch (thrown) {
        // Without the database nothing can be told; the heartbeat outside falls silent, and that tells.
        log.error({ err: toError(thrown) }, 'driftd cannot watch over itself');
      }
      await sleep(deps.everyMs ?? EVERY_MS, stopping.signal);
    }
  }

  return {
    look: async () => problemsIn(await store.facts()),
    runOnce,
    start() {
      loop ??= run();
    },
    async stop() {
      stopping.abort();
      deps.heartbeat?.close();
      await loop;
      await store.gone(deps.owner).catch((thrown: unknown) => {
        log.warn({ err: toError(thrown) }, 'this process could not be signed off');
      });
    },
  };
}

function factsOf(
  stored: StoredFacts,
  { schedules, silentAfterMs, endlessSources }: WatchDeps,
): WatchFacts {
  return {
    now: stored.now,
    replicas: stored.replicas,
    monitors: stored.monitors.flatMap(({ name, lastDue }) => {
      const schedule = schedules.get(name);
      if (schedule === undefined) return [];
      const late = schedule.ticks.between(lastDue, stored.now - schedule.slackMs, 100);
      return [{ name, overdue: late.length }];
    }),
    partitions: stored.partitions.filter(
      ({ source, halted }) => halted !== null || endlessSources.has(source),
    ),
    models: stored.models.flatMap(({ name, lastEventAt }) => {
      const after = silentAfterMs.get(name);
      return after === undefined ? [] : [{ name, lastEventAt, silentAfterMs: after }];
    }),
    channels: stored.channels,
  };
}
