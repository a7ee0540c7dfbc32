import type { PartitionKey } from '../../core/domain/ingestion.ts';
import { toError } from '../../platform/errors.ts';
import type {
  CheckpointResult,
  CheckpointWrite,
  GapWrite,
  IngestStore,
  PartitionClaim,
  ProgressWrite,
  SeenWrite,
  TileKey,
  TileWrite,
} from '../ingest-store.ts';
import { isPassing, isReadOnly, isRefusal } from './commit-errors.ts';
import { inTransaction } from './pool.ts';
import type { Client, Pool } from './pool.ts';
import { keepUnknownNames } from './quality/unknown-names.ts';
import { writeQuarantine } from './quarantine/write.ts';
import { markLateTiles } from './revisions/late-marks.ts';
import { lockForCounting } from './tiles/seal-lock.ts';
import { createTilePartitions } from './tile-partitions.ts';

const iso = (time: number): string => new Date(time).toISOString();

/** Positions, tiles and quarantine in Postgres. One writer per row: a partition's rows are written by its claimant only. */
export function createIngestStore(pool: Pool): IngestStore {
  const partitions = createTilePartitions(pool);
  return {
    async ensurePartition(key, startOffset) {
      await pool.query(
        `INSERT INTO ingest_partition (source, topic, partition, next_offset, start_offset)
         VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING`,
        [...keyOf(key), startOffset],
      );
      return { nextOffset: (await position(pool, key)) as number };
    },
    async startTopic(source, topic, offsets) {
      await pool.query(
        `INSERT INTO ingest_partition (source, topic, partition, next_offset, start_offset)
         SELECT $1, $2, partition, start, start FROM unnest($3::int[], $4::bigint[]) AS o (partition, start)
         WHERE NOT EXISTS (SELECT FROM ingest_partition WHERE source = $1 AND topic = $2)
         ORDER BY partition ON CONFLICT DO NOTHING`,
        [source, topic, [...offsets.keys()], [...offsets.values()]],
      );
    },
    position: (key) => position(pool, key),
    claim: (key, owner) => claim(pool, key, owner),
    loadTiles: (part, keys) => loadTiles(pool, part, keys),
    async loadProgress(part) {
      const { rows } = await pool.query<ProgressWrite>(
        `SELECT model_id AS "modelId", events, unknown_events AS unknown, min_event_time AS "minEventTime", max_event_time AS "maxEventTime"
         FROM model_progress WHERE part = $1`,
        [part],
      );
      return rows;
    },
    async loadSeen(part) {
      const { rows } = await pool.query<SeenWrite>(
        'SELECT generation, hashes FROM seen_event WHERE part = $1 ORDER BY generation, up_to',
        [part],
      );
      return rows;
    },
    async sealed() {
      const { rows } = await pool.query<{ id: number; until: number }>(
        'SELECT id, sealed_until AS until FROM model WHERE sealed_until IS NOT NULL',
      );
      return new Map(rows.map(({ id, until }) => [id, until]));
    },
    async commit(write) {
      try {
        await partitions.ensure(write.tiles.map(({ start }) => start));
      } catch (thrown) {
        return retryOrThrow(toError(thrown));
      }
      const result = await commit(pool, write);
      // The day that a tile belongs to may have been dropped for being empty.
      if (result.outcome === 'retry') partitions.lookAgain();
      return result;
    },
    skipGap: (part, epoch, gap) => skipGap(pool, part, epoch, gap),
    async halt(part, epoch, reason) {
      const { rowCount } = await pool.query(
        "UPDATE ingest_partition SET state = 'halted', reason = $3 WHERE id = $1 AND epoch = $2",
        [part, epoch, reason],
      );
      return rowCount === 1;
    },
    async markCaughtUp(part, epoch) {
      const { rowCount } = await pool.query(
        "UPDATE ingest_partition SET progressed_at = now() WHERE id = $1 AND epoch = $2 AND state = 'ok'",
        [part, epoch],
      );
      return rowCount === 1;
    },
  };
}

function keyOf(key: PartitionKey): [string, string, number] {
  return [key.source, key.topic, key.partition];
}

async function position(pool: Pool, key: PartitionKey): Promise<number | null> {
  const { rows } = await pool.query<{ next_offset: number }>(
    'SELECT next_offset FROM ingest_partition WHERE source = $1 AND topic = $2 AND partition = $3',
    keyOf(key),
  );
  return rows[0]?.next_offset ?? null;
}

