import type { PartitionKey } from '../core/domain/ingestion.ts';
import { sleep } from '../platform/clock.ts';
import type { IngestStore, PartitionClaim } from '../storage/ingest-store.ts';

/** What a source knows about one partition's log (the shape that ingestion provides). */
export interface PartitionLog {
  /** Where the partitions of the topic start by policy. */
  startOffsets(): Promise<ReadonlyMap<number, number>>;
  /** The log holds offsets in [start, end). */
  range(): Promise<{ readonly start: number; readonly end: number }>;
  /** Is it a file? Else a topic. */
  readonly isFile?: boolean;
  /** Told of offsets that were gone before they were read. */
  lost?(from: number, to: number): void;
}

/** A log that seems to end before the position is looked at again: just after a fail-over a broker may not know better. */
const END_CHECKS = 4;
const END_CHECK_MS = 1_000;
const NO_ANCHOR = { anchorOffset: null, anchorHash: null } as const;

/**
 * Claims a partition and finds out where to read on.
 *
 * - Of a topic that nothing is stored about, all partitions start where the policy says: resolved to numbers once.
 * - A partition that appears later starts at its first record: nothing that was written before it was found is lost.
 * - What the log has lost before it was read ("retention gap") becomes a row of `gap`, and reading goes on after it.
 * - A log that ends before the stored position was truncated or made anew: the partition is halted, never skipped.
 * - An anchor that retention has deleted proves nothing any more: the claim comes back without it.
 *
 * @throws Error when the partition cannot be claimed now; claiming may be tried again
 */
export async function claimPosition(
  store: IngestStore,
  key: PartitionKey,
  owner: string,
  log: PartitionLog,
): Promise<PartitionClaim> {
  if ((await store.position(key)) === null) await register(store, key, log);
  const claim = await store.claim(key, owner);
  if (claim === null) {
    throw new Error('the partition vanished from the database while it was claimed');
  }
  if (claim.state !== 'ok') return claim;
  const { start, end } = await log.range();
  if (claim.nextOffset < start) {
    const gap = { from: claim.nextOffset, to: start, reason: 'deleted before it was read' };
    if (!(await store.skipGap(claim.part, claim.epoch, gap))) {
      throw new Error('another owner claimed the partition');
    }
    log.lost?.(gap.from, gap.to);
    return { ...claim, nextOffset: start, ...NO_ANCHOR };
  }
  if (claim.nextOffset > end && (await staysShort(claim.nextOffset, log))) {
    const reason =
      log.isFile === true
        ? `the file has ${end} records, and ${claim.nextOffset} were read: it was cut off, or is another one of the same name`
        : `the log ends before offset ${claim.nextOffset}, where it was read to: the topic was truncated or made anew`;
    await store.halt(claim.part, claim.epoch, reason);
    return { ...claim, state: 'halted', reason };
  }
  return keepsAnchor(claim, start) ? claim : { ...claim, ...NO_ANCHOR };
}

/** An anchor behind the position is not of this reading: somebody has set the position. */
function keepsAnchor({ anchorOffset, nextOffset }: PartitionClaim, start: number): boolean {
  return anchorOffset !== null && anchorOffset >= start && anchorOffset < nextOffset;
}

async function register(store: IngestStore, key: PartitionKey, log: PartitionLog): Promise<void> {
  await store.startTopic(key.source, key.topic, await log.startOffsets());
  if ((await store.position(key)) !== null) return;
  await store.ensurePartition(key, (await log.range()).start);
}

async function staysShort(position: number, log: PartitionLog): Promise<boolean> {
  for (let check = 1; check < END_CHECKS; check += 1) {
    await sleep(END_CHECK_MS);
    if ((await log.range()).end >= position) return false;
  }
  return true;
}
