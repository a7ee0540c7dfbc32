/** Tiles: sums over partitions and slices, read in one snapshot; and their keeping. */

export interface TileRow {
  readonly start: number;
  readonly spanMinutes: 5 | 60 | 1440;
  readonly binningSetId: number;
  readonly segment: string;
  readonly part: number;
  readonly events: number;
  readonly counts: Uint8Array;
}

export interface Watermark {
  /** Event time up to which the model's stream is complete, ms since the epoch; null before the first event. */
  readonly time: number | null;
  /** Greatest event time seen. */
  readonly maxEventTime: number | null;
  readonly minEventTime: number | null;
  readonly events: number;
}

export interface TileReader {
  /**
   * Every tile of the model with from <= start < to, in ascending (start, part) order.
   * @param segment of this one only; left out: of all
   */
  tiles(modelId: number, from: number, to: number, segment?: string): Promise<TileRow[]>;
  /**
   * The model's watermark: over the partitions the least of (max event time - lateness), leaving out idle partitions
   * (nothing for this model while the owner progressed for 60 s or more, or nobody reads their topic any more); when all are idle the greatest.
   */
  watermark(modelId: number, allowedLatenessMs: number): Promise<Watermark>;
}

/** Widths of tiles in minutes: as counted, and rolled up. */
export type TileSpan = TileRow['spanMinutes'];

/** A rolled-up tile, as it is to stand. */
export type RolledTile = Omit<TileRow, 'part' | 'start' | 'spanMinutes'>;

/**
 * Keeping tiles: sealing, rolling up, letting go. One process at a time does it; each step is one transaction, and done
 * again it changes nothing.
 */
export interface TileKeeper {
  /** Runs `work` unless another process is at it. @returns false when one was */
  exclusively(work: () => Promise<void>): Promise<boolean>;
  /**
   * From now on nothing is counted into tiles of the model that begin before this instant: checkpoints in flight are
   * waited for, later ones are refused. Never moves back.
   */
  seal(modelId: number, until: number): Promise<void>;
  /** Begins of the wider slices before `until` (ms since the epoch) that still have narrower tiles, oldest first. */
  unrolled(
    modelId: number,
    spans: { readonly from: TileSpan; readonly to: TileSpan },
    until: number,
    limit: number,
  ): Promise<number[]>;
  /**
   * Replaces the tiles of one wider slice by what `merge` makes of them.
   * @param merge pure: every tile of the slice in ascending (start, part) order to the rolled-up ones
   */
  rollUp(
    modelId: number,
    start: number,
    spans: { readonly from: TileSpan; readonly to: TileSpan },
    merge: (rows: readonly TileRow[]) => Promise<RolledTile[]>,
  ): Promise<void>;
  /** Lets go of the model's tiles with from <= start < to (-Infinity: from the first). @returns how many rows went */
  forget(modelId: number, from: number, to: number): Promise<number>;
  /**
   * Lets go of rows of bad records that are older than this, or beyond so many of their partition. They stay counted.
   * @returns how many rows went
   */
  trimQuarantine(keepRows: number, keepMs: number): Promise<number>;
  /** Every model that events were ever counted of, and for how long (by the database's clock) none has been, ms. */
  counted(): Promise<{ readonly id: number; readonly quietMs: number }[]>;
  /**
   * Drops days whole: those that end before every model's horizon, whatever is in them, and those before the newest
   * horizon that hold no tile any more.
   * @param horizons by model id, ms since the epoch; -Infinity: everything of the model is kept. A model that is not among
   * them and has events by now keeps every day.
   * @returns how many went; a day that is in use stays for the next time
   */
  dropDays(horizons: ReadonlyMap<number, number>): Promise<number>;
}
