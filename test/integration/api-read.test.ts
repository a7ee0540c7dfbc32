import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createTokenStore } from '../../src/storage/postgres/api/token-store.ts';
import { createJudged } from '../support/judged.ts';
import type { Judged } from '../support/judged.ts';
import { serve } from '../support/served.ts';
import type { Asked, Served } from '../support/served.ts';
import { DAY } from '../support/world.ts';

interface Page<Item = Record<string, unknown>> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

let world: Judged;
let served: Served;
beforeAll(async () => {
  world = await createJudged();
  served = await serve(world.url, 'http: { listen: "127.0.0.1:0" }\nmodels: [{ name: kept }]');
});
afterAll(async () => {
  await served.stop();
  await world.pool.end();
});

async function get<T = Page>(path: string, options: Asked = {}): Promise<T> {
  const answer = await served.ask(path, options);
  expect(answer.status, answer.text).toBe(200);
  return answer.json<T>();
}

const iso = (time: number): string => new Date(time).toISOString();

describe('models', () => {
  it('are shown with what was counted', async () => {
    expect(await get('/models/flights')).toMatchObject({
      name: 'flights',
      retiredAt: null,
      activeBaseline: 1,
      features: 2,
      events: 960,
      lastEventTime: iso(world.to - 360_000),
    });
    const { items } = await get('/models/flights/features');
    expect(items).toMatchObject([
      { name: 'temp', kind: 'numeric', role: 'input', tier: 'standard' },
      { name: 'carrier', kind: 'categorical' },
    ]);
    const { next } = await get('/models/flights/features?limit=1');
    expect(await get(`/models/flights/features?limit=1&cursor=${next}`)).toMatchObject({
      items: [{ name: 'carrier' }],
      next: null,
    });
  });

  it('are made, renamed, retired and taken away with everything, on the record', async () => {
    const post = { method: 'POST', body: { name: 'trial' } };
    expect((await served.ask('/models', post)).status).toBe(201);
    expect((await served.ask('/models', post)).status).toBe(409);
    const patched = await served.ask('/models/trial', {
      method: 'PATCH',
      body: { name: 'tried', retired: true },
    });
    expect(patched.json()).toMatchObject({
      name: 'tried',
      retiredAt: expect.any(String) as string,
    });
    expect((await get('/models?retired=true')).items).toMatchObject([{ name: 'tried' }]);
    const once = await served.ask('/models/tried?confirm=trial', { method: 'DELETE' });
    expect(once.status).toBe(409);
    expect((await served.ask('/models/tried', {})).status).toBe(200);
    const twice = await served.ask('/models/tried?confirm=tried', { method: 'DELETE' });
    expect(twice).toMatchObject({ status: 204, text: '' });
    expect((await served.ask('/models/tried', {})).status).toBe(404);
    const { items } = await get('/audit?limit=4');
    expect(items).toMatchObject([
      { actor: 'loopback', action: 'model.delete', target: 'tried' },
      { action: 'model.retire', target: 'tried' },
      { action: 'model.rename', target: 'trial', detail: { to: 'tried' } },
      { action: 'model.create', target: 'trial', requestId: expect.any(String) as string },
    ]);
  });

  it('that the configuration names stay as they are', async () => {
    await served.ask('/models', { method: 'POST', body: { name: 'kept' } });
    for (const [path, method, body] of [
      ['/models/kept', 'PATCH', { retired: true }],
      ['/models/kept?confirm=kept', 'DELETE', undefined],
    ] as const) {
      const answer = await served.ask(path, { method, ...(body === undefined ? {} : { body }) });
      expect(answer.status).toBe(409);
      expect(answer.text).toContain('configuration');
    }
  });

  it('that are being counted are not taken away; later nothing of them is left', async () => {
    const other = await createJudged();
    const there = await serve(other.url, 'http: { listen: "127.0.0.1:0" }');
    try {
      const path = '/models/flights?confirm=flights';
      expect((await there.ask(path, { method: 'DELETE' })).status).toBe(409);
      await other.pool.query(
        `UPDATE model_progress SET last_event_at = now() - interval '2 minutes'`,
      );
      expect((await there.ask(path, { method: 'DELETE' })).status).toBe(204);
      const left = await other.pool.query<{ name: string; rows: number }>(
        `SELECT 'tile' AS name, count(*) AS rows FROM tile UNION ALL SELECT 'baseline', count(*) FROM baseline
         UNION ALL SELECT 'score', count(*) FROM score UNION ALL SELECT 'alert', count(*) FROM alert`,
      );
      expect(left.rows.filter(({ rows }) => rows > 0)).toEqual([]);
    } finally {
      await there.stop();
      await other.pool.end();
    }
  });
});

