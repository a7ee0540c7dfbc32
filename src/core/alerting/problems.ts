import type { Severity } from '../domain/verdict.ts';

/** The ways in which driftd can go blind or dumb, and says so. */
export const PROBLEM_KINDS = [
  'replica-dead',
  'evaluation-late',
  'ingest-absent',
  'ingest-halted',
  'ingest-stuck',
  'records-lost',
  'model-silent',
  'delivery-broken',
  'dead-letter',
] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

/** Is a system message of this problem about driftd itself? Else it is about the data of a model. */
export function isAboutDriftd(problem: string): boolean {
  return problem === 'test' || PROBLEM_KINDS.some((kind) => kind === problem);
}

/** Something that is wrong now. `about` names the process, monitor, source, model or channel. */
export interface Problem {
  readonly kind: ProblemKind;
  readonly about: string;
  /** The topics or partitions of the source that it is about; else none. */
  readonly parts: readonly string[];
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
  /** Of the topics that are read now: all that are halted, and those that never end. */
  readonly partitions: readonly {
    readonly source: string;
    readonly name: string;
    readonly halted: string | null;
    readonly progressedAt: number;
    /** Records that were gone before they could be read, lately. */
    readonly lost: number;
  }[];
  /** Topics that are to be read and of which no partition is known. `since`: that long somebody is at it. */
  readonly absent: readonly {
    readonly source: string;
    readonly topic: string;
    readonly since: number;
  }[];
  /** Models that are expected to get events. `since`: they are watched; `lastEventAt` null: they never had one. */
  readonly models: readonly {
    readonly name: string;
    readonly since: number;
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
  /** A partition that has not been read to its end for so long is stuck; a topic may be looked for as long. */
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
  'ingest-absent': 'critical',
  'ingest-halted': 'critical',
  'ingest-stuck': 'critical',
  'records-lost': 'critical',
  'model-silent': 'warning',
  'delivery-broken': 'critical',
  'dead-letter': 'critical',
};

export function severityOfProblem(kind: ProblemKind): Severity {
  return SEVERITY[kind];
}

/** Does the problem mean that driftd itself does not work? A silent model is somebody else's trouble, a loss is over. */
export function isOwnFault(kind: ProblemKind): boolean {
  return kind !== 'model-silent' && kind !== 'replica-dead' && kind !== 'records-lost';
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
    ...absentTopics(facts, limits),
    ...haltedPartitions(facts),
    ...stuckPartitions(facts, limits),
    ...lostRecords(facts),
    ...facts.models.flatMap((model) => silentModel(model, facts.now)),
    ...facts.channels.flatMap((channel) => channelProblems(channel, facts, limits)),
  ];
}

type Replica = Omit<WatchFacts['replicas'][number], 'owner'>;

/** A process that was replaced after it was last seen is no loss: one that lives started since and does all that it did. */
export function isReplaced({ roles, seenAt }: Replica, alive: readonly Replica[]): boolean {
  return alive.some(
    (other) => other.startedAt >= seenAt && roles.every((role) => other.roles.includes(role)),
  );
}

function deadReplicas({ replicas, now }: WatchFacts, { replicaMs }: WatchLimits): Problem[] {
  const alive = replicas.filter(({ seenAt }) => now - seenAt <= replicaMs);
  return replicas.flatMap((replica) => {
    const { owner, roles, seenAt } = replica;
    if (now - seenAt <= replicaMs || isReplaced(replica, alive)) return [];
    const detail = `The process (${roles.join(', ')}) has not been heard of for ${ago(now - seenAt)}.`;
    return [problem('replica-dead', owner, detail)];
  });
}

function absentTopics({ absent, now }: WatchFacts, { stuckMs }: WatchLimits): Problem[] {
  const missed = absent.filter(({ since }) => now - since > stuckMs);
  return ofSources(
    missed,
    'ingest-absent',
    ({ topic }) => topic,
    (topics) => {
      const names = listed(topics.map(({ topic }) => topic));
      const since = Math.min(...topics.map((one) => one.since));
      return `No partition of ${names} has been found for ${ago(now - since)}: the source cannot be reached, or there is no topic of this name.`;
    },
  );
}

function haltedPartitions({ partitions }: WatchFacts): Problem[] {
  const halted = partitions.filter((partition) => partition.halted !== null);
  return ofSources(
    halted,
    'ingest-halted',
    ({ name }) => name,
    (these) => {
      const reasons = listed(these.map((one) => `${one.name} (${one.halted ?? ''})`));
      return `Counting has stopped and waits for somebody: ${reasons}.`;
    },
  );
}

function stuckPartitions({ partitions, now }: WatchFacts, { stuckMs }: WatchLimits): Problem[] {
  const stuck = partitions.filter(
    ({ halted, progressedAt }) => halted === null && now - progressedAt > stuckMs,
  );
  return ofSources(
    stuck,
    'ingest-stuck',
    ({ name }) => name,
    (these) => {
      const longest = now - Math.min(...these.map(({ progressedAt }) => progressedAt));
      return `Nothing has been read for ${ago(longest)}: ${listed(these.map(({ name }) => name))}.`;
    },
  );
}

function lostRecords({ partitions }: WatchFacts): Problem[] {
  return ofSources(
    partitions.filter(({ lost }) => lost > 0),
    'records-lost',
    ({ name }) => name,
    (these) => {
      const lost = these.reduce((sum, one) => sum + one.lost, 0);
      return `${String(lost)} records were deleted before driftd had read them: ${listed(these.map(({ name }) => name))}. They are in no count; the table gap has their offsets.`;
    },
  );
}

/** One problem a source, however many of its parts have it. */
function ofSources<T extends { readonly source: string }>(
  all: readonly T[],
  kind: ProblemKind,
  partOf: (one: T) => string,
  detailOf: (ofSource: readonly T[]) => string,
): Problem[] {
  return [...Map.groupBy(all, ({ source }) => source)].map(([source, these]) => ({
    ...problem(kind, source, detailOf(these)),
    parts: these.map(partOf),
  }));
}

function silentModel(
  { name, since, lastEventAt, silentAfterMs }: WatchFacts['models'][number],
  now: number,
): Problem[] {
  const still = now - (lastEventAt ?? since);
  if (still <= silentAfterMs) return [];
  const detail =
    lastEventAt === null
      ? `It has never sent an event, and is watched for ${ago(still)}.`
      : `Its last event came ${ago(still)} ago.`;
  return [problem('model-silent', name, detail)];
}

/** So many parts are named; the others are counted. */
const MAX_LISTED = 20;

function listed(names: readonly string[]): string {
  const more = names.length - MAX_LISTED;
  const shown = names.slice(0, MAX_LISTED).join(', ');
  return more > 0 ? `${shown} and ${String(more)} more` : shown;
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
  return { kind, about, detail, parts: [] };
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
  'ingest-absent': (about) => `Topics of ${about} are not found`,
  'ingest-halted': (about) => `Counting from ${about} is halted`,
  'ingest-stuck': (about) => `Counting from ${about} stands still`,
  'records-lost': (about) => `Records of ${about} are lost`,
  'model-silent': (about) => `Model ${about} sends no events`,
  'delivery-broken': (about) => `Messages by ${about} do not get through`,
  'dead-letter': (about) => `Messages by ${about} were given up`,
};

export function problemTitle(kind: ProblemKind, about: string): string {
  return TITLES[kind](about);
}
