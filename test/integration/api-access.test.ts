import { get } from 'node:http';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SCOPES } from '../../src/core/domain/access.ts';
import type { Scope } from '../../src/core/domain/access.ts';
import { createLog } from '../../src/platform/log.ts';
import type { TokenStore } from '../../src/storage/api/token-store.ts';
import { createTokenStore } from '../../src/storage/postgres/api/token-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { serve } from '../support/served.ts';
import type { Answer, Served } from '../support/served.ts';
import { freshDatabase } from '../support/servers.ts';

/** Who is let in where a scope is needed: whoever may write a baseline may look, too. */
const LET_IN: Readonly<Record<Scope, readonly Scope[]>> = {
  read: ['read', 'baseline:write', 'admin'],
  'baseline:write': ['baseline:write', 'admin'],
  'events:write': ['events:write', 'admin'],
  admin: ['admin'],
};

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly scope: Scope | 'open';
  readonly models: 'param' | 'filtered' | 'every';
  readonly body: boolean;
}

let database = '';
let pool: Pool;
let tokens: TokenStore;
let served: Served;
let operations: readonly Operation[] = [];
const held = new Map<Scope, string>();
const log = createLog('silent');
const BY = { name: 'test', requestId: null };

async function issue(name: string, scopes: readonly Scope[], models: readonly string[] | null) {
  const made = await tokens.create({ name, scopes, models, lifetimeMs: null }, BY);
  if (made === null) throw new Error(`the name ${name} is taken`);
  return made;
}

beforeAll(async () => {
  database = await freshDatabase();
  pool = createPool({ url: database, max: 3, applicationName: 'test', log });
  await migrate(pool, log);
  tokens = createTokenStore(pool);
  for (const scope of SCOPES) held.set(scope, (await issue(scope, [scope], null)).token);
  served = await serve(database, 'http: { listen: "127.0.0.1:0", auth: token }');
  operations = await operationsOf(served);
});
afterAll(async () => {
  await served.stop();
  await pool.end();
});

/** Every route of the running server, as its own document lists them. */
async function operationsOf({ ask }: Served): Promise<Operation[]> {
  const document = (await ask('/openapi.json')).json<{
    paths: Record<string, Record<string, Record<string, unknown>>>;
  }>();
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path
        .replace('/api/v1', '')
        .replace('{model}', 'nothing')
        .replaceAll(/\{\w+\}/g, '999999'),
      scope: operation['x-scope'] as Scope | 'open',
      models: operation['x-models'] as Operation['models'],
      body: 'requestBody' in operation,
    })),
  );
}

/** Asks each operation; limits of requests are no matter here: what is too many comes again. */
async function eachAsked(
  token: string | undefined,
  wanted: (operation: Operation, answer: Answer) => boolean,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const operation of operations) {
    const { method, path, body } = operation;
    const options = {
      method,
      ...(token === undefined ? {} : { token }),
      ...(body ? { body: {} } : {}),
    };
    let answer = await served.ask(path, options);
    while (answer.status === 429) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      answer = await served.ask(path, options);
    }
    if (!wanted(operation, answer)) wrong.push(`${method} ${path}: ${answer.status}`);
  }
  return wrong;
}

describe('every route', () => {
  it('says what it asks of a token', () => {
    expect(operations.length).toBeGreaterThan(15);
    const scopes = new Set<string>([...SCOPES, 'open']);
    expect(operations.filter(({ scope }) => !scopes.has(scope))).toEqual([]);
  });

  it('answers 401 without a token, and with a wrong one', async () => {
    const refused = ({ scope }: Operation, { status, headers, text }: Answer): boolean =>
      scope === 'open' ||
      (status === 401 &&
        headers.get('www-authenticate') === 'Bearer realm="driftd"' &&
        headers.get('content-type')?.startsWith('application/problem+json') === true &&
        text.includes('token'));
    expect(await eachAsked(undefined, refused)).toEqual([]);
    const empty = await served.ask('/models', { headers: { authorization: 'Bearer ' } });
    expect([empty.status, empty.text]).toEqual([
      401,
      expect.stringContaining('driftd token create'),
    ]);
  });

  it.each(SCOPES)(
    'lets the scope %s in where it holds, and answers 403 elsewhere',
    async (scope) => {
      const right = (operation: Operation, { status }: Answer): boolean => {
        const letIn = operation.scope === 'open' || LET_IN[operation.scope].includes(scope);
        return letIn ? status !== 401 && status !== 403 && status < 500 : status === 403;
      };
      expect(await eachAsked(held.get(scope), right)).toEqual([]);
    },
  );

  it('keeps a token to its models', async () => {
    const { token } = await issue('bound', ['admin'], ['another']);
    const right = ({ scope, models }: Operation, { status }: Answer): boolean =>
      scope === 'open' || models === 'filtered' ? status !== 403 : status === 403;
    expect(await eachAsked(token, right)).toEqual([]);
  });

  it('answers 405 with what is possible to other methods', async () => {
    const answer = await served.ask('/models', { method: 'PUT', body: {} });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')?.split(', ').toSorted()).toEqual(['GET', 'HEAD', 'POST']);
  });
});

