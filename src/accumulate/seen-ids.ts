import { SLOT } from '../core/domain/event-frame.ts';
import type { EventFrame } from '../core/domain/event-frame.ts';
import { createHasher } from '../core/histogram/hash/hash64.ts';
import type { SeenWrite } from '../storage/ingest-store.ts';
import { HashSet64 } from './hash-set.ts';

/** Ids of one stretch of event time at most: 16 MB. What comes beyond is not remembered, and told. */
const MAX_IDS = 1_000_000;
const BYTES_A_HASH = 8;

/**
 * Ids of the events that a partition has counted, for as long as the window lasts and up to twice as long: those of the
 * present stretch of event time, and of the one before. What is new goes with the next checkpoint, so that whoever takes
 * the partition over knows what was counted, and nothing that was not.
 */
export interface SeenIds {
  /** Was an event with this id, of this model and about the same (inputs, prediction, label), counted before? */
  has(frame: EventFrame): boolean;
  /** The event has been counted. */
  add(frame: EventFrame): void;
  /** What is new since the last checkpoint. */
  pending(): { readonly writes: readonly SeenWrite[]; readonly keepFrom: number };
  committed(): void;
}

export interface SeenIdsOptions {
  readonly windowMs: number;
  /** What earlier checkpoints have kept, of any stretch. */
  readonly stored: readonly SeenWrite[];
  /** Told of each id that is not remembered, there being too many of its stretch. */
  readonly forgotten: (first: boolean) => void;
  readonly maxIds?: number;
}

export function createSeenIds(options: SeenIdsOptions): SeenIds {
  const { windowMs, stored, forgotten, maxIds = MAX_IDS } = options;
  const sets = new Map<number, HashSet64>();
  const fresh = new Map<number, number[]>();
  const hasher = createHasher('event ids');
  let newest = -Infinity;
  /** The stretch of which ids were last forgotten. */
  let full = -Infinity;

  function setOf(generation: number): HashSet64 {
    let set = sets.get(generation);
    if (set === undefined) {
      set = new HashSet64();
      sets.set(generation, set);
    }
    return set;
  }

  /** Into the hasher's lanes; never (0, 0), which is no entry. */
  function hash(frame: EventFrame): void {
    hasher.update(`${frame.schema?.modelId ?? 0}/${partsOf(frame)}/${frame.id}`);
    if (hasher.high === 0 && hasher.low === 0) hasher.low = 1;
  }

  for (const { generation, hashes } of stored) {
    const set = setOf(generation);
    newest = Math.max(newest, generation);
    const view = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    for (let at = 0; at + BYTES_A_HASH <= hashes.length; at += BYTES_A_HASH)
      set.add(view.getUint32(at), view.getUint32(at + 4));
  }

  return {
    has(frame) {
      if (frame.id === null) return false;
      hash(frame);
      const { high, low } = hasher;
      return (
        sets.get(newest)?.has(high, low) === true || sets.get(newest - 1)?.has(high, low) === true
      );
    },
    add(frame) {
      if (frame.id === null) return;
      // Late events are remembered with the newest: what counts is when they came.
      newest = Math.max(newest, Math.floor(frame.time / windowMs));
      for (const generation of sets.keys()) if (generation < newest - 1) sets.delete(generation);
      const set = setOf(newest);
      if (set.size >= maxIds) {
        forgotten(full !== newest);
        full = newest;
        return;
      }
      hash(frame);
      set.add(hasher.high, hasher.low);
      const lanes = fresh.get(newest) ?? [];
      lanes.push(hasher.high, hasher.low);
      fresh.set(newest, lanes);
    },
    pending: () => ({
      writes: [...fresh]
        .filter(([generation]) => generation >= newest - 1)
        .map(([generation, lanes]) => ({ generation, hashes: bytesOf(lanes) })),
      keepFrom: newest - 1,
    }),
    committed() {
      fresh.clear();
    },
  };
}

function bytesOf(lanes: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(lanes.length * 4);
  const view = new DataView(bytes.buffer);
  lanes.forEach((lane, i) => {
    view.setUint32(i * 4, lane);
  });
  return bytes;
}

/** What the event speaks about: a label that comes later under the id of its event is no duplicate of it. */
function partsOf(frame: EventFrame): number {
  const features = frame.schema?.features ?? [];
  let parts = 0;
  for (let i = 0; i < features.length; i += 1) {
    if (frame.slots[i] === SLOT.absent) continue;
    const role = features[i]?.role;
    parts |= role === 'input' ? 1 : role === 'prediction' ? 2 : 4;
  }
  return parts;
}
