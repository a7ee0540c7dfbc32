import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher } from '../../src/notify/dispatcher.ts';
import { createSlackNotifier } from '../../src/notify/slack/slack-notifier.ts';
import { createWebhookNotifier } from '../../src/notify/webhook/webhook-notifier.ts';
import { createHeartbeat } from '../../src/notify/watch/heartbeat.ts';
import { createWatch } from '../../src/notify/watch/watch.ts';
import type { WatchDeps } from '../../src/notify/watch/watch.ts';
import { createWatchStore } from '../../src/storage/postgres/alerts/watch-store.ts';
import { createOutboxStore } from '../../src/storage/postgres/outbox-store.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { startHttpSink } from '../support/http-sink.ts';
import type { HttpSink, SinkAnswer } from '../support/http-sink.ts';
import { enqueue, letTimePass, migratedPool, outboxWrite, silentLog } from '../support/outbox.ts';

let pool: Pool;
beforeAll(async () => {
  pool = await migratedPool();
  await pool.query(
    `WITH m AS (INSERT INTO model (name) VALUES ('flights') RETURNING id)
     INSERT INTO monitor (name, model_id, scheduled_from) SELECT 'daily', id, now() FROM m`,
  );
});
afterAll(() => pool.end());
const sinks: HttpSink[] = [];
afterEach(async () => {
  await pool.query('TRUNCATE outbox, problem, replica, ingest_partition CASCADE');
  await pool.query('UPDATE monitor SET scheduled_from = now(), created_at = now()');
  for (const sink of sinks.splice(0)) await sink.stop();
});

async function sinkThat(answer: () => SinkAnswer = () => ({ status: 200 })): Promise<HttpSink> {
  const sink = await startHttpSink(answer);
  sinks.push(sink);
  return sink;
}

const target = (channel: string) => ({ channel, recipient: 'ops', sendResolved: true });
const RECEIVERS = [{ name: 'ops', targets: [target('webhook'), target('slack')] }];
/** Due at every full minute. */
const MINUTELY = {
  between(after: number, until: number, limit = 1_000) {
    const ticks: number[] = [];
    for (let at = (Math.floor(after / 60_000) + 1) * 60_000; at <= until; at += 60_000)
      if (ticks.length < limit) ticks.push(at);
    return ticks;
  },
};

function watch(change: Partial<WatchDeps> = {}) {
  return createWatch({
    store: createWatchStore(pool),
    owner: 'host:1:a',
    roles: ['ingest', 'notify'],
    receivers: RECEIVERS,
    problemReceivers: RECEIVERS,
    schedules: new Map(),
    models: new Map(),
    topics: [{ source: 'kafka', topic: 'events', endless: true }],
    testTicks: null,
    heartbeat: null,
    log: silentLog,
    ...change,
  });
}

interface Told {
  readonly channel: string;
  readonly reason: string;
  readonly problem: string;
  readonly about: string;
}

async function told(): Promise<Told[]> {
  const { rows } = await pool.query<Told>(
    `SELECT channel, reason, message->>'problem' AS problem, message->>'about' AS about
     FROM outbox WHERE message->>'kind' = 'system' ORDER BY id`,
  );
  return rows;
}

const partition = (
  state: string,
  reason: string | null,
  age: string,
  { topic = 'events', number = 3 }: { readonly topic?: string; readonly number?: number } = {},
) =>
  pool.query(
    `INSERT INTO ingest_partition (source, topic, partition, next_offset, start_offset, state, reason, progressed_at)
     VALUES ('kafka', $4, $5, 0, 0, $1, $2, now() - $3::interval)`,
    [state, reason, age, topic, number],
  );

const missing = { source: 'kafka', topic: 'mistyped', endless: true };
const silentAfter = (silentAfterMs: number): Pick<WatchDeps, 'models' | 'topics'> => ({
  topics: [],
  models: new Map([
    [
      'flights',
      { silentAfterMs, owner: null, receivers: [{ name: 'ml', targets: [target('teams')] }] },
    ],
  ]),
});

