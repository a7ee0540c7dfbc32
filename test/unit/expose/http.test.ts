import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { describe, expect, it } from 'vitest';

import type { HttpDeps } from '../../../src/expose/http/deps.ts';
import type { Check } from '../../../src/expose/http/health.ts';
import { Refusal } from '../../../src/expose/http/problem-details.ts';
import { buildHttpApp, createHttpServer } from '../../../src/expose/http/server.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createEventLoopMonitor } from '../../../src/platform/event-loop.ts';
import { createLog } from '../../../src/platform/log.ts';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

function setUp(over: Partial<HttpDeps> = {}) {
  const observed: string[] = [];
  const lines: string[] = [];
  const deps: HttpDeps = {
    listen: { host: '127.0.0.1', port: 0 },
    health: { readiness: async () => [{ name: 'database', ok: true, reason: null }] },
    metrics: {
      page: async (openMetrics) => ({
        contentType: openMetrics ? OPEN_METRICS : TEXT,
        body: 'x 1\n',
      }),
    },
    httpMetrics: {
      observeRequest: (method, route, status, seconds) => {
        observed.push(`${method} ${route} ${status} ${seconds >= 0 && seconds < 60}`);
      },
    },
    eventLoop: createEventLoopMonitor(systemClock),
    build: { name: 'driftd', version: '1.2.3', node: '24.0.0' },
    clock: systemClock,
    log: createLog('info', { write: (line) => void lines.push(line) }),
    ...over,
  };
  return { deps, app: buildHttpApp(deps), observed, lines };
}

describe('/livez', () => {
  it('asks nobody else', async () => {
    const { app } = setUp({
      health: { readiness: () => Promise.reject(new Error('all is down')) },
    });
    const answer = await app.inject('/livez');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ status: 'alive' });
  });

  it('tells a loop that is 5 s behind', async () => {
    const { app } = setUp({ eventLoop: { lagMs: () => 5_000, start() {}, stop() {} } });
    const answer = await app.inject('/livez');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({ status: 'stalled', event_loop_lag_ms: 5_000 });
  });
});

describe('/readyz', () => {
  it.each(['/readyz', '/health'])('%s is 200 when every check is ok', async (url) => {
    const answer = await setUp().app.inject(url);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      status: 'ready',
      checks: [{ name: 'database', ok: true, reason: null }],
    });
  });

  it('is 503 with the reason of each check that is not', async () => {
    const checks: Check[] = [
      { name: 'schema', ok: true, reason: null },
      { name: 'assignment', ok: false, reason: 'no partition is assigned' },
    ];
    const answer = await setUp({ health: { readiness: async () => checks } }).app.inject('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({ status: 'not-ready', checks });
  });

  it('is 503 without a secret when the look itself fails', async () => {
    const { app, lines } = setUp({
      health: { readiness: () => Promise.reject(new Error('postgres://u:hunter2@h/d')) },
    });
    const answer = await app.inject('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(answer.body).not.toContain('hunter2');
    expect(lines.join('')).toContain('readiness could not be determined');
  });
});

describe('pages', () => {
  it('/version and / say what runs', async () => {
    const { app } = setUp();
    expect((await app.inject('/version')).json()).toEqual({
      name: 'driftd',
      version: '1.2.3',
      node: '24.0.0',
    });
    const landing = await app.inject('/');
    expect(landing.headers['content-type']).toBe('text/html; charset=utf-8');
    for (const [, href] of landing.body.matchAll(/href="([^"]+)"/g)) {
      expect((await app.inject(href ?? '')).statusCode).toBe(200);
    }
  });

  it('/metrics speaks OpenMetrics to who asks for it', async () => {
    const { app } = setUp();
    expect((await app.inject('/metrics')).headers['content-type']).toBe(TEXT);
    const accept = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2';
    expect(
      (await app.inject({ url: '/metrics', headers: { accept } })).headers['content-type'],
    ).toBe(OPEN_METRICS);
  });
});

