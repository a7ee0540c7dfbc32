import type { CheckpointWrite, QuarantineWrite } from '../../ingest-store.ts';
import type { Client } from '../pool.ts';

/** What the partitions of a source keep of bad records on a day (UTC) together; further ones are counted only. */
export const DAY_LIMIT = { rows: 10_000, bytes: 64 * 1024 * 1024 } as const;

interface Room {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Keeps bad records while the day has room; part of the checkpoint's transaction. Partitions that write at the same moment
 * do not see each other's rows: each may keep one checkpoint more than the limit.
 */
export async function writeQuarantine(
  client: Client,
  { part, quarantine }: CheckpointWrite,
): Promise<void> {
  if (quarantine.length === 0) return;
  const kept = fitting(quarantine, await roomLeft(client, part));
  if (kept.length < quarantine.length) {
    await client.query(
      'UPDATE ingest_partition SET quarantine_dropped = quarantine_dropped + $2 WHERE id = $1',
      [part, quarantine.length - kept.length],
    );
  }
  if (kept.length === 0) return;
  await client.query(
    `INSERT INTO quarantine (part, record_offset, reason, detail, payload, headers)
     SELECT $1, record_offset, reason, detail, payload, headers::jsonb
     FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::text[])
       AS q (record_offset, reason, detail, payload, headers)
     ON CONFLICT DO NOTHING`,
    [
      part,
      kept.map((row) => row.offset),
      kept.map((row) => row.reason),
      kept.map((row) => row.detail),
      kept.map((row) => (row.payload === null ? null : Buffer.from(row.payload))),
      kept.map((row) => (row.headers === null ? null : JSON.stringify(row.headers))),
    ],
  );
  await client.query(
    `WITH today AS (
       INSERT INTO quarantine_day AS d (part, day, kept_rows, kept_bytes) VALUES ($1, ${TODAY}, $2, $3)
       ON CONFLICT (part, day) DO UPDATE SET kept_rows = d.kept_rows + $2, kept_bytes = d.kept_bytes + $3)
     DELETE FROM quarantine_day WHERE part = $1 AND day < ${TODAY}`,
    [part, kept.length, kept.reduce((sum, row) => sum + bytesOf(row), 0)],
  );
}

const TODAY = "(now() AT TIME ZONE 'UTC')::date";

async function roomLeft(client: Client, part: number): Promise<Room> {
  const { rows } = await client.query<Room>(
    `SELECT ${DAY_LIMIT.rows} - coalesce(sum(d.kept_rows), 0)::bigint AS rows,
       ${DAY_LIMIT.bytes} - coalesce(sum(d.kept_bytes), 0)::bigint AS bytes
     FROM ingest_partition own JOIN ingest_partition p ON p.source = own.source
     JOIN quarantine_day d ON d.part = p.id AND d.day = ${TODAY}
     WHERE own.id = $1`,
    [part],
  );
  return rows[0] as Room;
}

function fitting(rows: readonly QuarantineWrite[], room: Room): readonly QuarantineWrite[] {
  let bytes = 0;
  const end = rows.findIndex((row, i) => {
    bytes += bytesOf(row);
    return i >= room.rows || bytes > room.bytes;
  });
  return end < 0 ? rows : rows.slice(0, end);
}

function bytesOf({ detail, payload }: QuarantineWrite): number {
  return Buffer.byteLength(detail) + (payload?.length ?? 0);
}
