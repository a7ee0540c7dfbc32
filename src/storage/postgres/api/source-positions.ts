import type {
  ReadTopic,
  SetPosition,
  SourcePosition,
  SourcePositions,
} from '../../api/source-positions.ts';
import { inTransaction } from '../pool.ts';
import type { Pool } from '../pool.ts';
import { audit } from './audit.ts';

type StoredPosition = SourcePosition & { readonly id: number };

const COLUMNS = 'partition, next_offset AS "nextOffset", state, reason';

export function createSourcePositions(pool: Pool): SourcePositions {
  return {
    async topics(limit) {
      const { rows } = await pool.query<ReadTopic>(
        `SELECT source, topic, array_agg(partition ORDER BY partition) AS partitions FROM ingest_partition
         GROUP BY source, topic ORDER BY source, topic LIMIT $1`,
        [limit],
      );
      return rows;
    },
    async list(source, topic) {
      const { rows } = await pool.query<SourcePosition>(
        `SELECT ${COLUMNS} FROM ingest_partition WHERE source = $1 AND topic = $2 ORDER BY partition`,
        [source, topic],
      );
      return rows;
    },
    reset: (source, topic, partitions, target, actor) =>
      inTransaction(pool, async (client) => {
        // The lock waits for a commit of the reader; the new epoch refuses its next one.
        const { rows } = await client.query<StoredPosition>(
          `SELECT id, ${COLUMNS} FROM ingest_partition
           WHERE source = $1 AND topic = $2 AND partition = ANY($3) ORDER BY id FOR UPDATE`,
          [source, topic, partitions],
        );
        // Every target is asked for before anything is changed.
        const set = rows.map(({ id, ...row }) => ({ id, row: { ...row, to: target(row) } }));
        for (const { id, row } of set) {
          const { partition, nextOffset, to, state, reason } = row;
          await client.query(
            `UPDATE ingest_partition SET epoch = epoch + 1, owner = NULL, state = 'ok', reason = NULL,
               anchor_offset = NULL, anchor_hash = NULL, covered_before = covered_before + next_offset - start_offset,
               start_offset = $2, next_offset = $2 WHERE id = $1`,
            [id, to],
          );
          // Of another log, or judged again soon.
          await client.query('DELETE FROM quarantine WHERE part = $1 AND record_offset >= $2', [
            id,
            to,
          ]);
          const which = `${source} ${topic}/${String(partition)}`;
          const detail = { from: nextOffset, to, state, reason };
          await audit(client, actor, 'source.reset', which, detail);
        }
        return set
          .map(({ row }): SetPosition => row)
          .toSorted((one, other) => one.partition - other.partition);
      }),
  };
}
