import type {
  EventInbox,
  InboxLimit,
  InboxRecord,
  PostedEvent,
  Posting,
  PostingOutcome,
} from '../../api/event-inbox.ts';
import { inTransaction } from '../pool.ts';
import type { Client, Pool } from '../pool.ts';

/** What one transaction takes at most, but one posting always. */
const GROUP = { postings: 500, bytes: 4 * 1024 * 1024 };
/** Bytes of postings that may wait in memory for their transaction; beyond, the answer is that it is full. */
const MAX_UNWRITTEN_BYTES = 32 * 1024 * 1024;
/** What an event takes besides its payload and headers. */
const EVENT_BYTES = 100;
const KEY_KEPT = '1 day';

interface Waiting {
  readonly posting: Posting;
  readonly bytes: number;
  readonly settle: (outcome: PostingOutcome) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The inbox in Postgres.
 * @param partition how its source and topic are called in ingest_partition
 * @param maxWaiting events and bytes that may wait to be counted
 */
export function createEventInbox(
  pool: Pool,
  partition: { readonly source: string; readonly topic: string },
  maxWaiting: InboxLimit,
): EventInbox {
  let waiting: Waiting[] = [];
  let unwritten = 0;
  let writing = false;

  /** One transaction after the other: what comes while one is under way goes into the next, all of it. */
  async function writeOn(): Promise<void> {
    if (writing) return;
    writing = true;
    try {
      while (waiting.length > 0) {
        const group = waiting.slice(0, groupSize(waiting));
        waiting = waiting.slice(group.length);
        try {
          const outcomes = await inTransaction(pool, (client) => write(client, group));
          group.forEach(({ settle }, i) => settle(outcomes[i] as PostingOutcome));
        } catch (thrown) {
          for (const { fail } of group) fail(thrown);
        }
        for (const { bytes } of group) unwritten -= bytes;
      }
    } finally {
      writing = false;
    }
  }

  async function write(client: Client, group: readonly Waiting[]): Promise<PostingOutcome[]> {
    // Locks the row until the commit: positions are given in the order in which they become visible.
    const { rows } = await client.query<{ next: number; byte: number; counted: number | null }>(
      `SELECT i.next_position AS next, i.next_byte AS byte, p.next_offset AS counted FROM inbox i
       LEFT JOIN ingest_partition p ON p.source = $1 AND p.topic = $2 AND p.partition = 0 FOR UPDATE OF i`,
      [partition.source, partition.topic],
    );
    const { next = 0, byte = 0, counted = null } = rows[0] ?? {};
    const free = {
      events: maxWaiting.events - (next - (counted ?? 0)),
      bytes: maxWaiting.bytes - (byte - ((await firstByte(client, counted ?? 0)) ?? byte)),
    };
    const outcomes: PostingOutcome[] = [];
    const accepted: Posting[] = [];
    for (const { posting, bytes } of group) {
      const fits = posting.events.length <= free.events && bytes <= free.bytes;
      const outcome = await admit(client, posting, fits);
      outcomes.push(outcome);
      if (outcome !== 'stored') continue;
      accepted.push(posting);
      free.events -= posting.events.length;
      free.bytes -= bytes;
    }
    const events = accepted.flatMap((posting) => posting.events);
    if (events.length === 0) return outcomes;
    let end = byte;
    const firsts = events.map((event) => {
      const first = end;
      end += bytesOf(event);
      return first;
    });
    await client.query(
      `INSERT INTO inbox_event (position, payload, headers, first_byte)
       SELECT $1 + n - 1, payload, headers::jsonb, first_byte
       FROM unnest($2::bytea[], $3::text[], $4::bigint[]) WITH ORDINALITY AS e (payload, headers, first_byte, n)`,
      [
        next,
        events.map(({ payload }) => Buffer.from(payload)),
        events.map(({ headers }) => JSON.stringify(headers)),
        firsts,
      ],
    );
    await client.query('UPDATE inbox SET next_position = $1, next_byte = $2', [
      next + events.length,
      end,
    ]);
    return outcomes;
  }

  return {
    post: (posting) =>
      new Promise((settle, fail) => {
        const bytes = posting.events.reduce((sum, event) => sum + bytesOf(event), 0);
        // While nothing is unwritten the largest posting may come in.
        if (unwritten > 0 && unwritten + bytes > MAX_UNWRITTEN_BYTES) {
          settle('full');
          return;
        }
        unwritten += bytes;
        waiting.push({ posting, bytes, settle, fail });
        void writeOn();
      }),
    async read(from, limit) {
      const { rows } = await pool.query<InboxRecord>(
        `SELECT position, payload, headers, received_at AS "receivedAt" FROM (
           SELECT *, sum(octet_length(payload) + pg_column_size(headers)) OVER (ORDER BY position)
             - octet_length(payload) - pg_column_size(headers) AS bytes_before
           FROM inbox_event WHERE position >= $1 ORDER BY position LIMIT $2) e
         WHERE bytes_before < $3 ORDER BY position`,
        [from, limit.events, limit.bytes],
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
  };
}

/** Postings from the front that one transaction takes. */
function groupSize(waiting: readonly Waiting[]): number {
  let bytes = 0;
  for (const [i, one] of waiting.entries()) {
    bytes += one.bytes;
    if (i > 0 && (i >= GROUP.postings || bytes > GROUP.bytes)) return i;
  }
  return waiting.length;
}

function bytesOf({ payload, headers }: PostedEvent): number {
  let bytes = payload.length + EVENT_BYTES;
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0);
  return bytes;
}

/** Where the bytes begin that are not counted yet; null when none are. */
async function firstByte(client: Client, counted: number): Promise<number | null> {
  const { rows } = await client.query<{ first: number }>(
    `SELECT first_byte AS first FROM inbox_event
     WHERE position >= $1 AND first_byte IS NOT NULL ORDER BY position LIMIT 1`,
    [counted],
  );
  return rows[0]?.first ?? null;
}

async function admit(client: Client, posting: Posting, fits: boolean): Promise<PostingOutcome> {
  const { events, idempotency } = posting;
  if (idempotency !== null) {
    const { rows } = await client.query<{ same: boolean }>(
      'SELECT body_hash = $3 AS same FROM inbox_request WHERE scope = $1 AND key = $2',
      [idempotency.scope, idempotency.key, Buffer.from(idempotency.bodyHash)],
    );
    if (rows[0] !== undefined) return rows[0].same ? 'known' : 'conflict';
  }
  if (!fits) return 'full';
  if (idempotency !== null) {
    await client.query(
      'INSERT INTO inbox_request (scope, key, body_hash, events) VALUES ($1, $2, $3, $4)',
      [idempotency.scope, idempotency.key, Buffer.from(idempotency.bodyHash), events.length],
    );
  }
  return 'stored';
}