describe('who asks', () => {
  it.each([
    ['none', ''],
    ['another kind', 'Basic a2ltOmtpbQ=='],
    ['a wrong one', `Bearer drift_${'0'.repeat(16)}_${'A'.repeat(43)}`],
    ['no token at all', 'Bearer '],
    ['a long one', `Bearer ${'a'.repeat(5_000)}`],
  ])('is refused with %s', async (_, authorization) => {
    const answer = await served.ask(
      '/models',
      authorization === '' ? {} : { headers: { authorization } },
    );
    expect(answer.status).toBe(401);
  });

  it('is refused once the token is revoked, at once', async () => {
    const { row, token } = await issue('passing', ['read'], null);
    expect((await served.ask('/models', { token })).status).toBe(200);
    await tokens.revoke(row.id, BY);
    expect((await served.ask('/models', { token })).status).toBe(401);
  });

  it('gets tokens, gives them new texts and ends them over HTTP', async () => {
    const admin = held.get('admin') ?? '';
    const change = (method: string, path: string, body?: unknown) =>
      served.ask(`/tokens${path}`, {
        method,
        token: admin,
        ...(body === undefined ? {} : { body }),
      });
    const reads = async (token: string): Promise<number> =>
      (await served.ask('/models', { token })).status;
    const wanted = { name: 'over http', scopes: ['read'], models: ['m'], days: 1 };
    const made = await change('POST', '', wanted);
    expect(made.status).toBe(201);
    const { id, token: first } = made.json<{ id: number; token: string }>();
    expect((await change('POST', '', wanted)).status).toBe(409);
    expect(await reads(first)).toBe(200);
    const rotated = await change('POST', `/${id}/rotate?overlapHours=1`);
    expect(rotated.status).toBe(201);
    const { token: second } = rotated.json<{ token: string }>();
    expect([await reads(first), await reads(second)]).toEqual([200, 200]);
    await change('POST', `/${id}/rotate?overlapHours=0`);
    expect(await reads(second)).toBe(401);
    expect((await change('DELETE', `/${id}`)).status).toBe(204);
    expect((await change('DELETE', `/${id}`)).status).toBe(404);
    expect(await reads(first)).toBe(401);
    const audit = await served.ask('/audit?limit=4', { token: admin });
    expect(audit.json<{ items: unknown[] }>().items).toMatchObject(
      ['token.revoke', 'token.rotate', 'token.rotate', 'token.create'].map((action) => ({
        actor: 'admin',
        action,
        target: 'over http',
      })),
    );
  });

  it('keeps what it may do when its model is renamed, and loses it with the model', async () => {
    const admin = held.get('admin') ?? '';
    const { token } = await issue('of one model', ['read'], ['before']);
    await served.ask('/models', { method: 'POST', token: admin, body: { name: 'before' } });
    await served.ask('/models/before', { method: 'PATCH', token: admin, body: { name: 'after' } });
    expect((await served.ask('/models/after', { token })).status).toBe(200);
    expect((await served.ask('/models/before', { token })).status).toBe(403);
    await served.ask('/models/after?confirm=after', { method: 'DELETE', token: admin });
    await served.ask('/models', { method: 'POST', token: admin, body: { name: 'after' } });
    expect((await served.ask('/models/after', { token })).status).toBe(403);
    await served.ask('/models/after?confirm=after', { method: 'DELETE', token: admin });
  });

  it('waits after a hundred requests in a second, and others do not', async () => {
    const { token } = await issue('busy', ['read'], null);
    const statuses = new Set<number>();
    // A machine that is busy may need more than a second for so many.
    while (!statuses.has(429)) {
      const asked = Array.from({ length: 160 }, () => served.ask('/models', { token }));
      for (const { status } of await Promise.all(asked)) statuses.add(status);
    }
    expect(statuses).toEqual(new Set([200, 429]));
    expect((await served.ask('/models', { token: held.get('read') ?? '' })).status).toBe(200);
    const metrics = await (await fetch(`${served.url}/metrics`)).text();
    expect(metrics).toMatch(
      /driftd_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/models",status="429"\} [1-9]/,
    );
  });

  it('sends twenty uploads an hour, and looks on', async () => {
    const { token } = await issue('uploading', ['baseline:write'], null);
    const upload = { method: 'POST', token, headers: { 'content-type': 'text/csv' } };
    const statuses: number[] = [];
    for (let i = 0; i < 21; i += 1)
      statuses.push((await served.ask('/models/nothing/baselines', upload)).status);
    expect(statuses.slice(0, 20).filter((status) => status === 429)).toEqual([]);
    expect(statuses[20]).toBe(429);
    // What is only checked is not counted.
    expect((await served.ask('/models/nothing/baselines?validate=true', upload)).status).not.toBe(
      429,
    );
    expect((await served.ask('/models', { token })).status).toBe(200);
  });

  it('waits after ten wrong tokens in a minute; a right one from there is let in', async () => {
    const wrong = `drift_${'1'.repeat(16)}_${'B'.repeat(43)}`;
    let last = await served.ask('/models', { token: wrong });
    for (let i = 0; i < 12; i += 1) last = await served.ask('/models', { token: wrong });
    expect(last.status).toBe(429);
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await served.ask('/models', { token: held.get('read') ?? '' })).status).toBe(200);
  });

  it('finds health, metrics, the document and its page open', async () => {
    for (const path of ['/livez', '/metrics', '/version', '/api/v1/openapi.json', '/docs']) {
      expect((await fetch(`${served.url}${path}`)).status).toBe(200);
    }
  });
});

