import type { Client } from '../pool.ts';
import { lockForCounting } from '../tiles/seal-lock.ts';

/** A tile that a checkpoint has written. */
interface WrittenTile {
  /** ms since the epoch */
  readonly start: number;
  readonly modelId: number;
}

/**
 * Marks what a checkpoint counts behind the windows that monitors have looked at; part of the checkpoint's transaction.
 *
 * A monitor says how far it looks (`judged_until`) before it reads tiles, and waits there for whoever holds the lock for
 * counting (tiles/seal-lock.ts): so a checkpoint has either committed before the monitor reads, or it sees how far the
 * monitor has looked. The rows are held against removal alone.
 * An existing mark is written again, so that whoever takes it away waits for this transaction, too.
 */
export async function markLateTiles(client: Client, tiles: readonly WrittenTile[]): Promise<void> {
  if (tiles.length === 0) return;
  const starts = new Map(
    tiles.map(({ start, modelId }) => [`${modelId} ${start}`, { start, modelId }]),
  );
  const written = [...starts.values()];
  const modelIds = [...new Set(written.map(({ modelId }) => modelId))].sort((a, b) => a - b);
  await lockForCounting(client, modelIds);
  await client.query(
    `WITH looked AS (
       SELECT id, model_id, judged_until FROM monitor
       WHERE model_id = ANY($1) AND judged_until IS NOT NULL ORDER BY id FOR KEY SHARE)
     INSERT INTO late_tile (monitor_id, start)
     SELECT l.id, t.start FROM looked l
     JOIN unnest($1::integer[], $2::timestamptz[]) AS t (model_id, start) ON t.model_id = l.model_id
     WHERE t.start < l.judged_until ORDER BY 1, 2
     ON CONFLICT (monitor_id, start) DO UPDATE SET marked_at = now()`,
    [
      written.map(({ modelId }) => modelId),
      written.map(({ start }) => new Date(start).toISOString()),
    ],
  );
}