describe('errors', () => {
  it('are problem details with the request id', async () => {
    const { app } = setUp();
    const answer = await app.inject({
      url: '/nowhere?secret=hunter2',
      headers: { 'x-request-id': 'abc-1' },
    });
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.headers['x-request-id']).toBe('abc-1');
    expect(answer.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'There is nothing at this address; / lists what there is.',
      instance: 'urn:request:abc-1',
    });
  });

  it('a method that a route does not have is 405 with those it has', async () => {
    const answer = await setUp().app.inject({ method: 'POST', url: '/metrics' });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers['allow']).toBe('GET, HEAD');
    expect(answer.json()).toMatchObject({ title: 'Method Not Allowed', status: 405 });
  });

  it('a defect shows nothing of itself, but the log has it under the request id', async () => {
    const { app, lines } = setUp({
      metrics: { page: () => Promise.reject(new Error('hunter2')) },
    });
    const answer = await app.inject({ url: '/metrics', headers: { 'x-request-id': 'abc-2' } });
    expect(answer.statusCode).toBe(500);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).not.toContain('hunter2');
    expect(lines.join('')).toContain('abc-2');
  });

  it("a refusal tells its reason, whatever its status, and the log has what is the server's own", async () => {
    for (const [status, logged] of [
      [409, false],
      [507, true],
    ] as const) {
      const refusal = new Refusal(status, 'no room', { 'retry-after': '60' });
      const { app, lines } = setUp({ metrics: { page: () => Promise.reject(refusal) } });
      const answer = await app.inject('/metrics');
      expect(answer.statusCode).toBe(status);
      expect(answer.headers['retry-after']).toBe('60');
      expect(answer.json()).toMatchObject({ status, detail: 'no room' });
      expect(lines.join('').includes('no room')).toBe(logged);
    }
  });

  it('a request id that would break a log or a header is replaced', async () => {
    const answer = await setUp().app.inject({
      url: '/livez',
      headers: { 'x-request-id': 'a b"c' },
    });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('every answer', () => {
  it.each(['/', '/livez', '/readyz', '/version', '/metrics', '/nowhere'])(
    '%s has strict headers',
    async (url) => {
      const { headers } = await setUp().app.inject(url);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['x-frame-options']).toBe('DENY');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['x-powered-by']).toBeUndefined();
      expect(headers['server']).toBeUndefined();
    },
  );

  it('is observed by its route, never by its address', async () => {
    const { app, observed } = setUp();
    for (const url of ['/version?a=1', '/wp-login.php', '/.env']) await app.inject(url);
    await app.inject({ method: 'PROPFIND', url: '/' });
    expect(observed).toEqual([
      'GET /version 200 true',
      'GET unmatched 404 true',
      'GET unmatched 404 true',
      'other unmatched 405 true',
    ]);
  });
});

describe('the listener', () => {
  it('takes a free port for 0 and tells which', async () => {
    const server = createHttpServer(setUp().deps);
    const { host, port } = await server.start();
    expect(port).toBeGreaterThan(0);
    const answer = await fetch(`http://${host}:${port}/livez`);
    expect(answer.status).toBe(200);
    await answer.text();
    await server.stop();
    await expect(fetch(`http://${host}:${port}/livez`)).rejects.toThrow();
  });

  it('says what to do when its port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const server = createHttpServer(setUp({ listen: { host: '127.0.0.1', port } }).deps);
    await expect(server.start()).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `cannot listen on 127.0.0.1:${port}: another process has this port: stop it, or change http.listen (port 0 takes a free one)`,
    });
    await new Promise((resolve) => other.close(resolve));
  });

  it('refuses a body above 1 MB', async () => {
    const server = createHttpServer(setUp().deps);
    const { host, port } = await server.start();
    const answer = await fetch(`http://${host}:${port}/`, {
      method: 'POST',
      body: 'x'.repeat(1_100_000),
      headers: { 'content-type': 'text/plain' },
    });
    expect([405, 413]).toContain(answer.status);
    await answer.text();
    await server.stop();
  });
});