/** Asks for the tokens under another name of the host. */
function statusAt(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(`${url}/api/v1/tokens`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
}

describe('on this machine', () => {
  it('no token is needed, but a page of another site, or another name of this machine, is refused', async () => {
    const local = await serve(database, 'http: { listen: "127.0.0.1:0" }');
    try {
      expect((await local.ask('/tokens')).status).toBe(200);
      expect(
        (await local.ask('/tokens', { headers: { origin: 'https://evil.example' } })).status,
      ).toBe(401);
      expect((await local.ask('/tokens', { headers: { origin: local.url } })).status).toBe(200);
      expect(await statusAt(local.url, 'localhost:1')).toBe(200);
      expect(await statusAt(local.url, 'rebound.example')).toBe(401);
      // A variable that is not set makes a header without a token: the same as none.
      const empty = { authorization: 'Bearer ' };
      expect((await local.ask('/tokens', { headers: empty })).status).toBe(200);
      expect(
        (await local.ask('/tokens', { headers: { ...empty, origin: 'https://evil.example' } }))
          .status,
      ).toBe(401);
      // A token that is sent counts, with what it may do.
      const token = held.get('read') ?? '';
      expect((await local.ask('/tokens', { token })).status).toBe(403);
    } finally {
      await local.stop();
    }
  });

  it('driftd does not start where others reach it, without a token, unless told so', async () => {
    const empty = await freshDatabase();
    await expect(serve(empty, 'http: { listen: "0.0.0.0:0" }')).rejects.toMatchObject({
      code: 'LISTEN_UNSAFE',
      exitCode: 3,
      message: expect.stringContaining('driftd token create') as string,
    });
    const open = await serve(empty, 'http: { listen: "0.0.0.0:0", auth: none }');
    expect((await open.ask('/tokens')).status).toBe(200);
    const foreign = { origin: 'https://evil.example' };
    expect((await open.ask('/tokens', { headers: foreign })).status).toBe(401);
    await open.stop();
    const guarded = await serve(database, 'http: { listen: "0.0.0.0:0" }');
    await guarded.stop();
  });
});
