import type {
  EventInbox,
  InboxHold,
  InboxRecord,
  Posting,
  PostingOutcome,
} from '../../api/event-inbox.ts';
import { inTransaction } from '../pool.ts';
import type { Client, Pool } from '../pool.ts';

/** One reader of all processes; the number only has to be ours. */
const READER_LOCK = 0x696e6278;
/** Postings that one transaction takes at most. */
const MAX_POSTINGS = 500;
const KEY_KEPT = '1 day';

interface Waiting {
  readonly posting: Posting;
  readonly settle: (outcome: PostingOutcome) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The inbox in Postgres.
 * @param partition how its source and topic are called in ingest_partition
 * @param maxWaiting events that may wait to be counted
 */
export function createEventInbox(
  pool: Pool,
  partition: { readonly source: string; readonly topic: string },
  maxWaiting: number,
): EventInbox {
  let waiting: Waiting[] = [];
  let writing = false;

  /** One transaction after the other: what comes while one is under way goes into the next, all of it. */
  async function writeOn(): Promise<void> {
    if (writing) return;
    writing = true;
    try {
      while (waiting.length > 0) {
        const group = waiting.slice(0, MAX_POSTINGS);
        waiting = waiting.slice(MAX_POSTINGS);
        try {
          const outcomes = await inTransaction(pool, (client) => write(client, group));
          group.forEach(({ settle }, i) => settle(outcomes[i] as PostingOutcome));
        } catch (thrown) {
          for (const { fail } of group) fail(thrown);
        }
      }
    } finally {
      writing = false;
    }
  }

  async function write(client: Client, group: readonly Waiting[]): Promise<PostingOutcome[]> {
    // Locks the row until the commit: positions are given in the order in which they become visible.
    const { rows } = await client.query<{ next: number; counted: number | null }>(
      `SELECT i.next_position AS next, p.next_offset AS counted FROM inbox i
       LEFT JOIN ingest_partition p ON p.source = $1 AND p.topic = $2 AND p.partition = 0 FOR UPDATE OF i`,
      [partition.source, partition.topic],
    );
    const { next = 0, counted = null } = rows[0] ?? {};
    const outcomes: PostingOutcome[] = [];
    let free = maxWaiting - (next - (counted ?? 0));
    const accepted: Posting[] = [];
    for (const { posting } of group) {
      const outcome = await admit(client, posting, free);
      outcomes.push(outcome);
      if (outcome !== 'stored') continue;
      accepted.push(posting);
      free -= posting.events.length;
    }
    const events = accepted.flatMap((posting) => posting.events);
    if (events.length === 0) return outcomes;
    await client.query(
      `INSERT INTO inbox_event (position, payload, headers)
       SELECT $1 + n - 1, payload, headers::jsonb
       FROM unnest($2::bytea[], $3::text[]) WITH ORDINALITY AS e (payload, headers, n)`,
      [
        next,
        events.map(({ payload }) => Buffer.from(payload)),
        events.map(({ headers }) => JSON.stringify(headers)),
      ],
    );
    await client.query('UPDATE inbox SET next_position = $1', [next + events.length]);
    return outcomes;
  }

  return {
    post: (posting) =>
      new Promise((settle, fail) => {
        waiting.push({ posting, settle, fail });
        void writeOn();
      }),
    async read(from, limit) {
      const { rows } = await pool.query<InboxRecord>(
        `SELECT position, payload, headers, received_at AS "receivedAt" FROM inbox_event
         WHERE position >= $1 ORDER BY position LIMIT $2`,
        [from, limit],
      );
      return rows;
    },
    async range() {
      const { rows } = await pool.query<{ start: number; end: number }>(
        `SELECT coalesce((SELECT min(position) FROM inbox_event), next_position) AS start, next_position AS end FROM inbox`,
      );
      return rows[0] ?? { start: 0, end: 0 };
    },
    async forget() {
      await pool.query(
        `DELETE FROM inbox_event WHERE position < (
           SELECT next_offset FROM ingest_partition WHERE source = $1 AND topic = $2 AND partition = 0)`,
        [partition.source, partition.topic],
      );
      await pool.query(
        `DELETE FROM inbox_request WHERE received_at < now() - interval '${KEY_KEPT}'`,
      );
    },
    hold: (signal) => hold(pool, signal),
  };
}

async function admit(client: Client, posting: Posting, free: number): Promise<PostingOutcome> {
  const { events, idempotency } = posting;
  if (idempotency !== null) {
    const { rows } = await client.query<{ same: boolean }>(
      'SELECT body_hash = $2 AS same FROM inbox_request WHERE key = $1',
      [idempotency.key, Buffer.from(idempotency.bodyHash)],
    );
    if (rows[0] !== undefined) return rows[0].same ? 'known' : 'conflict';
  }
  if (events.length > free) return 'full';
  if (idempotency !== null) {
    await client.query('INSERT INTO inbox_request (key, body_hash, events) VALUES ($1, $2, $3)', [
      idempotency.key,
      Buffer.from(idempotency.bodyHash),
      events.length,
    ]);
  }
  return 'stored';
}

async function hold(pool: Pool, signal: AbortSignal): Promise<InboxHold | null> {
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
      'SELECT pg_try_advisory_lock($1) AS held',
      [READER_LOCK],
    );
    held = rows[0]?.held === true;
  } finally {
    if (!held) client.release(lost.signal.aborted);
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
      const ended = await client.query('SELECT pg_advisory_unlock($1)', [READER_LOCK]).then(
        () => true,
        () => false,
      );
      client.release(!ended);
    },
  };
}
