import type { AlertReceiver } from '../../core/alerting/compose.ts';
import { muteOf } from '../../core/alerting/mute.ts';
import type { Mute } from '../../core/alerting/mute.ts';
import { isOwnFault, problemsOf, WATCH_LIMITS } from '../../core/alerting/problems.ts';
import type { Problem, WatchFacts, WatchLimits } from '../../core/alerting/problems.ts';
import { ALL_SEGMENT } from '../../core/domain/feature.ts';
import type { TopicKey } from '../../core/domain/ingestion.ts';
import { sleep } from '../../platform/clock.ts';
import { toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { OpenProblem, StoredFacts, WatchStore } from '../../storage/watch-store.ts';
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
  /** Models that must not be silent, by name. */
  readonly models: ReadonlyMap<string, WatchedModel>;
  /** What is to be read. `endless`: it never ends, one that stands still is stuck. */
  readonly topics: readonly (TopicKey & { readonly endless: boolean })[];
  /** Maintenance windows that hold at this instant; ms. Default none. */
  readonly maintenance?: (now: number) => readonly Mute[];
  readonly testTicks: Ticks | null;
  /** Asked when a pass found driftd in order; says outside that it lives. */
  readonly heartbeat: { beat(): Promise<void>; close(): void } | null;
  readonly log: Log;
  readonly limits?: WatchLimits;
  readonly everyMs?: number;
  /** Before the first look: what came late while nothing ran is on its way. That this process lives is told meanwhile. */
  readonly startAfterMs?: number;
}

export interface WatchedModel {
  /** How long it may send nothing. */
  readonly silentAfterMs: number;
  readonly owner: string | null;
  /** Who is told of its silence: it is the model's trouble, not driftd's. */
  readonly receivers: readonly AlertReceiver[];
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
/** A problem that lasts is told again after this. */
const REPEAT_MS = 86_400_000;
/** One that has got more parts is told again, but not each time that one more is found. */
const GROWTH_MS = 300_000;
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
    const mutes = [...stored.silences, ...(deps.maintenance?.(stored.now) ?? [])];
    const open = await store.problems();
    const same = (a: Pick<Problem, 'kind' | 'about'>, b: Pick<Problem, 'kind' | 'about'>) =>
      a.kind === b.kind && a.about === b.about;
    for (const problem of found) {
      // It stays unknown until the silence is over, and is told then if it is still so.
      if (isMuted(problem, mutes, deps)) continue;
      const known = open.find((one) => same(one, problem));
      if (known === undefined) await begin(problem);
      else await tellAgain(problem, known, stored.now);
    }
    for (const problem of open) {
      if (found.some((one) => same(one, problem))) continue;
      const messages = problemMessages(problem, 'resolved', problem.since, receiversFor(problem));
      if (await store.end(problem, messages))
        log.info({ kind: problem.kind, about: problem.about }, 'a problem of driftd is over');
    }
    await queueTests(stored.now);
    await store.prune();
    if (!found.some(({ kind }) => isOwnFault(kind))) await deps.heartbeat?.beat();
    return found;
  }

  const receiversFor = ({ kind, about }: Pick<Problem, 'kind' | 'about'>) =>
    (kind === 'model-silent' ? deps.models.get(about)?.receivers : undefined) ?? problemReceivers;

  async function begin(problem: Problem): Promise<void> {
    const since = await store.begin(problem, (at) =>
      problemMessages({ ...problem, since: at }, 'first', at, receiversFor(problem)),
    );
    if (since !== null) log.error({ ...problem }, 'driftd has a problem');
  }

  async function tellAgain(problem: Problem, known: OpenProblem, now: number): Promise<void> {
    const grown = problem.parts.some((part) => !known.parts.includes(part));
    const quietMs = grown ? GROWTH_MS : REPEAT_MS;
    if (now - known.toldAt < quietMs) return;
    const told = { ...problem, since: known.since };
    const reason = grown ? 'added' : 'repeat';
    // A part that comes and goes is no news each time; with a repeat the count begins anew.
    const parts = grown ? [...new Set([...known.parts, ...problem.parts])] : problem.parts;
    const again = await store.tellAgain({ ...problem, parts }, quietMs, (at) =>
      problemMessages(told, reason, at, receiversFor(problem)),
    );
    if (again) log.error({ ...problem }, 'driftd still has a problem');
  }

  async function queueTests(now: number): Promise<void> {
    const due = deps.testTicks?.between(now - TEST_LOOKBACK_MS, now) ?? [];
    for (const tick of due) await store.queue(testMessages(tick, deps.receivers));
  }

  /** Only the judging waits: who does not say meanwhile that it lives is taken for dead by the others. */
  async function waitAlive(ms: number, everyMs: number): Promise<void> {
    for (let left = ms; left > 0 && !stopping.signal.aborted; left -= everyMs) {
      await store.seen(deps.owner, deps.roles).catch(() => undefined);
      await sleep(Math.min(left, everyMs), stopping.signal);
    }
  }

  async function run(): Promise<void> {
    const everyMs = deps.everyMs ?? EVERY_MS;
    await waitAlive(deps.startAfterMs ?? START_AFTER_MS, everyMs);
    while (!stopping.signal.aborted) {
      try {
        await runOnce();
      } catch (thrown) {
        // Without the database nothing can be told; the heartbeat outside falls silent, and that tells.
        log.error({ err: toError(thrown) }, 'driftd cannot watch over itself');
      }
      await sleep(everyMs, stopping.signal);
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

/** Silences and maintenance windows of a model cover its silence; what is wrong with driftd itself nothing covers. */
function isMuted({ kind, about }: Problem, mutes: readonly Mute[], { models }: WatchDeps): boolean {
  if (kind !== 'model-silent') return false;
  const owner = models.get(about)?.owner ?? null;
  const labels = { model: about, monitor: '', owner, feature: '', segment: ALL_SEGMENT } as const;
  return muteOf(mutes, { ...labels, tier: 'standard', severity: 'warning' }) !== null;
}

function factsOf(stored: StoredFacts, { schedules, models, topics }: WatchDeps): WatchFacts {
  const topicOf = (key: TopicKey) =>
    topics.find(({ source, topic }) => source === key.source && topic === key.topic);
  const readers = stored.replicas.filter(({ roles }) => roles.includes('ingest'));
  return {
    now: stored.now,
    replicas: stored.replicas,
    monitors: stored.monitors.flatMap(({ name, lastDue }) => {
      const schedule = schedules.get(name);
      if (schedule === undefined) return [];
      const late = schedule.ticks.between(lastDue, stored.now - schedule.slackMs, 100);
      return [{ name, overdue: late.length }];
    }),
    // Of a topic that nobody is to read any more nothing is expected.
    partitions: stored.partitions.filter((partition) => {
      const topic = topicOf(partition);
      return topic !== undefined && (topic.endless || partition.halted !== null);
    }),
    // Without a process that reads there is nobody to find them; who looks for them longest says since when.
    absent: topics
      .filter(
        ({ source, topic }) =>
          readers.length > 0 &&
          !stored.partitions.some((one) => one.source === source && one.topic === topic),
      )
      .map(({ source, topic }) => ({
        source,
        topic,
        since: Math.min(...readers.map(({ startedAt }) => startedAt)),
      })),
    models: stored.models.flatMap((model) => {
      const watched = models.get(model.name);
      return watched === undefined ? [] : [{ ...model, silentAfterMs: watched.silentAfterMs }];
    }),
    channels: stored.channels,
  };
}
