import { ALL_SEGMENT } from '../domain/feature.ts';
import { SLOT } from '../domain/event-frame.ts';
import { createCounter } from '../histogram/counter.ts';
import type { Counter } from '../histogram/counter.ts';
import { emptyHistogram } from '../histogram/histogram.ts';
import type { Histogram } from '../histogram/types.ts';
import { HOUR_MS, MAX_BLOCK_HOURS, createBlockCollector } from './blocks.ts';
import type { BlockCollector } from './blocks.ts';
import { sealBaseline } from './document/document.ts';
import { rowSlot } from './row-value.ts';
import type { RowSlot, RowValue } from './row-value.ts';
import type { BaselinePlan, PlannedFeature } from './sampler.ts';
import { slotOf } from './slots.ts';
import type { Baseline, BaselineFeature, GoodTuring } from './types.ts';

export interface BaselineBuilder {
  /**
   * Counts one training row.
   * @param values one a column, as in pass 1; undefined is missing
   * @param timeMs the row's time, ms since the epoch; null when it has none
   * @param segments names of the segments the row belongs to, besides "all"; those not planned are passed over
   */
  addRow(
    values: readonly (RowValue | undefined)[],
    timeMs: number | null,
    segments: readonly string[],
  ): void;
  /** @param provenance where the rows came from, for people; never a path */
  build(model: string, provenance: string): Baseline;
}

/** Hours of all features and segments together. */
const MAX_BLOCKS_TOTAL = 2_000_000;

/** What has been counted of one segment, a place a feature. */
interface SegmentCounts {
  rows: number;
  readonly histograms: Histogram[];
  readonly blocks: BlockCollector[];
}

/**
 * Pass 2: counts training rows exactly. Memory: features x segments x (bins + 10 groups x hours; at most a year of
 * hours, the latest), and with slots features x 168 x bins more.
 *
 * @param options.slots keep hour-of-week histograms of the segment "all", for monitors with a seasonality
 */
export function createBaselineBuilder(
  plan: BaselinePlan,
  options: { readonly slots?: boolean } = {},
): BaselineBuilder {
  // Counted one by one, also on the further binnings; put together again at the end.
  const features = plan.features.flatMap((feature) => [feature, ...(feature.also ?? [])]);
  const counters = features.map((feature) => createCounter(feature.binning));
  const hours = blockHours(features.length * (1 + plan.segments.size));
  const all = emptyCounts(features, hours);
  const segments = new Map([...plan.segments].map((name) => [name, emptyCounts(features, hours)]));
  const slots = new Map<number, Histogram[]>();
  const slot: RowSlot = { slot: SLOT.absent, number: 0, text: '' };
  let from = Infinity;
  let to = -Infinity;

  function add(
    counts: SegmentCounts,
    ofSlot: Histogram[] | null,
    values: readonly (RowValue | undefined)[],
    hour: number | null,
  ): void {
    counts.rows += 1;
    for (const [i, feature] of features.entries()) {
      if (feature.column < 0) continue;
      rowSlot(feature.kind, values[feature.column] ?? null, slot);
      const counter = counters[i] as Counter;
      const bin = counter.add(counts.histograms[i] as Histogram, slot.slot, slot.number, slot.text);
      if (ofSlot !== null) counter.add(ofSlot[i] as Histogram, slot.slot, slot.number, slot.text);
      if (bin >= 0 && hour !== null) counts.blocks[i]?.add(bin, hour);
    }
  }

  function slotHistograms(hour: number): Histogram[] {
    const index = slotOf(hour);
    let histograms = slots.get(index);
    if (histograms === undefined) {
      histograms = features.map((feature) => emptyHistogram(feature.binning));
      slots.set(index, histograms);
    }
    return histograms;
  }

  return {
    addRow(values, timeMs, names) {
      const hour = timeMs === null ? null : Math.floor(timeMs / HOUR_MS);
      if (timeMs !== null) {
        from = Math.min(from, timeMs);
        to = Math.max(to, timeMs);
      }
      const ofSlot = hour === null || options.slots !== true ? null : slotHistograms(hour);
      add(all, ofSlot, values, hour);
      for (const name of names) {
        const counts = segments.get(name);
        if (counts !== undefined) add(counts, null, values, hour);
      }
    },
    build(model, provenance) {
      return sealBaseline({
        model,
        rows: all.rows,
        from: from <= to ? from : null,
        to: from <= to ? to : null,
        provenance,
        features: together(plan, featuresOf(features, all, all, slots)),
        segments: new Map(
          [...segments]
            .filter(([name]) => name !== ALL_SEGMENT)
            .map(([name, counts]) => [
              name,
              together(plan, featuresOf(features, counts, all, new Map())),
            ]),
        ),
      });
    },
  };
}

/** Hours of blocks a feature and segment may keep, so that all together take about 160 MB; never below two weeks. */
function blockHours(collectors: number): number {
  const share = Math.floor(MAX_BLOCKS_TOTAL / Math.max(1, collectors));
  return Math.max(14 * 24, Math.min(MAX_BLOCK_HOURS, share));
}

function emptyCounts(features: readonly PlannedFeature[], hours: number): SegmentCounts {
  return {
    rows: 0,
    histograms: features.map((feature) => emptyHistogram(feature.binning)),
    blocks: features.map((feature) => createBlockCollector(feature.groupOf, hours)),
  };
}

function featuresOf(
  features: readonly PlannedFeature[],
  counts: SegmentCounts,
  all: SegmentCounts,
  slots: ReadonlyMap<number, readonly Histogram[]>,
): BaselineFeature[] {
  const bySlot = [...slots].sort(([a], [b]) => a - b);
  return features.map((feature, i) => {
    const blocks = (counts.blocks[i] as BlockCollector).build();
    return {
      name: feature.name,
      kind: feature.kind,
      role: feature.role,
      histogram: counts.histograms[i] as Histogram,
      blocks: blocks.hours.length === 0 ? null : blocks,
      scale: feature.scale,
      slots:
        slots.size === 0
          ? null
          : new Map(bySlot.map(([slot, list]) => [slot, list[i] as Histogram])),
      goodTuring: scaleGoodTuring(feature.goodTuring, counts.rows / all.rows),
    };
  });
}

/** Features as planned, each with its counts on the binnings of its history. */
function together(plan: BaselinePlan, counted: readonly BaselineFeature[]): BaselineFeature[] {
  let at = 0;
  const next = (): BaselineFeature => counted[at++] as BaselineFeature;
  return plan.features.map(({ also }) =>
    also === undefined ? next() : { ...next(), also: also.map(next) },
  );
}

/** Of a segment: what its share of all rows would hold. "Known" is what all rows know, so the rate is theirs too. */
function scaleGoodTuring(all: GoodTuring | null, share: number): GoodTuring | null {
  if (all === null || share === 1) return all;
  const scaled = (count: number): number => (share > 0 ? Math.ceil(count * share) : 0);
  return { singletons: scaled(all.singletons), doubletons: scaled(all.doubletons) };
}