/** Raising the epoch waits for a commit in flight and fences its owner from then on. */
async function claim(pool: Pool, key: PartitionKey, owner: string): Promise<PartitionClaim | null> {
  const { rows } = await pool.query<PartitionClaim>(
    `UPDATE ingest_partition SET epoch = epoch + 1, owner = $4, claimed_at = now()
     WHERE source = $1 AND topic = $2 AND partition = $3
     RETURNING id AS part, epoch, next_offset AS "nextOffset", state, reason,
       anchor_offset AS "anchorOffset", anchor_hash AS "anchorHash"`,
    [...keyOf(key), owner],
  );
  return rows[0] ?? null;
}

async function loadTiles(pool: Pool, part: number, keys: readonly TileKey[]): Promise<TileWrite[]> {
  if (keys.length === 0) return [];
  const { rows } = await pool.query<TileWrite>(
    `SELECT t.start, t.model_id AS "modelId", t.binning_set_id AS "binningSetId", t.segment_id AS "segmentId",
       t.events, t.counts
     FROM unnest($2::timestamptz[], $3::int[], $4::int[], $5::int[]) AS k (start, model_id, binning_set_id, segment_id)
     JOIN tile t ON t.start = k.start AND t.span_minutes = 5 AND t.model_id = k.model_id
       AND t.binning_set_id = k.binning_set_id AND t.segment_id = k.segment_id AND t.part = $1`,
    [
      part,
      keys.map((key) => iso(key.start)),
      keys.map((key) => key.modelId),
      keys.map((key) => key.binningSetId),
      keys.map((key) => key.segmentId),
    ],
  );
  return rows;
}

function retryOrThrow(error: Error): CheckpointResult {
  if (isPassing(error)) return { outcome: 'retry', error };
  throw error;
}

async function skipGap(pool: Pool, part: number, epoch: number, gap: GapWrite): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      'UPDATE ingest_partition SET next_offset = $4 WHERE id = $1 AND epoch = $2 AND next_offset = $3',
      [part, epoch, gap.from, gap.to],
    );
    if (rowCount !== 1) return false;
    await client.query(
      `INSERT INTO gap (part, from_offset, to_offset, reason) VALUES ($1, $2, $3, $4)
       ON CONFLICT (part, from_offset) DO UPDATE SET to_offset = greatest(gap.to_offset, excluded.to_offset), recorded_at = now()`,
      [part, gap.from, gap.to, gap.reason],
    );
    return true;
  });
}

/** The one transaction that moves a position, together with everything that was counted from the offsets it passes. */
async function commit(pool: Pool, write: CheckpointWrite): Promise<CheckpointResult> {
  let client: Client;
  try {
    client = await pool.connect();
  } catch (thrown) {
    return retryOrThrow(toError(thrown));
  }
  // Whatever ends it without a clear answer leaves a connection that nobody may use again.
  let broken = true;
  let committing = false;
  try {
    await client.query("BEGIN; SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '3s'");
    if (!(await moveOffset(client, write)) || (await anySealed(client, write))) {
      await client.query('ROLLBACK');
      broken = false;
      return { outcome: 'fenced' };
    }
    await markLateTiles(client, write.tiles);
    await writeTiles(client, write);
    await writeQuarantine(client, write);
    await writeProgress(client, write);
    await writeSeen(client, write);
    committing = true;
    await client.query('COMMIT');
    const namesError = await keepUnknownNames(client, write.unknownNames ?? []);
    broken = namesError !== null && !isRefusal(namesError);
    return { outcome: 'committed', ...(namesError === null ? {} : { namesError }) };
  } catch (thrown) {
    const error = toError(thrown);
    if (committing && !isRefusal(error)) return { outcome: 'unknown', error };
    broken = !isRefusal(error) || isReadOnly(error) || !(await rolledBack(client));
    return retryOrThrow(error);
  } finally {
    client.release(broken);
  }
}

async function rolledBack(client: Client): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}

/** Compare-and-swap on epoch and offset: refused when another owner has claimed or moved the partition. */
async function moveOffset(client: Client, write: CheckpointWrite): Promise<boolean> {
  const { outcomes } = write;
  const { rowCount } = await client.query(
    `UPDATE ingest_partition SET next_offset = $4, anchor_offset = coalesce($5, anchor_offset),
       anchor_hash = coalesce($6, anchor_hash), counted = counted + $7, quarantined = quarantined + $8,
       too_late = too_late + $9, duplicate = duplicate + $10, filtered = filtered + $11, progressed_at = now(),
       quarantine_dropped = quarantine_dropped + $12
     WHERE id = $1 AND epoch = $2 AND next_offset = $3 AND state = 'ok'`,
    [
      write.part,
      write.epoch,
      write.previousOffset,
      write.nextOffset,
      write.anchorOffset,
      write.anchorHash === null ? null : Buffer.from(write.anchorHash),
      outcomes.counted,
      outcomes.quarantined,
      outcomes.tooLate,
      outcomes.duplicate,
      outcomes.filtered,
      write.quarantineDropped ?? 0,
    ],
  );
  return rowCount === 1;
}

