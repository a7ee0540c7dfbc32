import type { Verdict } from '../core/domain/verdict.ts';
import type { EvaluationWrite } from './evaluation-store.ts';

/** Windows that late data has come for since they were judged. */
export interface StaleWindow {
  readonly windowEnd: number;
  readonly due: number;
  /** The newest that is stored. */
  readonly revision: number;
  readonly baselineId: number | null;
}

/** One verdict of a feature, in a segment and window, as an evaluation has stored it. */
export interface StoredVerdict {
  readonly windowEnd: number;
  readonly revision: number;
  readonly feature: string;
  readonly segment: string;
  readonly verdict: Verdict;
}

/** Judging again what late data has touched. */
export interface RevisionStore {
  /**
   * Says that the monitor now looks at windows up to here: what is counted behind it from now on is marked as late. To be
   * called before the tiles are read.
   */
  look(monitorId: number, windowEnd: number): Promise<void>;
  /**
   * Turns the marks into stale evaluations, and forgets about those that end before `since`.
   * @param longestSpanMs of the monitor's windows
   * @returns at most `limit` stale windows, newest first
   */
  stale(
    monitorId: number,
    longestSpanMs: number,
    since: number,
    limit: number,
  ): Promise<StaleWindow[]>;
  /** Stores a revision; null: the tick is no longer ours, nothing was written. Alerts and outbox of the write stay out. */
  revise(write: EvaluationWrite): Promise<number | null>;
  /** The windows stay as they are judged: late data changes nothing any more. */
  settle(monitorId: number, windowEnd: number): Promise<void>;
  /** All revisions of the newest evaluations before this instant, oldest first; none when none of them was revised. */
  verdicts(monitorId: number, before: number, limit: number): Promise<StoredVerdict[]>;
}