describe('each way of being blind', () => {
  it('a process that died is told of by any that lives, and forgotten when it is replaced', async () => {
    const store = createWatchStore(pool);
    await store.seen('host:2:b', ['ingest']);
    await pool.query(`UPDATE replica SET seen_at = now() - interval '61 seconds'`);
    await watch({ roles: ['notify'] }).runOnce();
    expect(await told()).toMatchObject([
      { channel: 'webhook', problem: 'replica-dead', about: 'host:2:b' },
      { channel: 'slack' },
    ]);
    await store.seen('host:3:c', ['ingest', 'notify']);
    expect(await watch({ roles: ['notify'] }).runOnce()).toEqual([]);
    expect((await told()).map(({ reason }) => reason)).toEqual([
      'first',
      'first',
      'resolved',
      'resolved',
    ]);
  });

  it('a process that stopped in order is not missed', async () => {
    const gone = watch({ owner: 'host:2:b', startAfterMs: 60_000 });
    gone.start();
    await expect.poll(async () => (await pool.query('SELECT FROM replica')).rowCount).toBe(1);
    await gone.stop();
    expect((await pool.query('SELECT FROM replica')).rowCount).toBe(0);
  });

  it('evaluations that are not made', async () => {
    const schedules = new Map([['daily', { ticks: MINUTELY, slackMs: 60_000 }]]);
    expect(await watch({ schedules }).runOnce()).toEqual([]);
    await pool.query(`UPDATE monitor SET scheduled_from = now() - interval '4 minutes'`);
    expect(await watch({ schedules }).runOnce()).toMatchObject([
      { kind: 'evaluation-late', about: 'daily' },
    ]);
    await pool.query(
      `INSERT INTO monitor_tick (monitor_id, due, state) SELECT id, now() - interval '1 minute', 'done' FROM monitor`,
    );
    expect(await watch({ schedules }).runOnce()).toEqual([]);
  });

  it.each([
    ['ok', null, '50 seconds', []],
    ['ok', null, '61 seconds', ['ingest-stuck']],
    ['halted', 'log changed', '0 seconds', ['ingest-halted']],
  ])('a partition that is %s (%s) since %s', async (state, reason, age, kinds) => {
    await partition(state, reason, age);
    const problems = await watch().runOnce();
    expect(problems.map(({ kind }) => kind)).toEqual(kinds);
    if (reason !== null) expect(problems[0]?.detail).toContain('log changed');
  });

  it('records that were deleted before they were read, for an hour', async () => {
    await partition('ok', null, '0 seconds');
    const gap = (from: number, age: string) =>
      pool.query(
        `INSERT INTO gap (part, from_offset, to_offset, reason, recorded_at)
         SELECT id, $1::bigint, $1::bigint + 25, 'deleted before it was read', now() - $2::interval FROM ingest_partition`,
        [from, age],
      );
    await gap(0, '61 minutes');
    expect(await watch().runOnce()).toEqual([]);
    await gap(30, '1 minute');
    expect(await watch().runOnce()).toMatchObject([
      { kind: 'records-lost', detail: expect.stringMatching(/^25 records were deleted/) as string },
    ]);
  });

  it('a model that has fallen silent', async () => {
    await partition('ok', null, '0 seconds');
    await pool.query(
      `INSERT INTO model_progress (model_id, part, min_event_time, max_event_time, last_event_at)
       SELECT m.id, p.id, now(), now(), now() - interval '2 hours' FROM model m, ingest_partition p`,
    );
    const silent = (hours: number) => silentAfter(hours * 3_600_000);
    expect(await watch(silent(3)).runOnce()).toEqual([]);
    expect(await watch(silent(1)).runOnce()).toMatchObject([
      { kind: 'model-silent', detail: 'Its last event came 2 h ago.' },
    ]);
  });

  it('a model that has never sent anything, from when it is watched', async () => {
    await pool.query(`UPDATE monitor SET created_at = now() - interval '61 minutes'`);
    expect(await watch(silentAfter(2 * 3_600_000)).runOnce()).toEqual([]);
    expect(await watch(silentAfter(3_600_000)).runOnce()).toMatchObject([
      { kind: 'model-silent', about: 'flights' },
    ]);
    // Its own receivers are told, not those of driftd's problems.
    expect(await told()).toMatchObject([{ channel: 'teams', problem: 'model-silent' }]);
  });

  it('a silent model that is silenced is told of when the silence is over', async () => {
    await pool.query(`UPDATE monitor SET created_at = now() - interval '61 minutes'`);
    const matchers = [{ label: 'model', negated: false, value: 'flights', glob: false }];
    const mute = { matchers, reason: 'holidays' } as const;
    const silent = silentAfter(3_600_000);
    await watch({ ...silent, maintenance: () => [mute] as never }).runOnce();
    await pool.query(
      `INSERT INTO silence (matchers, reason, author, starts_at, ends_at)
       VALUES ($1, 'holidays', 'kim', now() - interval '1 hour', now() + interval '1 hour')`,
      [JSON.stringify(matchers)],
    );
    expect(await watch(silent).runOnce()).toMatchObject([{ kind: 'model-silent' }]);
    expect(await told()).toEqual([]);
    await pool.query('DELETE FROM silence');
    await watch(silent).runOnce();
    expect(await told()).toMatchObject([{ problem: 'model-silent' }]);
  });

  it('a topic that does not exist, or brokers that nobody reaches', async () => {
    const reader = (age: string) =>
      pool.query(`UPDATE replica SET started_at = now() - $1::interval`, [age]);
    const store = createWatchStore(pool);
    await store.seen('host:1:a', ['ingest', 'notify']);
    await reader('50 seconds');
    expect(await watch({ topics: [missing] }).runOnce()).toEqual([]);
    await reader('61 seconds');
    expect(await watch({ topics: [missing] }).runOnce()).toMatchObject([
      { kind: 'ingest-absent', about: 'kafka', parts: ['mistyped'] },
    ]);
    // Nobody is to read: nobody misses it.
    await pool.query('TRUNCATE replica');
    expect(await watch({ topics: [missing], roles: ['notify'] }).runOnce()).toEqual([]);
  });

  it('but not a topic that is read no more', async () => {
    await partition('ok', null, '1 day', { topic: 'renamed' });
    await partition('halted', 'log changed', '1 day', { topic: 'renamed', number: 4 });
    await partition('ok', null, '0 seconds');
    expect(await watch().runOnce()).toEqual([]);
  });

  it('a message that was held back before it was tried is not late by that', async () => {
    await enqueue(pool, [outboxWrite('a', { channel: 'slack', recipient: 'ops' })]);
    await pool.query(`UPDATE outbox SET created_at = now() - interval '1 hour'`);
    await createOutboxStore(pool).lease(1, 60_000);
    expect(await watch().runOnce()).toEqual([]);
    await pool.query(`UPDATE outbox SET first_attempt_at = now() - interval '301 seconds'`);
    expect(await watch().runOnce()).toMatchObject([{ kind: 'delivery-broken', about: 'slack' }]);
  });

  it('a channel that does not deliver is told of by another', async () => {
    await enqueue(pool, [outboxWrite('a', { channel: 'slack', recipient: 'ops' })]);
    await pool.query(
      `UPDATE outbox SET attempts = 3, created_at = now() - interval '301 seconds', last_error = 'HTTP 503'`,
    );
    expect(await watch().runOnce()).toMatchObject([
      {
        kind: 'delivery-broken',
        about: 'slack',
        detail: expect.stringContaining('HTTP 503') as string,
      },
    ]);
    expect(await told()).toMatchObject([{ channel: 'webhook', problem: 'delivery-broken' }]);
  });

  it('a message that waits for its group is not late', async () => {
    const group = { key: 'g', waitMs: 900_000, intervalMs: 0, monitorId: 1, toldAt: 0 };
    const { rows } = await pool.query<{ id: number }>('SELECT id FROM monitor');
    const monitorId = rows[0]?.id ?? 0;
    await enqueue(pool, [outboxWrite('a', { group: { ...group, monitorId } })]);
    await pool.query(`UPDATE outbox SET created_at = now() - interval '1 hour'`);
    expect(await watch().runOnce()).toEqual([]);
  });

  it('a dead letter is told of by another channel, and reaches it', async () => {
    const [hook, slack] = [await sinkThat(), await sinkThat(() => ({ status: 404 }))];
    const at = (sink: HttpSink) => ({ recipient: 'ops', url: sink.url, allowPrivate: true });
    const dispatcher = createDispatcher({
      store: createOutboxStore(pool),
      notifiers: [
        createWebhookNotifier([{ ...at(hook), secret: null }]),
        createSlackNotifier([at(slack)]),
      ],
      log: silentLog,
    });
    await enqueue(pool, [outboxWrite('a', { channel: 'slack', recipient: 'ops' })]);
    expect(await dispatcher.runOnce()).toMatchObject({ dead: 1 });
    await watch().runOnce();
    expect(await dispatcher.runOnce()).toMatchObject({ sent: 1, dead: 0 });
    expect(JSON.parse(hook.requests[0]?.body ?? '')).toMatchObject({
      status: 'firing',
      alerts: [
        {
          labels: { alertname: 'DriftdProblem', problem: 'dead-letter', about: 'slack' },
          annotations: { description: expect.stringContaining('HTTP 404') as string },
        },
      ],
    });
    expect(slack.requests).toHaveLength(1);
  });
});

