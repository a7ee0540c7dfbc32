import { SLOT } from '../domain/event-frame.ts';
import type { Slot } from '../domain/event-frame.ts';
import type { FeatureKind, FeatureRole } from '../domain/feature.ts';
import { createCounter } from '../histogram/counter.ts';
import type { Counter } from '../histogram/counter.ts';
import { emptyHistogram } from '../histogram/histogram.ts';
import type { Binning, Histogram } from '../histogram/types.ts';
import { HOUR_MS, createBlockCollector } from './blocks.ts';
import type { BlockCollector } from './blocks.ts';
import { sealBaseline } from './document.ts';
import { parseNumber } from './sampler.ts';
import type { RowValue } from './sampler.ts';
import type { Baseline, BaselineFeature } from './types.ts';

/** A feature whose training rows are to be counted: what the sampler of pass 1 made of it. */
export interface PlannedFeature {
  readonly name: string;
  readonly kind: FeatureKind;
  readonly role: FeatureRole;
  readonly binning: Binning;
  /** Coarse group of each bin or cell (`groupBins`). */
  readonly groupOf: Uint8Array;
  /** q90 - q10 of the sample; 0 for categories. */
  readonly scale: number;
  readonly goodTuring: BaselineFeature['goodTuring'];
}

/** A segment's own reference needs this many rows; below it the segment has no baseline. */
export const MIN_SEGMENT_ROWS = 1_000;

/** What a training row's value is to the counters: the same slots that a live event fills. */
export interface RowSlot {
  slot: Slot;
  number: number;
  text: string;
}

/**
 * A value of a training row as the slot a live event would have, judged by the feature's kind, so that `21` in a CSV and
 * 21 in an event are one value. Fills and returns `out`.
 */
export function rowSlot(kind: FeatureKind, value: RowValue, out: RowSlot): RowSlot {
  out.number = 0;
  out.text = '';
  if (value === null) {
    out.slot = SLOT.missing;
  } else if (typeof value === 'boolean') {
    out.slot = SLOT.boolean;
    out.number = value ? 1 : 0;
  } else if (typeof value === 'number') {
    out.slot = SLOT.number;
    out.number = value;
  } else if (kind === 'numeric') {
    const number = parseNumber(value);
    out.slot = Number.isNaN(number) ? SLOT.invalid : SLOT.number;
    out.number = number;
  } else {
    out.slot = SLOT.text;
    out.text = value;
  }
  return out;
}

/** What has been counted of one segment. */
interface SegmentCounts {
  rows: number;
  readonly histograms: Histogram[];
  readonly blocks: BlockCollector[];
}

export interface BaselineBuilder {
  /**
   * Counts one training row.
   * @param values one per planned feature, in order
   * @param timeMs the row's time, ms since the epoch; null when it has none
   * @param segments names of the segments the row belongs to, besides "all"
   */
  addRow(values: readonly RowValue[], timeMs: number | null, segments: readonly string[]): void;
  /** @param provenance where the rows came from, for people; never a path */
  build(model: string, provenance: string): Baseline;
}

/** Counts training rows exactly, in memory bounded by features x segments x (bins + 10 groups x hours). */
export function createBaselineBuilder(features: readonly PlannedFeature[]): BaselineBuilder {
  const counters = features.map((feature) => createCounter(feature.binning));
  const empty = (): SegmentCounts => ({
    rows: 0,
    histograms: features.map((feature) => emptyHistogram(feature.binning)),
    blocks: features.map((feature) => createBlockCollector(feature.groupOf)),
  });
  const all = empty();
  const segments = new Map<string, SegmentCounts>();
  const slot: RowSlot = { slot: SLOT.absent, number: 0, text: '' };
  let from = Infinity;
  let to = -Infinity;

  function addTo(target: SegmentCounts, values: readonly RowValue[], hour: number | null): void {
    target.rows += 1;
    features.forEach((feature, i) => {
      rowSlot(feature.kind, values[i] ?? null, slot);
      const histogram = target.histograms[i] as Histogram;
      const bin = (counters[i] as Counter).add(histogram, slot.slot, slot.number, slot.text);
      if (bin >= 0 && hour !== null) target.blocks[i]?.add(bin, hour);
    });
  }

  function featuresOf(counts: SegmentCounts): BaselineFeature[] {
    return features.map((feature, i) => {
      const histogram = counts.histograms[i] as Histogram;
      const blocks = (counts.blocks[i] as BlockCollector).build();
      return {
        name: feature.name,
        kind: feature.kind,
        role: feature.role,
        histogram,
        blocks: blocks.hours.length === 0 ? null : blocks,
        scale: feature.scale,
        goodTuring: feature.goodTuring,
        slots: null,
      };
    });
  }

  return {
    addRow(values, timeMs, names) {
      if (timeMs !== null) {
        from = Math.min(from, timeMs);
        to = Math.max(to, timeMs);
      }
      const hour = timeMs === null ? null : Math.floor(timeMs / HOUR_MS);
      addTo(all, values, hour);
      for (const name of names) {
        let counts = segments.get(name);
        if (counts === undefined) {
          counts = empty();
          segments.set(name, counts);
        }
        addTo(counts, values, hour);
      }
    },
    build(model, provenance) {
      const kept = [...segments].filter(([, counts]) => counts.rows >= MIN_SEGMENT_ROWS);
      return sealBaseline({
        model,
        rows: all.rows,
        from: from <= to ? from : null,
        to: from <= to ? to : null,
        provenance,
        features: featuresOf(all),
        segments: new Map(kept.map(([name, counts]) => [name, featuresOf(counts)])),
      });
    },
  };
}
