import type { Mute } from '../core/alerting/mute.ts';
import type { Problem, ProblemKind, WatchFacts } from '../core/alerting/problems.ts';
import type { TopicKey } from '../core/domain/ingestion.ts';
import type { OutboxWrite } from './outbox-store.ts';

/** What the database knows of driftd's parts; times in ms on its clock. */
export interface StoredFacts {
  readonly now: number;
  readonly replicas: WatchFacts['replicas'];
  readonly monitors: readonly {
    readonly name: string;
    /** The newest tick that was evaluated; or since when there could be one. */
    readonly lastDue: number;
  }[];
  readonly partitions: readonly (WatchFacts['partitions'][number] & TopicKey)[];
  /** `since`: the model has a monitor, or is known. */
  readonly models: readonly Omit<WatchFacts['models'][number], 'silentAfterMs'>[];
  readonly channels: WatchFacts['channels'];
  /** Silences that hold now. */
  readonly silences: readonly Mute[];
}

export interface OpenProblem {
  readonly kind: ProblemKind;
  readonly about: string;
  readonly since: number;
  readonly detail: string;
  /** What of it was told. */
  readonly parts: readonly string[];
  /** When it was told last. */
  readonly toldAt: number;
}

export interface WatchStore {
  /** This process lives. */
  seen(owner: string, roles: readonly string[]): Promise<void>;
  /** This process stops in order. */
  gone(owner: string): Promise<void>;
  facts(): Promise<StoredFacts>;
  problems(): Promise<OpenProblem[]>;
  /**
   * Opens a problem and queues its messages, in one transaction; nothing when another process was first.
   * @returns since when; null: it was open already
   */
  begin(
    problem: Problem,
    messages: (since: number) => readonly OutboxWrite[],
  ): Promise<number | null>;
  /**
   * Tells an open problem again, as it stands now; nothing when another process did within the last `quietMs`.
   * @param messages made of when it is told
   */
  tellAgain(
    problem: Problem,
    quietMs: number,
    messages: (at: number) => readonly OutboxWrite[],
  ): Promise<boolean>;
  /** Closes a problem and queues its messages. @returns false: another process was first */
  end(problem: OpenProblem, messages: readonly OutboxWrite[]): Promise<boolean>;
  /** Deletes messages that were finished, and silences that ended, long ago. @returns how many messages */
  prune(): Promise<number>;
  /** Queues messages; those that are there already (same dedup key) stay as they are. @returns how many are new */
  queue(messages: readonly OutboxWrite[]): Promise<number>;
}
