import { ALL_SEGMENT } from '../../domain/feature.ts';
import { shownName } from '../../domain/shown-name.ts';
import type { Binning, Histogram } from '../../histogram/types.ts';
import { MAX_BLOCK_HOURS } from '../blocks.ts';
import { MAX_HISTOGRAMS, MAX_SEGMENTS } from '../sampler.ts';
import type { Baseline, BaselineFeature } from '../types.ts';
import { error } from './finding.ts';
import type { Finding } from './finding.ts';

/** Events may not have more keys. */
export const MAX_FEATURES = 1_000;
const MAX_NAME = 128;
const MAX_SEGMENT_NAME = 256;
/** Bins of a feature: five times what rows get. Every tile, evaluation and page carries them. */
const MAX_BINS = 1_000;
/** Tracked categories of a feature: eight times what rows get. */
const MAX_CATEGORIES = 512;
const MAX_KNOWN = 100_000;
/** Characters of a category; events bring longer ones to less. */
const MAX_CATEGORY = 256;
/** Binnings of its history that a feature may be counted on beside its own. */
const MAX_ALSO = 8;
/** Names of heavy values outside the tracked categories. */
const MAX_HEAVY = 1_000;

/**
 * What no baseline may be, whatever the model: too large, texts that no database takes, segments that contradict the
 * whole. Documents say all of it themselves; what is made of rows is within it.
 */
export function shapeFaults(baseline: Baseline): Finding[] {
  const sizes = sizeFaults(baseline);
  return sizes.length > 0 ? sizes : [...textFaults(baseline), ...segmentFaults(baseline)];
}

function tooLarge(feature: string | null, text: string): Finding {
  return error('too-large', feature, text);
}

function sizeFaults({ features, segments }: Baseline): Finding[] {
  if (features.length > MAX_FEATURES) {
    const text = `it has ${features.length} features, at most ${MAX_FEATURES} are watched: ignore some`;
    return [error('too-many-features', null, text)];
  }
  if (segments.size > MAX_SEGMENTS)
    return [tooLarge(null, `it has ${segments.size} segments, at most ${MAX_SEGMENTS} are kept`)];
  const everywhere = [features, ...segments.values()].flat().flatMap(onAllBinnings);
  if (everywhere.length > MAX_HISTOGRAMS) {
    const text = `it has ${everywhere.length} histograms in all segments together, at most ${MAX_HISTOGRAMS} are kept`;
    return [tooLarge(null, text)];
  }
  return everywhere.flatMap((feature) => {
    const what = excessOf(feature);
    return what === null ? [] : [tooLarge(feature.name, `${shownName(feature.name)} has ${what}`)];
  });
}

function onAllBinnings(feature: BaselineFeature): BaselineFeature[] {
  return [feature, ...(feature.also ?? [])];
}

/** "5000 bins, at most 1000 are kept"; null: it is within all bounds. */
function excessOf({ histogram, also, blocks }: BaselineFeature): string | null {
  const { binning } = histogram;
  const sizes: readonly (readonly [what: string, size: number, most: number])[] = [
    ...sizesOf(binning),
    ['heavy values', histogram.kind === 'numeric' ? 0 : histogram.heavy.size, MAX_HEAVY],
    ['hours', blocks?.hours.length ?? 0, MAX_BLOCK_HOURS],
    ['further binnings', also?.length ?? 0, MAX_ALSO],
  ];
  const beyond = sizes.find(([, size, most]) => size > most);
  return beyond === undefined ? null : `${beyond[1]} ${beyond[0]}, at most ${beyond[2]} are kept`;
}

function sizesOf(binning: Binning): [what: string, size: number, most: number][] {
  if (binning.kind === 'numeric') return [['bins', binning.edges.length + 1, MAX_BINS]];
  return [
    ['categories', binning.categories.length, MAX_CATEGORIES],
    ['known values', binning.known.length, MAX_KNOWN],
  ];
}

/** Texts that no database takes: names that are too long, control characters, halves of surrogate pairs. */
function textFaults({ features, segments }: Baseline): Finding[] {
  const named = features.flatMap(({ name }) =>
    isName(name, MAX_NAME) ? [] : [textFault('the name of a feature', name)],
  );
  const sliced = [...segments.keys()].flatMap((name) =>
    isName(name, MAX_SEGMENT_NAME) ? [] : [textFault('the name of a segment', name)],
  );
  const held = [features, ...segments.values()].flat().flatMap((feature) => {
    const bad = histogramsOf(feature)
      .flatMap(categoriesOf)
      .find((text) => !isCategory(text));
    return bad === undefined ? [] : [textFault(`a category of ${shownName(feature.name)}`, bad)];
  });
  return [...named, ...sliced, ...held];
}

function histogramsOf(feature: BaselineFeature): Histogram[] {
  return onAllBinnings(feature).flatMap(({ histogram, slots }) => [
    histogram,
    ...(slots?.values() ?? []),
  ]);
}

function categoriesOf(h: Histogram): string[] {
  return h.kind === 'numeric' ? [] : [...h.binning.categories, ...h.heavy.keys()];
}

function isName(name: string, most: number): boolean {
  return name !== '' && name.length <= most && name.isWellFormed() && !/\p{Cc}/u.test(name);
}

function isCategory(text: string): boolean {
  return text.length <= MAX_CATEGORY && text.isWellFormed() && !text.includes('\0');
}

function textFault(what: string, text: string): Finding {
  return error(
    'unreadable-text',
    null,
    `${what} is too long or no readable text: ${shownName(text)}`,
  );
}

/** A segment is a slice of the whole: the same features, of the same kinds, or fewer. */
function segmentFaults({ features, segments }: Baseline): Finding[] {
  const kinds = new Map(features.map(({ name, kind }) => [name, kind]));
  const differ = (feature: string | null, text: string): Finding =>
    error('segments-differ', feature, text);
  const faults = [...segments].flatMap(([segment, own]) =>
    segment === ALL_SEGMENT
      ? [differ(null, `"${ALL_SEGMENT}" is no name of a segment: it is the whole`)]
      : own.flatMap(({ name, kind }) => {
          const whole = kinds.get(name);
          if (whole === kind) return [];
          const text =
            whole === undefined
              ? `the segment ${shownName(segment)} has ${shownName(name)}, which the whole lacks`
              : `${shownName(name)} is ${whole}, but ${kind} in the segment ${shownName(segment)}`;
          return [differ(name, text)];
        }),
  );
  return faults;
}
