import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NEVER_ALERTED } from '../../src/core/alerting/transition.ts';
import { parseMatcher } from '../../src/core/alerting/mute.ts';
import type { Matcher } from '../../src/core/alerting/mute.ts';
import { seriesKey } from '../../src/core/alerting/worst.ts';
import type { DigestMessage } from '../../src/core/alerting/message.ts';
import { threadOf } from '../../src/notify/email/envelope.ts';
import { subjectOf } from '../../src/notify/subject.ts';
import { createAlertDesk } from '../../src/storage/postgres/alerts/alert-desk.ts';
import { createOutboxStore } from '../../src/storage/postgres/outbox-store.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { digest, digestFeature } from '../support/digests.ts';
import { enqueue, migratedPool, outboxRows, outboxWrite } from '../support/outbox.ts';

let pool: Pool;
let monitorId = 0;
beforeAll(async () => {
  pool = await migratedPool();
  const { rows } = await pool.query<{ id: number }>(
    `WITH m AS (INSERT INTO model (name) VALUES ('flights') RETURNING id)
     INSERT INTO monitor (name, model_id) SELECT 'daily', id FROM m RETURNING id`,
  );
  monitorId = rows[0]?.id ?? 0;
});
afterAll(() => pool.end());
afterEach(() => pool.query('TRUNCATE outbox, silence, alert_told'));

const matchers = [parseMatcher('feature=temp')] as Matcher[];
const silence = { matchers, author: 'kim', reason: 'sensor swap', startsAt: null };

describe('silences', () => {
  it('hold from their begin to their end, and stay as a record', async () => {
    const desk = createAlertDesk(pool);
    const now = await desk.addSilence({ ...silence, durationMs: 3_600_000 });
    const later = await desk.addSilence({
      ...silence,
      startsAt: now.createdAt + 7_200_000,
      durationMs: 60_000,
    });
    expect(now.endsAt - now.startsAt).toBe(3_600_000);
    expect((await desk.read(monitorId, true)).silences).toEqual([
      { matchers, reason: 'sensor swap' },
    ]);
    expect((await desk.listSilences(false)).map(({ id }) => id)).toEqual([now.id, later.id]);
    expect(await desk.expireSilence(now.id, 'lee')).toBe(true);
    expect(await desk.expireSilence(now.id, 'lee')).toBe(false);
    expect(await desk.expireSilence(later.id, 'lee')).toBe(true);
    expect((await desk.read(monitorId, true)).silences).toEqual([]);
    expect(await desk.listSilences(false)).toEqual([]);
    expect(await desk.listSilences(true)).toMatchObject([
      { id: now.id, author: 'kim', expiredBy: 'lee' },
      { id: later.id, expiredBy: 'lee' },
    ]);
  });
});

describe('acknowledging', () => {
  it('holds for the open incident only', async () => {
    const desk = createAlertDesk(pool);
    await pool.query(
      `WITH f AS (INSERT INTO feature (model_id, name, kind, role, tier)
         SELECT id, 'temp', 'numeric', 'input', 'standard' FROM model RETURNING id)
       INSERT INTO alert (monitor_id, feature_id, segment, state, severity, incident)
       SELECT $1, id, 'all', 'firing', 'critical', 4 FROM f`,
      [monitorId],
    );
    const who = { model: 'flights', feature: 'temp', segment: null, by: 'kim', note: '' };
    expect(await desk.acknowledge({ ...who, feature: 'humid' })).toBe(0);
    expect(await desk.acknowledge(who)).toBe(1);
    expect([...(await desk.read(monitorId, true)).acknowledged]).toEqual([
      seriesKey('temp', 'all'),
    ]);
    expect(await desk.listAlerts()).toMatchObject([{ incident: 4, acknowledgedBy: 'kim' }]);
    await pool.query('UPDATE alert SET incident = 5');
    expect((await desk.read(monitorId, true)).acknowledged.size).toBe(0);
    expect(await desk.listAlerts()).toMatchObject([{ acknowledgedBy: null }]);
    expect(NEVER_ALERTED.flaps).toBe(0);
  });
});

describe('a dead source', () => {
  afterEach(() => pool.query('TRUNCATE ingest_partition, model_progress CASCADE'));
  const partition = (topic: string, state: string, age: string, model: string) =>
    pool.query(
      `WITH p AS (INSERT INTO ingest_partition (source, topic, partition, next_offset, start_offset, state, progressed_at)
         VALUES ('kafka', $1, 0, 0, 0, $2, now() - $3::interval) RETURNING id),
       m AS (INSERT INTO model (name) VALUES ($4) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id)
       INSERT INTO model_progress (model_id, part, min_event_time, max_event_time, last_event_at)
       SELECT m.id, p.id, now(), now(), now() FROM m, p`,
      [topic, state, age, model],
    );
  const dead = async (endless: boolean): Promise<boolean> =>
    (await createAlertDesk(pool).read(monitorId, endless)).sourcesDead;

  it('is none of the model that gets its events from another', async () => {
    await partition('hotels', 'halted', '0 seconds', 'hotels');
    expect(await dead(true)).toBe(false);
    await partition('flights', 'ok', '5 seconds', 'flights');
    expect(await dead(true)).toBe(false);
  });

  it('is one that is halted, or that nobody reads', async () => {
    await partition('hotels', 'ok', '0 seconds', 'hotels');
    await partition('flights', 'halted', '0 seconds', 'flights');
    expect(await dead(true)).toBe(true);
    expect(await dead(false)).toBe(true);
    await pool.query(
      `UPDATE ingest_partition SET state = 'ok', progressed_at = now() - interval '61 seconds' WHERE topic = 'flights'`,
    );
    expect(await dead(true)).toBe(true);
    // A file that was read to its end.
    expect(await dead(false)).toBe(false);
  });
});

