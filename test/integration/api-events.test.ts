import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createLog } from '../../src/platform/log.ts';
import { createTokenStore } from '../../src/storage/postgres/api/token-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { serve } from '../support/served.ts';
import type { Served } from '../support/served.ts';
import { freshDatabase } from '../support/servers.ts';

const log = createLog('silent');
const MODELS = 'models: [{ name: m }, { name: other }]';
const JSON_TYPE = 'application/json';
/** What curl sends with -d. */
const FORM = 'application/x-www-form-urlencoded';

let pool: Pool;
let served: Served;
let tokens: Readonly<Record<'any' | 'second' | 'bound', string>>;

beforeAll(async () => {
  const database = await freshDatabase();
  pool = createPool({ url: database, max: 3, applicationName: 'test', log });
  await migrate(pool, log);
  const store = createTokenStore(pool);
  const issue = async (name: string, models: readonly string[] | null) => {
    const token = { name, scopes: ['events:write'] as const, models, lifetimeMs: null };
    const made = await store.create(token, { name: 'test', requestId: null });
    return made?.token ?? '';
  };
  tokens = {
    any: await issue('any', null),
    second: await issue('second', null),
    bound: await issue('bound', ['m']),
  };
  served = await serve(
    database,
    `http: { listen: "127.0.0.1:0", auth: token }\nhttp_source: { max_body_bytes: 300000, mapping: { models: { theirs: m } } }\ningest: { checkpoint_interval: 50ms }\n${MODELS}`,
    'serve',
    'ingest',
  );
});
afterAll(async () => {
  await served.stop();
  await pool.end();
});