describe('lists', () => {
  it('come in pages that join without gap or doubling', async () => {
    const whole = await get<Page<{ id: number }>>('/models/flights/evaluations');
    expect(whole.items).toHaveLength(4);
    expect(whole.next).toBeNull();
    const ids: number[] = [];
    let path: string | null = '/models/flights/evaluations?limit=3';
    while (path !== null) {
      const { items, next }: Page<{ id: number }> = await get(path);
      ids.push(...items.map(({ id }) => id));
      path = next === null ? null : `/models/flights/evaluations?limit=3&cursor=${next}`;
    }
    expect(ids).toEqual(whole.items.map(({ id }) => id));
  });

  it('are filtered', async () => {
    const one = await get(
      `/models/flights/evaluations?from=${iso(world.to)}&to=${iso(world.to + 1_000)}&monitor=daily`,
    );
    expect(one.items).toMatchObject([{ windowEnd: iso(world.to), monitor: 'daily', baseline: 1 }]);
    expect((await get('/models/flights/evaluations?monitor=other')).items).toEqual([]);
    const drifted = await get<Page<{ feature: string; verdict: string }>>(
      '/models/flights/scores?verdict=drifted&feature=temp&segment=all&window=24h',
    );
    expect(drifted.items.length).toBeGreaterThan(0);
    expect(new Set(drifted.items.map(({ feature }) => feature))).toEqual(new Set(['temp']));
    expect((await get('/models/flights/scores?feature=carrier&verdict=drifted')).items).toEqual([]);
  });

  it('of alerts and quarantine tell what there is', async () => {
    expect((await get('/alerts?state=firing')).items).toMatchObject([
      { model: 'flights', monitor: 'daily', feature: 'temp', segment: 'all', severity: 'critical' },
    ]);
    expect((await get('/quarantine')).items).toMatchObject([
      { source: 'test', topic: 'rows', offset: 7, reason: 'malformed' },
    ]);
  });

  it('tell a token for some models of these only', async () => {
    const made = await createTokenStore(world.pool).create(
      { name: 'some', scopes: ['read'], models: ['kept'], lifetimeMs: null },
      { name: 'test', requestId: null },
    );
    const token = made?.token ?? '';
    const { items } = await get('/models', { token });
    expect(items.filter(({ name }) => name !== 'kept')).toEqual([]);
    expect((await get('/alerts', { token })).items).toEqual([]);
    expect((await served.ask('/models/flights', { token })).status).toBe(403);
    const { items: all } = await get<Page<{ id: number }>>('/models/flights/evaluations');
    const one = await served.ask(`/evaluations/${all[0]?.id}`, { token });
    expect([403, 404]).toContain(one.status);
  });
});

