import { ALL_SEGMENT } from '../core/domain/feature.ts';
import type { EventFrame } from '../core/domain/event-frame.ts';
import { OTHER_VALUES, segmentOfValue } from '../core/histogram/segment-name.ts';
import type { CatalogStore } from '../storage/catalog-store.ts';

/** Values of attributes that a model may have segments for; further ones count together under "ATTRIBUTE=(other)". */
export const MAX_SEGMENTS = 50;
const ONLY_ALL: readonly string[] = [ALL_SEGMENT];

/** Names and ids of segments, shared by the partitions of a process. */
export interface SegmentIds {
  /** Learns what the database has; before the first event of a model is counted. */
  load(modelId: number): Promise<void>;
  /** The segments an event belongs to: "all", and one a declared attribute that it has. */
  of(frame: EventFrame): readonly string[];
  /**
   * The id, made when missing.
   * @throws Error when the model has as many segments as it may have by now: others have made the last ones. What has been
   * counted since the claim is then to be counted again, under the segments that there are.
   */
  idOf(modelId: number, segment: string): Promise<number>;
}

interface ModelSegments {
  /** null: seen, but not stored yet. */
  readonly ids: Map<string, number | null>;
  /** Those of `ids` that are a value of its own: all but "all" and the "(other)". */
  values: number;
  /** By attribute, by value: the segment that it has. */
  readonly admitted: Map<string, Map<string, string>>;
}

/** @param overflowed is told of each event that has no segment of its own value */
export function createSegmentIds(
  catalog: CatalogStore,
  overflowed: (modelId: number) => void = () => undefined,
): SegmentIds {
  const models = new Map<number, ModelSegments>();

  function ofModel(modelId: number): ModelSegments {
    let known = models.get(modelId);
    if (known === undefined) {
      known = { ids: new Map(), values: 0, admitted: new Map() };
      models.set(modelId, known);
    }
    return known;
  }

  function learn(known: ModelSegments, segment: string, id: number | null): void {
    if (!known.ids.has(segment) && isValue(segment)) known.values += 1;
    known.ids.set(segment, id);
  }

  /** What has a segment keeps it; what is new gets one while there is room. */
  function admit(modelId: number, attribute: string, value: string): string {
    const known = ofModel(modelId);
    let byValue = known.admitted.get(attribute);
    if (byValue === undefined) {
      byValue = new Map();
      known.admitted.set(attribute, byValue);
    }
    let segment = byValue.get(value);
    if (segment !== undefined) return segment;
    segment = segmentOfValue(attribute, value);
    if (!known.ids.has(segment)) {
      if (known.values >= MAX_SEGMENTS) {
        overflowed(modelId);
        return `${attribute}${OTHER_VALUES}`;
      }
      learn(known, segment, null);
    }
    // Many long values can have one key: those that come again are few.
    if (byValue.size < 2 * MAX_SEGMENTS) byValue.set(value, segment);
    return segment;
  }

  async function load(modelId: number): Promise<void> {
    const known = ofModel(modelId);
    for (const [segment, id] of await catalog.segments(modelId)) learn(known, segment, id);
  }

  return {
    async load(modelId) {
      if (!models.has(modelId)) await load(modelId);
    },
    of(frame) {
      const { schema, attributes } = frame;
      if (schema === null || schema.attributes.length === 0) return ONLY_ALL;
      const segments = [ALL_SEGMENT];
      for (let i = 0; i < schema.attributes.length; i += 1) {
        const value = attributes[i] ?? null;
        if (value === null) continue;
        const segment = admit(schema.modelId, schema.attributes[i] ?? '', value);
        // `a` with "b=c" and `a=b` with "c" have the same: the event is in it once.
        if (!segments.includes(segment)) segments.push(segment);
      }
      return segments;
    },
    async idOf(modelId, segment) {
      const known = ofModel(modelId);
      const id = known.ids.get(segment);
      if (id !== undefined && id !== null) return id;
      if (!isValue(segment)) {
        const made = await catalog.ensureSegment(modelId, segment);
        learn(known, segment, made);
        return made;
      }
      const made = await catalog.ensureValueSegment(modelId, segment, MAX_SEGMENTS);
      // Other processes make segments too: whoever makes one looks at what there is by now.
      if (made === null) models.delete(modelId);
      await load(modelId);
      if (made !== null) return made;
      throw new Error(
        `"${segment}" cannot have a segment of its own: other processes have made the last of the ${MAX_SEGMENTS} of its model`,
      );
    },
  };
}

function isValue(segment: string): boolean {
  return segment !== ALL_SEGMENT && !segment.endsWith(OTHER_VALUES);
}