async function post(
  body: string,
  headers: Readonly<Record<string, string>>,
  { at = served, token = tokens.any }: { at?: Served; token?: string } = {},
) {
  const response = await fetch(`${at.url}/api/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, text, retry: response.headers.get('retry-after') };
}

async function counts() {
  const { rows } = await pool.query<{ counted: number; quarantined: number; events: number }>(
    `SELECT counted, quarantined, (SELECT coalesce(sum(events), 0)::bigint FROM model_progress) AS events
     FROM ingest_partition WHERE source = 'http'`,
  );
  return rows[0] ?? { counted: 0, quarantined: 0, events: 0 };
}

const event = (model: string, more: object = {}) =>
  JSON.stringify({ model, ts: '2026-01-01T00:00:00Z', features: { x: 1 }, ...more });
const KSERVE = {
  'ce-specversion': '1.0',
  'ce-id': 'c%2F1',
  'ce-source': '/x',
  'ce-time': '2026-01-01T00:00:00Z',
  'ce-inferenceservicename': 'the%69rs',
  'ce-type': 'org.kubeflow.serving.inference.request',
};
const ANSWERED = { ...KSERVE, 'ce-type': 'org.kubeflow.serving.inference.response' };
const TENSOR = '{"name":"x","shape":[1],"datatype":"FP64","data":[1]}';
const SELDON = {
  type: 'io.seldon.serving.inference.request',
  inferenceservicename: 'theirs',
  requestid: 'r',
  time: '2026-01-01T00:00:00Z',
};
const MLSERVER = {
  'ce-specversion': '0.3',
  'ce-type': 'io.seldon.serving.inference.request',
  'ce-modelid': 'theirs',
  'ce-time': '2026-01-01T00:00:00Z',
};

describe('posted events', () => {
  it.each([
    ['one', JSON_TYPE, event('m'), {}, 1],
    ['a list', 'application/json; charset=utf-8', `[${event('m')}, ${event('other')}]`, {}, 2],
    ['one a line', 'application/x-ndjson', `${event('m')}\n\n${event('m')}\n`, {}, 2],
    [
      'a structured CloudEvent',
      'application/cloudevents+json',
      `{"specversion":"1.0","type":"t","source":"/s","id":"1","data":${event('m')}}`,
      {},
      1,
    ],
    [
      'a batch of CloudEvents',
      'application/cloudevents-batch+json',
      `[{"specversion":"1.0","type":"t","source":"/s","id":"1","data":${event('m')}}]`,
      {},
      1,
    ],
    [
      'a binary CloudEvent',
      JSON_TYPE,
      event('m'),
      { 'ce-specversion': '1.0', 'ce-type': 't', 'ce-source': '/s', 'ce-id': '1' },
      1,
    ],
    ["Seldon's request", FORM, '{"data":{"names":["x"],"ndarray":[[39.0]]}}', SELDON, 1],
    ["Seldon's tensors", JSON_TYPE, `{"inputs":[${TENSOR}]}`, SELDON, 1],
    [
      "Seldon's feedback",
      JSON_TYPE,
      '{"reward":1,"truth":{"data":{"ndarray":[[1]]}}}',
      { ...SELDON, type: 'io.seldon.serving.feedback' },
      1,
    ],
    ["MLServer's tensors", JSON_TYPE, `{"inputs":[${TENSOR}]}`, MLSERVER, 1],
    // One record each, though their rows are two events.
    ["KServe's rows as a bare list", JSON_TYPE, '[[1], [2]]', KSERVE, 1],
    ["KServe's response", JSON_TYPE, '{"predictions":[1,2]}', ANSWERED, 1],
    ["KServe's rows as CSV", 'text/csv; header=present', 'x\n1\n2\n', KSERVE, 1],
    ["KServe's rows as a form", 'application/x-www-form-urlencoded', '[[1],[2]]', KSERVE, 1],
  ])('come as %s', async (_, type, body, headers, events) => {
    const before = await counts();
    const answer = await post(body, { 'content-type': type, ...headers });
    expect(answer).toMatchObject({ status: 202, text: `{"events":${events},"known":false}` });
    const rows = 'ce-inferenceservicename' in headers ? 2 : events;
    await expect
      .poll(counts, { timeout: 30_000 })
      .toEqual({ ...before, counted: before.counted + events, events: before.events + rows });
  });

  it('that nobody can count are durable, too, and in quarantine', async () => {
    const before = await counts();
    expect((await post(event('nobody'), { 'content-type': JSON_TYPE })).status).toBe(202);
    await expect
      .poll(counts, { timeout: 30_000 })
      .toEqual({ ...before, quarantined: before.quarantined + 1 });
  });

  it('under the same key are stored once; a key belongs to its token', async () => {
    const headers = { 'content-type': JSON_TYPE, 'idempotency-key': 'k' };
    const send = async (body: string, more: object = {}, token = tokens.any) => {
      const { status, text } = await post(body, { ...headers, ...more }, { token });
      return status === 202 ? text : status;
    };
    expect(await send(event('m'))).toBe('{"events":1,"known":false}');
    expect(await send(event('m'))).toBe('{"events":1,"known":true}');
    expect(await send(event('other'))).toBe(409);
    // The same bytes as another event are another request.
    expect(await send(event('m'), KSERVE)).toBe(409);
    expect(await send(event('m'), SELDON)).toBe(409);
    expect(await send(event('m'), { 'content-type': 'application/x-ndjson' })).toBe(409);
    expect(await send(event('other'), {}, tokens.second)).toBe('{"events":1,"known":false}');
  });

  it('of another model than the token is for are refused', async () => {
    const send = async (body: string, headers: object = {}) => {
      const typed = { 'content-type': JSON_TYPE, ...headers };
      return (await post(body, typed, { token: tokens.bound })).status;
    };
    expect(await send(event('m'))).toBe(202);
    expect(await send(`[${event('m')},${event('other')}]`)).toBe(403);
    expect(await send('{"instances":[[1]]}')).toBe(403);
    expect(await send(event('m'), { ...KSERVE, 'ce-type': 't' })).toBe(202);
    expect(await send(event('m'), KSERVE)).toBe(403);
    expect(await send('[[1]]', KSERVE)).toBe(403);
    expect(await send(`{"model":"m","events":[${event('other')}]}`)).toBe(403);
    expect(await send(`{"model":"m","model_name":"other","inputs":[${TENSOR}]}`)).toBe(403);
    expect(await send('{"model":"m","instances":[[1]]}', SELDON)).toBe(403);
    // It is counted for m.
    expect(await send(event('theirs'))).toBe(202);
    const around = `{"specversion":"1.0","model":"m","label":1,"data":${event('other')}}`;
    expect(await send(around, { 'content-type': 'application/cloudevents+json' })).toBe(403);
  });

  it.each([
    [
      413,
      JSON_TYPE,
      `{"a":"${'x'.repeat(300_000)}"}`,
      /more than 300000 bytes \(http_source\.max_body_bytes\): send its events in several requests/,
    ],
    [413, 'application/x-ndjson', '{}\n'.repeat(10_001), /More than 10000 events/],
    [415, 'text/plain', event('m'), /this is \\"text\/plain\\"/],
    [422, JSON_TYPE, '', /no event/],
    [422, JSON_TYPE, `[${event('m')}, {"a":]`, /Event 2 is no JSON|does not end/],
    [422, JSON_TYPE, `{"a":${'['.repeat(99_000)}`, /nested deeper/],
  ])('that cannot be taken are answered with %i: %#', async (status, type, body, says) => {
    const answer = await post(body, { 'content-type': type });
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(says);
  });

  it.each([
    ['gzip', '\\"gzip\\": send the body as it is'],
    ['GZIP, br', 'No Content-Encoding is taken here'],
  ])('with a Content-Encoding are answered with 415: %s', async (encoding, says) => {
    const headers = { 'content-type': JSON_TYPE, 'content-encoding': encoding };
    const answer = await post('\u001f\u008b', headers);
    expect([answer.status, answer.text]).toEqual([415, expect.stringContaining(says)]);
    expect((await post(event('m'), { ...headers, 'content-encoding': 'identity' })).status).toBe(
      202,
    );
  });

  it.each([
    ['', 'The Idempotency-Key is empty: leave it out, or take another one for each request.'],
    ['k'.repeat(257), 'The Idempotency-Key has more than 256 characters.'],
  ])('with an Idempotency-Key that is none are told so: %.3s', async (key, says) => {
    const headers = { 'content-type': JSON_TYPE, 'idempotency-key': key };
    const { status, text } = await post(event('m'), headers);
    expect([status, text]).toEqual([400, expect.stringContaining(says)]);
    expect(
      (await post(event('m'), { ...headers, 'idempotency-key': `${key.slice(2)}!` })).status,
    ).toBe(202);
  });

  it('under a key that came with another content type are told what differs', async () => {
    const send = (type: string) =>
      post(event('m'), { 'content-type': type, 'idempotency-key': 'typed' });
    expect((await send(JSON_TYPE)).status).toBe(202);
    const { status, text } = await send('application/x-ndjson');
    expect([status, text]).toEqual([
      409,
      expect.stringContaining('came with another body or content type before'),
    ]);
  });

  it('of which too many wait are answered with 503, and nothing is stored', async () => {
    const database = await freshDatabase();
    const config = `http: { listen: "127.0.0.1:0" }\nhttp_source: { max_waiting: 2 }\n${MODELS}`;
    // Without the role ingest nobody counts.
    const full = await serve(database, config);
    try {
      const send = (body: string) =>
        fetch(`${full.url}/api/v1/events`, {
          method: 'POST',
          headers: { 'content-type': JSON_TYPE },
          body,
        });
      expect((await send(`[${event('m')},${event('m')},${event('m')}]`)).status).toBe(503);
      expect((await send(`[${event('m')},${event('m')}]`)).status).toBe(202);
      const answer = await send(event('m'));
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('5');
    } finally {
      await full.stop();
    }
  });
});
