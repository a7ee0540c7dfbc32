import type {
  CheckpointWrite,
  PartitionClaim,
  ProgressWrite,
  QuarantineWrite,
  TileWrite,
  UnknownNameWrite,
} from '../storage/ingest-store.ts';

/** The last record before a position, by which the log is known again (the shape that ingestion provides). */
export interface Anchor {
  readonly offset: number;
  readonly hash: Uint8Array;
}

/** What became of the records since the last checkpoint. `skipped`: tombstones. */
export interface RecordTally {
  counted: number;
  quarantined: number;
  tooLate: number;
  duplicate: number;
  skipped: number;
}

export function emptyTally(): RecordTally {
  return { counted: 0, quarantined: 0, tooLate: 0, duplicate: 0, skipped: 0 };
}

export function tallied(tally: RecordTally): number {
  return tally.counted + tally.quarantined + tally.tooLate + tally.duplicate + tally.skipped;
}

/**
 * Everything that makes the offsets [previousOffset, nextOffset) durable, in one piece: sorted, copied, and added up.
 * @throws Error when more records were taken than there are offsets: a defect, nothing of it is stored
 */
export function buildCheckpoint(parts: {
  readonly claim: PartitionClaim;
  readonly previousOffset: number;
  readonly nextOffset: number;
  readonly anchor: Anchor | null;
  readonly tally: RecordTally;
  readonly tiles: readonly TileWrite[];
  readonly quarantine: readonly QuarantineWrite[];
  readonly quarantineDropped: number;
  readonly progress: readonly ProgressWrite[];
  readonly seen: CheckpointWrite['seen'] | null;
  readonly unknownNames: readonly UnknownNameWrite[];
}): CheckpointWrite {
  const { claim, previousOffset, nextOffset, tally } = parts;
  const { counted, quarantined, tooLate, duplicate } = tally;
  const offsets = nextOffset - previousOffset;
  if (tallied(tally) > offsets) {
    throw new Error(
      `${tallied(tally)} records were taken from the ${offsets} offsets [${previousOffset}, ${nextOffset})`,
    );
  }
  return {
    part: claim.part,
    epoch: claim.epoch,
    previousOffset,
    nextOffset,
    // What is covered but was no record of ours: control records, tombstones, offsets that compaction took.
    outcomes: {
      counted,
      quarantined,
      tooLate,
      duplicate,
      filtered: offsets - counted - quarantined - tooLate - duplicate,
    },
    anchorOffset: parts.anchor?.offset ?? null,
    anchorHash: parts.anchor?.hash ?? null,
    tiles: parts.tiles.toSorted(byKey),
    quarantine: [...parts.quarantine],
    quarantineDropped: parts.quarantineDropped,
    ...(parts.seen === null || parts.seen === undefined ? {} : { seen: parts.seen }),
    unknownNames: parts.unknownNames,
    progress: parts.progress.map((row) => ({ ...row })).sort((a, b) => a.modelId - b.modelId),
  };
}

/** The order of the primary key: two writers never wait for each other in a circle. */
function byKey(a: TileWrite, b: TileWrite): number {
  return (
    a.start - b.start ||
    a.modelId - b.modelId ||
    a.segmentId - b.segmentId ||
    a.binningSetId - b.binningSetId
  );
}
