import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAlertmanager } from '../../scripts/servers/prometheus.ts';
import type { WebServer } from '../../scripts/servers/prometheus.ts';
import type { Message } from '../../src/core/alerting/message.ts';
import { createAlertmanagerNotifier } from '../../src/notify/alertmanager/alertmanager-notifier.ts';
import { createWebhookNotifier } from '../../src/notify/webhook/webhook-notifier.ts';
import { digest, digestFeature, WINDOW_END } from '../support/digests.ts';
import { startHttpSink } from '../support/http-sink.ts';
import type { HttpSink } from '../support/http-sink.ts';

let sink: HttpSink;
let alertmanager: WebServer;
beforeAll(async () => {
  sink = await startHttpSink();
  alertmanager = await startAlertmanager(`${sink.url}/theirs`);
});
afterAll(async () => {
  await alertmanager.stop();
  await sink.stop();
});

async function push(message: Message): Promise<void> {
  const { url } = alertmanager;
  const notifier = createAlertmanagerNotifier([{ recipient: url, url, allowPrivate: true }]);
  const notification = { dedupKey: 'k', recipient: url, reason: 'first', createdAt: WINDOW_END };
  expect(await notifier.send({ ...notification, reason: 'first', message })).toEqual({
    outcome: 'sent',
  });
}

interface Listed {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: string };
}

/** What Alertmanager holds to fire: feature and severity. */
async function firing(): Promise<string[]> {
  const answer = await fetch(`${alertmanager.url}/api/v2/alerts`);
  const list = (await answer.json()) as Listed[];
  return list.map(({ labels }) => `${labels['feature'] ?? ''} ${labels['severity'] ?? ''}`).sort();
}

/** The shape of a value: keys and kinds. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, shape(inner)]),
  );
}

const warning = digestFeature({ severity: 'warning' });

describe('a real Alertmanager', () => {
  it('takes alerts, their escalation and their end', async () => {
    await push(digest({ severity: 'warning', features: [warning] }));
    expect(await firing()).toEqual(['temp warning']);
    await push(digest({ features: [digestFeature({ notice: 'escalated' })] }));
    expect(await firing()).toEqual(['temp critical']);
    await push(
      digest({ features: [digestFeature({ notice: 'resolved', resolvedAt: WINDOW_END })] }),
    );
    expect(await firing()).toEqual([]);
  });

  it('takes names that hold anything', async () => {
    await push(digest({ features: [digestFeature({ feature: '<b>"x"\n\u202E\uD800{{.}}' })] }));
    expect(await firing()).toEqual(['<b>"x"\uFFFD\uFFFD\uFFFD{{.}} critical']);
  });

  it('posts the body that our own webhook posts', async () => {
    await push(digest({ monitor: 'shape' }));
    const theirs = (): string | undefined =>
      sink.requests.find(({ path, body }) => path === '/theirs' && body.includes('"shape"'))?.body;
    await expect.poll(theirs, { timeout: 20_000 }).toBeDefined();
    const target = { recipient: 'hook', url: `${sink.url}/ours`, allowPrivate: true, secret: null };
    await createWebhookNotifier([target]).send({
      dedupKey: 'k',
      recipient: 'hook',
      reason: 'first',
      createdAt: WINDOW_END,
      message: digest({ monitor: 'shape' }),
    });
    const ours = sink.requests.find(({ path }) => path === '/ours')?.body ?? '';
    const [a, b] = [JSON.parse(ours), JSON.parse(theirs() ?? '')] as Record<string, unknown>[];
    // Ours adds the subject.
    const { subject, ...annotations } = (a?.['commonAnnotations'] ?? {}) as Record<string, unknown>;
    expect(subject).toBeTypeOf('string');
    expect(shape({ ...a, commonAnnotations: annotations })).toEqual(shape(b));
    expect(a?.['version']).toBe(b?.['version']);
    expect(a?.['status']).toBe(b?.['status']);
  });
});
