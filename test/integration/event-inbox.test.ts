import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createLog } from '../../src/platform/log.ts';
import type { Posting } from '../../src/storage/api/event-inbox.ts';
import { createEventInbox } from '../../src/storage/postgres/inbox/event-inbox.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createReaderHold } from '../../src/storage/postgres/inbox/reader-hold.ts';
import { freshDatabase } from '../support/servers.ts';

const ALL = { events: 10_000, bytes: 1e9 };
const PARTITION = { source: 'http', topic: 'posted' };

let pool: Pool;
beforeAll(async () => {
  const log = createLog('silent');
  pool = createPool({ url: await freshDatabase(), max: 6, applicationName: 'test', log });
  await migrate(pool, log);
});
afterAll(() => pool.end());

function posting(text: string, key: string | null = null, events = 1, scope = 'a'): Posting {
  const bodyHash = createHash('sha256').update(text).digest();
  return {
    events: Array.from({ length: events }, () => ({
      payload: Buffer.from(text),
      headers: { 'content-type': 'application/json' },
    })),
    idempotency: key === null ? null : { scope, key, bodyHash },
  };
}

const inboxOf = (events: number, bytes = 1e9) =>
  createEventInbox(pool, PARTITION, { events, bytes });

describe('the inbox', () => {
  it('gives positions without a hole, however many post at once, and reads them in order', async () => {
    const [one, other] = [inboxOf(10_000), inboxOf(10_000)];
    const outcomes = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        (i % 2 === 0 ? one : other).post(posting(`{"i":${i}}`, null, 3)),
      ),
    );
    expect(new Set(outcomes)).toEqual(new Set(['stored']));
    expect(await one.range()).toEqual({ start: 0, end: 900 });
    const records = await one.read(0, ALL);
    expect(records.map(({ position }) => position)).toEqual(
      Array.from({ length: 900 }, (_, i) => i),
    );
    expect((await one.read(898, ALL)).map(({ position }) => position)).toEqual([898, 899]);
  });

  it('knows a request again by its key, and another body under the same key for what it is', async () => {
    const inbox = inboxOf(10_000);
    const { end } = await inbox.range();
    // The same twice at once, and later once more.
    expect(
      (
        await Promise.all([inbox.post(posting('a', 'k')), inbox.post(posting('a', 'k'))])
      ).toSorted(),
    ).toEqual(['known', 'stored']);
    expect(await inbox.post(posting('a', 'k'))).toBe('known');
    expect(await inbox.post(posting('b', 'k'))).toBe('conflict');
    expect((await inbox.range()).end).toBe(end + 1);
    // The key of somebody else is another one.
    expect(await inbox.post(posting('b', 'k', 1, 'b'))).toBe('stored');
    expect(await inbox.post(posting('b', 'k', 1, 'b'))).toBe('known');
  });

  it('is full at its limit, of which what is counted is no part', async () => {
    const inbox = inboxOf(1_000);
    const { end } = await inbox.range();
    expect(await inbox.post(posting('x', 'full', 1_001 - end))).toBe('full');
    await pool.query(
      `INSERT INTO ingest_partition (source, topic, partition, next_offset, start_offset) VALUES ('http', 'posted', 0, $1, 0)`,
      [end],
    );
    // A key that was refused is free.
    expect(await inbox.post(posting('x', 'full', 1_001 - end))).toBe('stored');
    await inbox.forget();
    expect((await inbox.range()).start).toBe(end);
  });

  it('is full at its bytes, of which what is counted is no part', async () => {
    const { end } = await inboxOf(1_000).range();
    const size = 100_000;
    const inbox = inboxOf(1_000_000, 3 * size);
    const large = () => inbox.post(posting('x'.repeat(size)));
    await pool.query('UPDATE ingest_partition SET next_offset = $1', [end]);
    expect([await large(), await large(), await large()]).toEqual(['stored', 'stored', 'full']);
    await pool.query('UPDATE ingest_partition SET next_offset = $1', [end + 1]);
    expect([await large(), await large()]).toEqual(['stored', 'full']);
    await pool.query('UPDATE ingest_partition SET next_offset = $1', [end + 3]);
    expect(await large()).toBe('stored');
  });

  it('is read by bytes, too: one event at least', async () => {
    const inbox = inboxOf(1_000_000);
    const { end } = await inbox.range();
    await inbox.post(posting('y'.repeat(10_000), null, 5));
    const read = async (bytes: number) => (await inbox.read(end, { events: 100, bytes })).length;
    expect([await read(1), await read(25_000), await read(1e9)]).toEqual([1, 3, 5]);
  });

  it('keeps no more in memory than what waits for a transaction or two', async () => {
    const inbox = inboxOf(1_000_000);
    const payload = Buffer.alloc(1_000_000, 'z');
    const outcomes = await Promise.all(
      Array.from({ length: 80 }, () =>
        inbox.post({ events: [{ payload, headers: {} }], idempotency: null }),
      ),
    );
    const stored = outcomes.filter((outcome) => outcome === 'stored').length;
    expect(stored).toBeGreaterThanOrEqual(33);
    expect(stored).toBeLessThan(60);
    expect(new Set(outcomes)).toEqual(new Set(['stored', 'full']));
    // Afterwards there is room again.
    expect(await inbox.post(posting('a'))).toBe('stored');
  });

  it('has one reader; when its connection goes another takes over', async () => {
    const hold = createReaderHold(pool, 'http');
    const { signal } = new AbortController();
    const first = await hold.take(signal);
    expect(first).not.toBeNull();
    expect(await hold.take(signal)).toBeNull();
    // What is called otherwise is held for itself.
    const file = await createReaderHold(pool, 'replay/x').take(signal);
    expect(file).not.toBeNull();
    await file?.release();
    // Of this database only: the server has others, which belong to tests that run beside this one.
    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks
       WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    await expect.poll(() => first?.lost.aborted).toBe(true);
    await first?.release();
    const second = await hold.take(signal);
    expect(second).not.toBeNull();
    await second?.release();
    const third = await hold.take(signal);
    expect(third).not.toBeNull();
    await third?.release();
  });
});
