import { afterEach, describe, expect, it } from 'vitest';
import { createPoster } from '../../../../src/notify/http/post.ts';
import { outcomeOfStatus } from '../../../../src/notify/http/status-outcome.ts';
import { startHttpSink } from '../../../support/http-sink.ts';
import type { HttpSink, SinkAnswer } from '../../../support/http-sink.ts';

describe('what an HTTP answer means', () => {
  it.each([200, 201, 202, 204])('%d: delivered', (status) => {
    expect(outcomeOfStatus(status, undefined, '', 0)).toEqual({ outcome: 'sent' });
  });
  it.each([408, 425, 429, 500, 502, 503, 504, 599])('%d: again later', (status) => {
    expect(outcomeOfStatus(status, undefined, 'busy', 0)).toEqual({
      outcome: 'retry',
      error: `HTTP ${String(status)}: busy`,
    });
  });
  it.each([301, 302, 307, 400, 401, 403, 404, 410, 413, 422])('%d: never', (status) => {
    expect(outcomeOfStatus(status, '5', '', 0)).toEqual({
      outcome: 'permanent',
      error: `HTTP ${String(status)}`,
    });
  });
  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Wed, 21 Oct 2015 07:28:30 GMT', 30_000],
    ['Wed, 21 Oct 2015 07:27:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1e9', undefined],
  ])('Retry-After: %s', (header, retryAfterMs) => {
    const now = Date.UTC(2015, 9, 21, 7, 28, 0);
    expect(outcomeOfStatus(429, header, '', now)).toEqual({
      outcome: 'retry',
      error: 'HTTP 429',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  });
});

describe('a request', () => {
  const sinks: HttpSink[] = [];
  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.stop();
  });
  async function postTo(answer: SinkAnswer, secrets: string[] = [], totalMs = 20_000) {
    const sink = await startHttpSink(() => answer);
    sinks.push(sink);
    const poster = createPoster(totalMs);
    const request = { url: sink.url, allowPrivate: true, headers: {}, body: '{}', secrets };
    return { sink, outcome: await poster.post(request) };
  }

  it('follows no redirect', async () => {
    const target = await startHttpSink();
    sinks.push(target);
    const { outcome } = await postTo({ status: 302, headers: { location: target.url } });
    expect(outcome.outcome).toBe('permanent');
    expect(target.requests).toEqual([]);
  });

  it('ends although the answer never does', async () => {
    const { outcome } = await postTo('drip', [], 500);
    expect(outcome).toEqual({ outcome: 'retry', error: 'no complete answer within 500 ms' });
  });

  it('reads no endless answer', async () => {
    const { outcome } = await postTo({ status: 200, body: 'x'.repeat(5_000_000) });
    expect(outcome).toEqual({ outcome: 'sent' });
  });

  it('shows no secret and no control character in its error', async () => {
    const { outcome } = await postTo(
      { status: 403, body: 'no\u001b[31m service\r\nT0KEN is unknown' },
      ['T0KEN'],
    );
    expect(outcome).toEqual({
      outcome: 'permanent',
      error: 'HTTP 403: no\uFFFD[31m service *** is unknown',
    });
  });

  it.each(['file:///etc/passwd', 'ftp://example.com/', 'http://u:p@example.com/', 'nonsense'])(
    'refuses the URL %s',
    async (url) => {
      const request = { url, allowPrivate: true, headers: {}, body: '{}', secrets: [] };
      expect(await createPoster().post(request)).toMatchObject({ outcome: 'permanent' });
    },
  );
});