describe('messages of one group', () => {
  const group = (change: object = {}) => ({
    group: { key: 'g', waitMs: 30_000, intervalMs: 300_000, monitorId, toldAt: 1_000, ...change },
  });
  const about = (feature: string) => digest({ features: [digestFeature({ feature })] });

  it('wait for each other and go out as one', async () => {
    await enqueue(pool, [outboxWrite('a', { ...group(), message: about('temp') })]);
    await enqueue(pool, [
      outboxWrite('b', { ...group({ toldAt: 2_000 }), message: about('humid') }),
      outboxWrite('c', { ...group(), recipient: 'else@example.com' }),
    ]);
    expect(await outboxRows(pool)).toMatchObject([{ dedup_key: 'a' }, { dedup_key: 'c' }]);
    expect((await outboxRows(pool))[0]?.wait).toBeGreaterThan(25_000);
    const store = createOutboxStore(pool);
    expect(await store.lease(10, 60_000)).toEqual([]);
    await pool.query('UPDATE outbox SET next_attempt_at = now()');
    const [first] = await store.lease(10, 60_000);
    expect(first?.message).toMatchObject({ features: [{ feature: 'humid' }, { feature: 'temp' }] });
    expect([...(await createAlertDesk(pool).read(monitorId, true)).told]).toEqual([['ops', 2_000]]);
  });

  it('of two monitors lose neither the alarm of one nor the end of the other', async () => {
    const alarm = digest({ monitor: 'hourly', features: [digestFeature({ feature: 'temp' })] });
    const over = digest({
      monitor: 'daily',
      features: [digestFeature({ feature: 'temp', notice: 'resolved', severity: 'warning' })],
    });
    const ends = { reason: 'resolved', message: over } as const;
    await enqueue(pool, [outboxWrite('a', { ...group(), ...ends })]);
    await enqueue(pool, [outboxWrite('b', { ...group(), message: alarm })]);
    const { rows } = await pool.query<{ reason: string; message: DigestMessage }>(
      'SELECT reason, message FROM outbox',
    );
    expect(rows).toMatchObject([{ reason: 'first' }]);
    const [message] = rows.map((row) => row.message);
    if (message === undefined) throw new Error('nothing waits');
    expect(subjectOf(message)).toBe(
      '[critical] flights-late: 1 feature drifted, temp (KS 0.93), 1 feature recovered',
    );
    // Threads are those of each monitor alone.
    const roots = (one: DigestMessage) => threadOf(one, 'k', 'a@example.com').references.split(' ');
    expect(new Set(roots(message))).toEqual(new Set([...roots(alarm), ...roots(over)]));
  });

  it('come at most once an interval', async () => {
    await enqueue(pool, [outboxWrite('a', group())]);
    await pool.query(
      `UPDATE outbox SET state = 'sent', finished_at = now(), next_attempt_at = now()`,
    );
    await enqueue(pool, [outboxWrite('b', group())]);
    expect((await outboxRows(pool))[1]?.wait).toBeGreaterThan(290_000);
    expect((await outboxRows(pool))[1]?.wait).toBeLessThanOrEqual(300_000);
  });

  it('become one digest when the channel has more to send than it may', async () => {
    const at = { waitMs: 0, intervalMs: 0 };
    await enqueue(pool, [outboxWrite('a', { ...group(at), message: about('temp') })]);
    await enqueue(pool, [outboxWrite('b', { ...group(at), message: about('humid') })]);
    expect(await outboxRows(pool)).toHaveLength(2);
    await pool.query(`UPDATE outbox SET created_at = now() - interval '2 minutes'`);
    await enqueue(pool, [outboxWrite('c', { ...group(at), message: about('wind') })]);
    expect(await outboxRows(pool)).toHaveLength(2);
    const { rows } = await pool.query<{ features: string }>(
      `SELECT jsonb_path_query_array(message, '$.features[*].feature')::text AS features FROM outbox ORDER BY id`,
    );
    expect(rows.map(({ features }) => features)).toEqual(['["temp"]', '["humid", "wind"]']);
  });

  it('are not changed once somebody may have sent them', async () => {
    await enqueue(pool, [outboxWrite('a', group())]);
    await pool.query('UPDATE outbox SET attempts = 1');
    await enqueue(pool, [outboxWrite('b', group())]);
    expect(await outboxRows(pool)).toHaveLength(2);
  });
});

describe('the order of a group', () => {
  const group = { key: 'g', waitMs: 0, intervalMs: 0, monitorId: 0, toldAt: 0 };

  it('is kept to one recipient, also while the first is tried again', async () => {
    const inGroup = { group: { ...group, monitorId } };
    await enqueue(pool, [outboxWrite('a', inGroup), outboxWrite('b', inGroup)]);
    await enqueue(pool, [outboxWrite('c', { ...inGroup, recipient: 'else@example.com' })]);
    await enqueue(pool, [outboxWrite('d')]);
    const store = createOutboxStore(pool);
    const first = await store.lease(10, 60_000);
    expect(first.map(({ dedupKey }) => dedupKey)).toEqual(['a', 'c', 'd']);
    const [a] = first;
    if (a === undefined) throw new Error('nothing leased');
    await store.markRetry(a, 60_000, '450');
    expect(await store.lease(10, 60_000)).toEqual([]);
    await pool.query('UPDATE outbox SET next_attempt_at = now()');
    const [again] = await store.lease(10, 60_000);
    expect(again?.dedupKey).toBe('a');
    if (again !== undefined) await store.markSent(again);
    expect((await store.lease(10, 60_000)).map(({ dedupKey }) => dedupKey)).toEqual(['b']);
  });
});
