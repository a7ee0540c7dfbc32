import type { ProblemKind, WatchFacts } from '../core/alerting/problems.ts';
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
  readonly partitions: readonly (WatchFacts['partitions'][number] & { readonly source: string })[];
  readonly models: readonly { readonly name: string; readonly lastEventAt: number | null }[];
  readonly channels: WatchFacts['channels'];
}

export interface OpenProblem {
  readonly kind: ProblemKind;
  readonly about: string;
  readonly since: number;
  readonly detail: string;
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
    problem: Omit<OpenProblem, 'since'>,
    messages: (since: number) => readonly OutboxWrite[],
  ): Promise<number | null>;
  /** Closes a problem and queues its messages. @returns false: another process was first */
  end(problem: OpenProblem, messages: readonly OutboxWrite[]): Promise<boolean>;
  /** Deletes messages that were finished, and silences that ended, long ago. @returns how many messages */
  prune(): Promise<number>;
  /** Queues messages; those that are there already (same dedup key) stay as they are. @returns how many are new */
  queue(messages: readonly OutboxWrite[]): Promise<number>;
}