describe('the watch', () => {
  it('tells many partitions of a source at once, more of them later, and all again after a day', async () => {
    await partition('halted', 'log changed', '0 seconds', { number: 0 });
    await partition('halted', 'log changed', '0 seconds', { number: 1 });
    const ago = (time: string) =>
      pool.query(`UPDATE problem SET told_at = now() - $1::interval`, [time]);
    const reasons = async () =>
      (await told()).filter(({ channel }) => channel === 'slack').map(({ reason }) => reason);
    await watch().runOnce();
    expect(await told()).toMatchObject([
      { channel: 'webhook', problem: 'ingest-halted', about: 'kafka' },
      { channel: 'slack' },
    ]);
    await partition('halted', 'log changed', '0 seconds', { number: 2 });
    await ago('4 minutes');
    await watch().runOnce();
    expect(await reasons()).toEqual(['first']);
    await ago('5 minutes');
    await Promise.all(['a', 'b'].map((owner) => watch({ owner }).runOnce()));
    expect(await reasons()).toEqual(['first', 'added']);
    await ago('23 hours');
    await watch().runOnce();
    await ago('24 hours');
    await Promise.all(['a', 'b'].map((owner) => watch({ owner }).runOnce()));
    expect(await reasons()).toEqual(['first', 'added', 'repeat']);
  });

  it('of many processes tells each problem once', async () => {
    await partition('halted', 'log changed', '0 seconds');
    const owners = ['a', 'b', 'c', 'd'];
    await Promise.all(owners.map((owner) => watch({ owner }).runOnce()));
    await Promise.all(owners.map((owner) => watch({ owner }).runOnce()));
    expect(await told()).toHaveLength(2);
    await pool.query(`UPDATE ingest_partition SET state = 'ok'`);
    await Promise.all(owners.map((owner) => watch({ owner }).runOnce()));
    expect((await told()).filter(({ reason }) => reason === 'resolved')).toHaveLength(2);
  });

  it('keeps what was delivered for 90 days, and what was not for ever', async () => {
    await enqueue(pool, [outboxWrite('old'), outboxWrite('new'), outboxWrite('waits')]);
    await pool.query(
      `UPDATE outbox SET state = 'sent', finished_at = now() - interval '89 days' WHERE dedup_key = 'new'`,
    );
    await pool.query(
      `UPDATE outbox SET state = 'dead', finished_at = now() - interval '91 days' WHERE dedup_key = 'old'`,
    );
    await pool.query(
      `UPDATE outbox SET created_at = now() - interval '91 days' WHERE dedup_key = 'waits'`,
    );
    await watch().runOnce();
    const { rows } = await pool.query<{ key: string }>(
      `SELECT dedup_key AS key FROM outbox WHERE channel = 'email' ORDER BY id`,
    );
    expect(rows.map(({ key }) => key)).toEqual(['new', 'waits']);
  });

  it('sends one test a tick to every recipient, however many processes run', async () => {
    const now = Date.now();
    const testTicks = { between: () => [now - 1_000] };
    await Promise.all(['a', 'b'].map((owner) => watch({ owner, testTicks }).runOnce()));
    await watch({ testTicks }).runOnce();
    expect(await told()).toMatchObject([
      { channel: 'webhook', reason: 'test', problem: 'test' },
      { channel: 'slack', reason: 'test' },
    ]);
  });

  it('gives a sign of life outside only while everything works', async () => {
    const sink = await sinkThat();
    const options = { url: `${sink.url}/beat`, intervalMs: 0, allowPrivate: true };
    const heartbeat = createHeartbeat(options, silentLog);
    await watch({ heartbeat }).runOnce();
    expect(sink.requests).toMatchObject([{ method: 'GET', path: '/beat' }]);
    await partition('halted', 'log changed', '0 seconds');
    await watch({ heartbeat }).runOnce();
    expect(sink.requests).toHaveLength(1);
    await pool.query(`UPDATE ingest_partition SET state = 'ok'`);
    await watch({ heartbeat }).runOnce();
    expect(sink.requests).toHaveLength(2);
    await letTimePass(pool);
  });

  it('gives it at most once an interval, and again at once when it was not taken', async () => {
    let status = 500;
    const sink = await sinkThat(() => ({ status }));
    let now = 0;
    const clock = { now: () => now, monotonic: () => now };
    const options = { url: sink.url, intervalMs: 60_000, allowPrivate: true };
    const heartbeat = createHeartbeat(options, silentLog, clock);
    await heartbeat.beat();
    status = 200;
    await heartbeat.beat();
    await heartbeat.beat();
    expect(sink.requests).toHaveLength(2);
    now += 60_000;
    await heartbeat.beat();
    expect(sink.requests).toHaveLength(3);
  });
});