/** Rows a statement: each blob is a parameter of its own, which goes over the wire as it is and not as text. */
const TILES_A_STATEMENT = 1_000;

async function writeTiles(client: Client, { part, tiles }: CheckpointWrite): Promise<void> {
  for (let from = 0; from < tiles.length; from += TILES_A_STATEMENT) {
    const rows = tiles.slice(from, from + TILES_A_STATEMENT);
    const blobs = rows.map((_, i) => `$${i + 7}`).join(', ');
    await client.query(
      `INSERT INTO tile (start, span_minutes, model_id, binning_set_id, segment_id, part, events, counts)
       SELECT start, 5, model_id, binning_set_id, segment_id, $1, events, counts
       FROM unnest($2::timestamptz[], $3::int[], $4::int[], $5::int[], $6::bigint[], ARRAY[${blobs}]::bytea[])
         AS t (start, model_id, binning_set_id, segment_id, events, counts)
       ON CONFLICT (start, span_minutes, model_id, segment_id, binning_set_id, part)
       DO UPDATE SET events = excluded.events, counts = excluded.counts`,
      [
        part,
        rows.map((tile) => iso(tile.start)),
        rows.map((tile) => tile.modelId),
        rows.map((tile) => tile.binningSetId),
        rows.map((tile) => tile.segmentId),
        rows.map((tile) => tile.events),
        ...rows.map(({ counts }) =>
          Buffer.from(counts.buffer, counts.byteOffset, counts.byteLength),
        ),
      ],
    );
  }
}

/**
 * Is any of the tiles sealed? Who seals waits for this transaction, by the lock for counting, so that what is not sealed now
 * stays so until it ends. The rows are held against removal alone: changes of a model's baselines and features go on.
 */
async function anySealed(client: Client, { tiles }: CheckpointWrite): Promise<boolean> {
  if (tiles.length === 0) return false;
  const modelIds = [...new Set(tiles.map(({ modelId }) => modelId))].sort((a, b) => a - b);
  await lockForCounting(client, modelIds);
  const { rows } = await client.query<{ id: number; until: number | null }>(
    'SELECT id, sealed_until AS until FROM model WHERE id = ANY($1) ORDER BY id FOR KEY SHARE',
    [modelIds],
  );
  const untilOf = new Map(rows.map(({ id, until }) => [id, until ?? -Infinity]));
  return tiles.some(({ modelId, start }) => start < (untilOf.get(modelId) ?? -Infinity));
}

async function writeSeen(
  client: Client,
  { part, nextOffset, seen }: CheckpointWrite,
): Promise<void> {
  if (seen === undefined || seen.writes.length === 0) return;
  for (const { generation, hashes } of seen.writes) {
    await client.query(
      `INSERT INTO seen_event (part, generation, up_to, hashes) VALUES ($1, $2, $3, $4)
       ON CONFLICT (part, generation, up_to) DO UPDATE SET hashes = seen_event.hashes || excluded.hashes`,
      [part, generation, nextOffset, Buffer.from(hashes)],
    );
  }
  await client.query('DELETE FROM seen_event WHERE part = $1 AND generation < $2', [
    part,
    seen.keepFrom,
  ]);
}

async function writeProgress(client: Client, { part, progress }: CheckpointWrite): Promise<void> {
  if (progress.length === 0) return;
  await client.query(
    `INSERT INTO model_progress (model_id, part, events, min_event_time, max_event_time, unknown_events, last_event_at)
     SELECT model_id, $1, events, min_event_time, max_event_time, unknown_events, now()
     FROM unnest($2::int[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::bigint[])
       AS p (model_id, events, min_event_time, max_event_time, unknown_events)
     ON CONFLICT (model_id, part) DO UPDATE SET events = excluded.events, min_event_time = excluded.min_event_time,
       max_event_time = excluded.max_event_time, unknown_events = excluded.unknown_events,
       last_event_at = excluded.last_event_at`,
    [
      part,
      progress.map((row) => row.modelId),
      progress.map((row) => row.events),
      progress.map((row) => iso(row.minEventTime)),
      progress.map((row) => iso(row.maxEventTime)),
      progress.map((row) => row.unknown ?? 0),
    ],
  );
}