describe('histograms', () => {
  interface View {
    readonly bins: readonly { readonly kind: string; readonly category?: string }[];
    readonly events: number;
    readonly live: { readonly counts: readonly number[]; readonly total: number };
    readonly baseline: { readonly counts: readonly number[]; readonly total: number } | null;
  }
  const at = (feature: string, from: number, to: number): string =>
    `/models/flights/features/${feature}/histogram?from=${iso(from)}&to=${iso(to)}`;

  it('sum the tiles of a span, beside the baseline, bin by bin', async () => {
    const view = await get<View>(at('carrier', world.from, world.to));
    expect(view.events).toBe(960);
    expect(view.bins.map(({ kind, category }) => category ?? kind).toSorted()).toEqual([
      'B6',
      'DL',
      'UA',
      'other',
      'unseen',
    ]);
    expect(view.live.counts).toEqual([320, 320, 320, 0, 0]);
    expect(view.baseline?.counts).toEqual([1_120, 1_120, 1_120, 0, 0]);
    const day = await get<View>(at('temp', world.from, world.from + DAY));
    expect(day.live.total).toBe(240);
    expect(day.live.counts).toHaveLength(day.bins.length);
    expect(day.baseline?.total).toBe(3_360);
  });

  it('of a span without events are empty, not missing', async () => {
    const view = await get<View>(at('temp', world.to, world.to + DAY));
    expect(view).toMatchObject({ events: 0, live: { total: 0 }, baseline: { total: 3_360 } });
  });

  it.each([
    ['no such feature', () => at('wind', world.from, world.to), 404],
    ['ends before it begins', () => at('temp', world.to, world.from), 409],
    ['longer than 31 days', () => at('temp', world.from, world.from + 32 * DAY), 409],
    ['no instant', () => '/models/flights/features/temp/histogram?from=july&to=august', 400],
  ])('%s', async (_, path, status) => {
    const answer = await served.ask(path());
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject({ status, title: expect.any(String) as string });
  });
});

describe('answers', () => {
  it('have an ETag, and are 304 when they are known', async () => {
    const first = await served.ask('/models/flights/features');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).not.toBe('');
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const again = await served.ask('/models/flights/features', {
      headers: { 'if-none-match': etag },
    });
    expect(again).toMatchObject({ status: 304, text: '' });
    const other = await served.ask('/models/flights/features', {
      headers: { 'if-none-match': '"x"' },
    });
    expect(other.status).toBe(200);
  });

  it('have strict headers, errors too', async () => {
    for (const path of ['/models', '/models/none', '/nothing', '/models?limit=no']) {
      const { headers } = await served.ask(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('x-request-id')).not.toBeNull();
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it.each([
    ['/models/%zz', 400],
    ['/models/%00', 400],
    [`/models/${'x'.repeat(129)}`, 400],
    [`/models/${'x'.repeat(9_000)}`, 400],
    [`/models/${'x'.repeat(140_000)}`, 431],
    ['/models?limit=0', 400],
    ['/models?limit=501', 400],
    ['/models?cursor=x', 400],
    ['/models?cursor=999999999999999', 200],
    ['/tokens?cursor=999999999999999', 200],
    ['/evaluations/999999999999999', 404],
    ['/models/flights/evaluations?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z', 200],
  ])('at %.60s are %i', async (path, status) => {
    const answer = await served.ask(path);
    expect(answer.status, answer.text).toBe(status);
    const type = status === 200 ? 'application/json' : 'application/problem+json';
    expect(answer.headers.get('content-type')).toContain(type);
  });

  it.each([
    ['no JSON', { 'content-type': 'application/json' }, '{"name":', 400],
    ['another type', { 'content-type': 'text/plain' }, '{"name":"x"}', 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'name=x', 415],
    ['no type', {}, '{"name":"x"}', 415],
    ['a key that is none', { 'content-type': 'application/json' }, '{"name":"x","nme":1}', 400],
    ['a prototype', { 'content-type': 'application/json' }, '{"name":"x","__proto__":{}}', 400],
    ['a NUL', { 'content-type': 'application/json' }, '{"name":"x\\u0000"}', 400],
    [
      'two megabytes',
      { 'content-type': 'application/json' },
      `{"name":"${'x'.repeat(2_000_000)}"}`,
      413,
    ],
  ])('to %s say what is wrong', async (_, headers, body, status) => {
    const answer = await fetch(`${served.url}/api/v1/models`, {
      method: 'POST',
      headers,
      body: new TextEncoder().encode(body),
    });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({
      status,
      detail: expect.stringMatching(/\w/) as string,
    });
    expect(answer.status).toBe(status);
  });
});
