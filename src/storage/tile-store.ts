/** Reading tiles: sums over partitions and slices, in one snapshot. */

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
  /** Every tile of the model with from <= start < to, in ascending (start, part) order; all segments. */
  tiles(modelId: number, from: number, to: number): Promise<TileRow[]>;
  /**
   * The model's watermark: over the partitions the least of (max event time - lateness), leaving out idle partitions
   * (nothing for this model while the owner progressed for 60 s or more); when all are idle the greatest.
   */
  watermark(modelId: number, allowedLatenessMs: number): Promise<Watermark>;
}
