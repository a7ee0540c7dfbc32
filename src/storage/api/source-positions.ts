import type { Actor } from './token-store.ts';

/** Where one partition of a source is read. */
export interface SourcePosition {
  readonly partition: number;
  readonly nextOffset: number;
  readonly state: 'ok' | 'halted';
  readonly reason: string | null;
}

/** A position, and where its partition is read on instead. */
export interface SetPosition extends SourcePosition {
  readonly to: number;
}

/** What has been read of one topic. */
export interface ReadTopic {
  readonly source: string;
  readonly topic: string;
  /** Rising. */
  readonly partitions: readonly number[];
}

/** Positions as a person sets them. */
export interface SourcePositions {
  /** Everything of which there is a position, by source and topic; `limit` topics at most. */
  topics(limit: number): Promise<ReadTopic[]>;
  /** By partition; empty: nothing of the topic has been read. */
  list(source: string, topic: string): Promise<SourcePosition[]>;
  /**
   * Reads these partitions on from other offsets, halted or not, in one transaction with a line of the audit each. Whoever
   * reads them now is fenced. What became of the offsets before stays counted.
   * @param partitions those that are not stored are left out
   * @param target where to read on, asked once nobody can move the position any more; when it throws, nothing is changed
   * @returns where they were until then, and where they are read on
   */
  reset(
    source: string,
    topic: string,
    partitions: readonly number[],
    target: (position: SourcePosition) => number,
    actor: Actor,
  ): Promise<SetPosition[]>;
}
