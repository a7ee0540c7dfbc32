import type { Held, ReaderHold } from '../../ingest-store.ts';
import type { Pool } from '../pool.ts';

/** The first half of the keys of these advisory locks; the number only has to be ours. */
const CLASS = 0x696e6278;

/**
 * A hold on what has this name, as an advisory lock: it costs its holder one connection, and ends with that.
 * @param name e.g. a source with its topic
 */
export function createReaderHold(pool: Pool, name: string): ReaderHold {
  return { take: (signal) => take(pool, name, signal) };
}

async function take(pool: Pool, name: string, signal: AbortSignal): Promise<Held | null> {
  if (signal.aborted) return null;
  const client = await pool.connect();
  const lost = new AbortController();
  const gone = (): void => {
    lost.abort();
  };
  client.once('error', gone);
  client.once('end', gone);
  let held = false;
  try {
    const { rows } = await client.query<{ held: boolean }>(
      'SELECT pg_try_advisory_lock($1, hashtext($2)) AS held',
      [CLASS, name],
    );
    held = rows[0]?.held === true;
  } finally {
    if (!held) {
      client.off('error', gone);
      client.off('end', gone);
      client.release(lost.signal.aborted);
    }
  }
  if (!held) return null;
  return {
    lost: lost.signal,
    async release() {
      client.off('error', gone);
      client.off('end', gone);
      if (lost.signal.aborted) {
        client.release(true);
        return;
      }
      const ended = await client
        .query('SELECT pg_advisory_unlock($1, hashtext($2))', [CLASS, name])
        .then(
          () => true,
          () => false,
        );
      client.release(!ended);
    },
  };
}
