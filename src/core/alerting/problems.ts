import type { Severity } from '../domain/verdict.ts';

/** The ways in which driftd can go blind or dumb, and says so. */
export const PROBLEM_KINDS = [
  'replica-dead',
  'evaluation-late',
  'ingest-halted',
  'ingest-stuck',
  'model-silent',
  'delivery-broken',
  'dead-letter',
] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

/** Is a system message of this problem about driftd itself? Else it is about the data of a model. */
export function isAboutDriftd(problem: string): boolean {
  return problem === 'test' || PROBLEM_KINDS.some((kind) => kind === problem);
}

/** Something that is wrong now. `about` names the process, monitor, partition, model or channel. */
export interface Problem {
  readonly kind: ProblemKind;
  readonly about: string;
  /** One sentence for people. */
  readonly detail: string;
}

/** What is known of driftd's parts; times in ms on one clock. */
export interface WatchFacts {
  readonly now: number;
  readonly replicas: readonly {
    readonly owner: string;
    readonly roles: readonly string[];
    readonly startedAt: number;
    readonly seenAt: number;
  }[];
  /** Monitors on the wall's clock. `overdue`: ticks that were due long enough ago and have no evaluation. */
  readonly monitors: readonly { readonly name: string; readonly overdue: number }[];
  /** Partitions of sources that never end. */
  readonly partitions: readonly {
    readonly name: string;
    readonly halted: string | null;
    readonly progressedAt: number;
  }[];
  /** Models that are expected to get events: null: they never had one. */
  readonly models: readonly {
    readonly name: string;
    readonly lastEventAt: number | null;
    readonly silentAfterMs: number;
  }[];
  readonly channels: readonly {
    readonly channel: string;
    /** Of the message that has waited longest past its time; null: none waits. */
    readonly waitingSince: number | null;
    /** Messages given up lately. */
    readonly dead: number;
    readonly lastError: string | null;
  }[];
}

export interface WatchLimits {
  /** A process that has said nothing for so long is dead. */
  readonly replicaMs: number;
  /** A partition that has not been read to its end for so long is stuck. */
  readonly stuckMs: number;
  /** A message that waits for so long is not being delivered. */
  readonly deliveryMs: number;
}

/** Four session timeouts of 15 s; the rest as promised: a minute, five minutes. */
export const WATCH_LIMITS: WatchLimits = {
  replicaMs: 60_000,
  stuckMs: 60_000,
  deliveryMs: 300_000,
};

const SEVERITY: Readonly<Record<ProblemKind, Severity>> = {
  'replica-dead': 'warning',
  'evaluation-late': 'critical',
  'ingest-halted': 'critical',
  'ingest-stuck': 'critical',
  'model-silent': 'warning',
  'delivery-broken': 'critical',
  'dead-letter': 'critical',
};

export function severityOfProblem(kind: ProblemKind): Severity {
  return SEVERITY[kind];
}

/** Does the problem mean that driftd itself does not work? A silent model is somebody else's trouble. */
export function isOwnFault(kind: ProblemKind): boolean {
  return kind !== 'model-silent' && kind !== 'replica-dead';
}

/** Everything that is wrong now. */
export function problemsOf(facts: WatchFacts, limits: WatchLimits = WATCH_LIMITS): Problem[] {
  return [
    ...deadReplicas(facts, limits),
    ...facts.monitors.flatMap(({ name, overdue }): Problem[] =>
      overdue < 2
        ? []
        : [
            problem(
              'evaluation-late',
              name,
              `The last ${String(overdue)} evaluations that were due have not been made.`,
            ),
          ],
    ),
    ...facts.partitions.flatMap((partition) => partitionProblems(partition, facts, limits)),
    ...facts.models.flatMap(({ name, lastEventAt, silentAfterMs }): Problem[] =>
      lastEventAt === null || facts.now - lastEventAt <= silentAfterMs
        ? []
        : [
            problem(
              'model-silent',
              name,
              `Its last event came ${ago(facts.now - lastEventAt)} ago.`,
            ),
          ],
    ),
    ...facts.channels.flatMap((channel) => channelProblems(channel, facts, limits)),
  ];
}

/** A process that was replaced after it was last seen is no loss: one that started since does everything it did. */
function deadReplicas({ replicas, now }: WatchFacts, { replicaMs }: WatchLimits): Problem[] {
  const alive = replicas.filter(({ seenAt }) => now - seenAt <= replicaMs);
  return replicas.flatMap(({ owner, roles, seenAt }) => {
    if (now - seenAt <= replicaMs) return [];
    const replaced = alive.some(
      (other) => other.startedAt >= seenAt && roles.every((role) => other.roles.includes(role)),
    );
    if (replaced) return [];
    const detail = `The process (${roles.join(', ')}) has not been heard of for ${ago(now - seenAt)}.`;
    return [problem('replica-dead', owner, detail)];
  });
}

function partitionProblems(
  { name, halted, progressedAt }: WatchFacts['partitions'][number],
  { now }: WatchFacts,
  { stuckMs }: WatchLimits,
): Problem[] {
  if (halted !== null)
    return [
      problem('ingest-halted', name, `Counting has stopped and waits for somebody: ${halted}.`),
    ];
  const still = now - progressedAt;
  return still <= stuckMs
    ? []
    : [problem('ingest-stuck', name, `Nothing has been read for ${ago(still)}.`)];
}

function channelProblems(
  { channel, waitingSince, dead, lastError }: WatchFacts['channels'][number],
  { now }: WatchFacts,
  { deliveryMs }: WatchLimits,
): Problem[] {
  const why = lastError === null ? '' : ` The last error: ${lastError}`;
  const problems: Problem[] = [];
  if (waitingSince !== null && now - waitingSince > deliveryMs) {
    const detail = `The oldest message has waited for ${ago(now - waitingSince)}.${why}`;
    problems.push(problem('delivery-broken', channel, detail));
  }
  if (dead > 0) {
    const detail = `${String(dead)} ${dead === 1 ? 'message was' : 'messages were'} given up.${why}`;
    problems.push(problem('dead-letter', channel, detail));
  }
  return problems;
}

function problem(kind: ProblemKind, about: string, detail: string): Problem {
  return { kind, about, detail };
}

function ago(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${String(Math.max(1, minutes))} min`;
  const hours = Math.round(ms / 3_600_000);
  return hours < 48 ? `${String(hours)} h` : `${String(Math.round(ms / 86_400_000))} days`;
}

const TITLES: Readonly<Record<ProblemKind, (about: string) => string>> = {
  'replica-dead': (about) => `Process ${about} is gone`,
  'evaluation-late': (about) => `Monitor ${about} is not evaluated`,
  'ingest-halted': (about) => `Counting of ${about} is halted`,
  'ingest-stuck': (about) => `Counting of ${about} stands still`,
  'model-silent': (about) => `Model ${about} sends no events`,
  'delivery-broken': (about) => `Messages by ${about} do not get through`,
  'dead-letter': (about) => `Messages by ${about} were given up`,
};

export function problemTitle(kind: ProblemKind, about: string): string {
  return TITLES[kind](about);
}
