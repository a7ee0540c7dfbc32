import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createLog } from '../../src/platform/log.ts';
import type { Posting } from '../../src/storage/api/event-inbox.ts';
import { createEventInbox } from '../../src/storage/postgres/inbox/event-inbox.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { freshDatabase } from '../support/servers.ts';

const PARTITION = { source: 'http', topic: 'posted' };

let pool: Pool;
beforeAll(async () => {
  const log = createLog('silent');
  pool = createPool({ url: await freshDatabase(), max: 6, applicationName: 'test', log });
  await migrate(pool, log);
});
afterAll(() => pool.end());

function posting(text: string, key: string | null = null, events = 1): Posting {
  const bodyHash = createHash('sha256').update(text).digest();
  return {
    events: Array.from({ length: events }, () => ({
      payload: Buffer.from(text),
      headers: { 'content-type': 'application/json' },
    })),
    idempotency: key === null ? null : { key, bodyHash },
  };
}

describe('the inbox', () => {
  it('gives positions without a hole, however many post at once, and reads them in order', async () => {
    const [one, other] = [
      createEventInbox(pool, PARTITION, 10_000),
      createEventInbox(pool, PARTITION, 10_000),
    ];
    const outcomes = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        (i % 2 === 0 ? one : other).post(posting(`{"i":${i}}`, null, 3)),
      ),
    );
    expect(new Set(outcomes)).toEqual(new Set(['stored']));
    expect(await one.range()).toEqual({ start: 0, end: 900 });
    const records = await one.read(0, 10_000);
    expect(records.map(({ position }) => position)).toEqual(
      Array.from({ length: 900 }, (_, i) => i),
    );
    expect((await one.read(898, 10)).map(({ position }) => position)).toEqual([898, 899]);
  });

  it('knows a request again by its key, and another body under the same key for what it is', async () => {
    const inbox = createEventInbox(pool, PARTITION, 10_000);
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
  });

  it('is full at its limit, of which what is counted is no part', async () => {
    const inbox = createEventInbox(pool, PARTITION, 1_000);
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

  it('has one reader; when its connection goes another takes over', async () => {
    const inbox = createEventInbox(pool, PARTITION, 1_000);
    const { signal } = new AbortController();
    const first = await inbox.hold(signal);
    expect(first).not.toBeNull();
    expect(await inbox.hold(signal)).toBeNull();
    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()`,
    );
    await expect.poll(() => first?.lost.aborted).toBe(true);
    await first?.release();
    const second = await inbox.hold(signal);
    expect(second).not.toBeNull();
    await second?.release();
    const third = await inbox.hold(signal);
    expect(third).not.toBeNull();
    await third?.release();
  });
});
