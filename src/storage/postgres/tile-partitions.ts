import type { Pool } from './pool.ts';
import { inTransaction } from './pool.ts';

const DAY_MS = 86_400_000;
/** One lock for all makers of partitions; the number only has to be ours. */
const ADVISORY_LOCK = 0x74696c65;

/** Daily partitions of the tile table, made on demand for any day. */
export interface TilePartitions {
  /** Makes the partitions of these instants' days (ms since the epoch) unless they are there. */
  ensure(starts: Iterable<number>): Promise<void>;
  /** What was there may have gone: looks again next time. */
  lookAgain(): void;
}

export function createTilePartitions(pool: Pool): TilePartitions {
  const known = new Set<number>();

  /**
   * Attached rather than created in place: that takes a lightest lock on the parent, so that readers and writers of
   * other days go on.
   */
  async function make(day: number): Promise<void> {
    const from = new Date(day).toISOString().slice(0, 10);
    const to = new Date(day + DAY_MS).toISOString().slice(0, 10);
    const name = `tile_${from.replaceAll('-', '')}`;
    await inTransaction(pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
      const { rows } = await client.query<{ there: boolean }>(
        'SELECT to_regclass($1) IS NOT NULL AS there',
        [name],
      );
      if (rows[0]?.there === true) return;
      await client.query(
        `CREATE TABLE ${name} (LIKE tile INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE) WITH (fillfactor = 50, toast_tuple_target = 8160)`,
      );
      await client.query(
        `ALTER TABLE tile ATTACH PARTITION ${name} FOR VALUES FROM ('${from} 00:00:00+00') TO ('${to} 00:00:00+00')`,
      );
    });
  }

  return {
    async ensure(starts) {
      const days = new Set<number>();
      for (const start of starts) {
        const day = Math.floor(start / DAY_MS) * DAY_MS;
        if (!known.has(day)) days.add(day);
      }
      for (const day of [...days].sort((a, b) => a - b)) {
        await make(day);
        known.add(day);
      }
    },
    lookAgain() {
      known.clear();
    },
  };
}
