import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { mergeDigests } from '../../../src/core/alerting/merge.ts';
import type { Message, SystemMessage } from '../../../src/core/alerting/message.ts';
import { createAlertmanagerNotifier } from '../../../src/notify/alertmanager/alertmanager-notifier.ts';
import type { Notifier } from '../../../src/notify/notifier.ts';
import { viewOf } from '../../../src/notify/digest-view.ts';
import { renderText } from '../../../src/notify/render-text.ts';
import { subjectOf } from '../../../src/notify/subject.ts';
import { createPagerdutyNotifier } from '../../../src/notify/pagerduty/pagerduty-notifier.ts';
import { createSlackNotifier } from '../../../src/notify/slack/slack-notifier.ts';
import { createTeamsNotifier } from '../../../src/notify/teams/teams-notifier.ts';
import { createWebhookNotifier } from '../../../src/notify/webhook/webhook-notifier.ts';
import { testMessage } from '../../../src/notify/watch/problem-messages.ts';
import { digest, digestFeature, WINDOW_END } from '../../support/digests.ts';
import { startHttpSink } from '../../support/http-sink.ts';
import type { HttpSink, SinkRequest } from '../../support/http-sink.ts';

const sinks: HttpSink[] = [];
afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.stop();
});

type Target = { recipient: string; url: string; allowPrivate: boolean };

/** What arrives when the channel sends this message. */
async function sent(
  create: (target: Target) => Notifier,
  message: Message,
): Promise<SinkRequest & { readonly json: never; readonly further: readonly unknown[] }> {
  const sink = await startHttpSink();
  sinks.push(sink);
  const notifier = create({ recipient: 'ml', url: sink.url, allowPrivate: true });
  const outcome = await notifier.send({
    dedupKey: 'k1',
    recipient: 'ml',
    reason: 'first',
    createdAt: WINDOW_END,
    message,
  });
  expect(outcome).toEqual({ outcome: 'sent' });
  const [request, ...more] = sink.requests;
  if (request === undefined) throw new Error('nothing arrived');
  const further = more.map(({ body }) => JSON.parse(body) as unknown);
  return { ...request, json: JSON.parse(request.body) as never, further };
}

const resolved = digestFeature({
  feature: 'humid',
  notice: 'resolved',
  severity: 'warning',
  resolvedAt: WINDOW_END,
});
const both = digest({ features: [digestFeature(), resolved] });
const over = digest({ features: [resolved], severity: 'warning' });
const problem: SystemMessage = {
  version: 1,
  kind: 'system',
  problem: 'delivery-broken',
  about: 'slack',
  status: 'firing',
  severity: 'critical',
  title: 'Messages by slack are not delivered',
  sentences: ['The oldest has waited for 6 minutes.'],
  facts: [{ label: 'Channel', value: 'slack' }],
  since: WINDOW_END,
};

/** A warning of one monitor that is over, in one message with an alarm of another. */
const merged = mergeDigests(
  digest({ monitor: 'hourly' }),
  digest({
    monitor: 'daily',
    features: [digestFeature({ notice: 'resolved', severity: 'warning' })],
  }),
);
const test = testMessage('ml', 'pagerduty', WINDOW_END);

describe('webhook', () => {
  const create = (target: Target): Notifier =>
    createWebhookNotifier([{ ...target, secret: 's3cret' }]);

  it("posts Alertmanager's body", async () => {
    const { json, headers, method } = await sent(create, both);
    expect(method).toBe('POST');
    expect(headers['idempotency-key']).toBe('k1');
    expect(json).toMatchObject({
      version: '4',
      groupKey: '{}:{model="flights-late", monitor="flights-daily"}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'ml',
      groupLabels: { model: 'flights-late', monitor: 'flights-daily' },
      commonLabels: { alertname: 'FeatureDrift', model: 'flights-late', segment: 'all' },
      alerts: [
        {
          status: 'firing',
          labels: { feature: 'temp', severity: 'critical' },
          startsAt: '2013-07-17T23:00:00.000Z',
          endsAt: '0001-01-01T00:00:00Z',
        },
        {
          status: 'resolved',
          labels: { feature: 'humid', severity: 'warning' },
          endsAt: '2013-07-18T00:00:00.000Z',
        },
      ],
    });
  });

  it('names the monitor of each alert of a merged message', async () => {
    expect((await sent(create, merged)).json).toMatchObject({
      groupKey: '{}:{model="flights-late"}',
      status: 'firing',
      alerts: [
        { status: 'firing', labels: { monitor: 'hourly', feature: 'temp' } },
        { status: 'resolved', labels: { monitor: 'daily', feature: 'temp' } },
      ],
    });
  });

  it('is resolved when everything is', async () => {
    expect((await sent(create, over)).json).toMatchObject({ status: 'resolved' });
  });

  it('signs time and body', async () => {
    const { headers, body } = await sent(create, both);
    const [, seconds = '', mac] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['driftd-signature'])) ?? [];
    expect(mac).toBe(createHmac('sha256', 's3cret').update(`${seconds}.${body}`).digest('hex'));
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(60);
  });

  it('without a secret is unsigned', async () => {
    const { headers } = await sent(
      (target) => createWebhookNotifier([{ ...target, secret: null }]),
      both,
    );
    expect(headers).not.toHaveProperty('driftd-signature');
  });

  it('tells of an escalated alert that its warning is over', async () => {
    const { json } = await sent(
      create,
      digest({ features: [digestFeature({ notice: 'escalated' })] }),
    );
    expect(json).toMatchObject({
      alerts: [
        { status: 'firing', labels: { severity: 'critical' } },
        { status: 'resolved', labels: { severity: 'warning' } },
      ],
    });
  });

  it('carries what driftd says about itself', async () => {
    expect((await sent(create, problem)).json).toMatchObject({
      status: 'firing',
      alerts: [{ labels: { alertname: 'DriftdProblem', problem: 'delivery-broken' } }],
    });
  });
});

describe('alertmanager', () => {
  it('pushes alerts with ends that Alertmanager accepts', async () => {
    const { path, json } = await sent((target) => createAlertmanagerNotifier([target]), both);
    expect(path).toBe('/api/v2/alerts');
    const [firing, ended] = json as { startsAt: string; endsAt: string }[];
    expect(Date.parse(firing?.endsAt ?? '')).toBeGreaterThan(Date.now() + 7 * 86_400_000);
    expect(Date.parse(ended?.endsAt ?? '')).toBeLessThanOrEqual(Date.now());
    expect(Date.parse(ended?.endsAt ?? '')).toBeGreaterThan(Date.parse(ended?.startsAt ?? ''));
  });
});

describe('a feature that drifts', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const text = (message: Message) => renderText(viewOf(message));

  it('names what drifts with it, what began at the same time first', () => {
    const features = names.map((feature, i) =>
      digestFeature({ feature, since: WINDOW_END - (i === 6 ? 0 : 1) }),
    );
    const still = [digestFeature({ feature: 'h', notice: null, since: WINDOW_END })];
    expect(text(digest({ features, stillFiring: still }))).toMatch(
      /g\n(.*\n)*  Drifting with: {2}h, a, b, c, d and 2 more\n/,
    );
  });

  it('stands alone when nothing else of its segment does', () => {
    const features = [
      digestFeature(),
      digestFeature({ feature: 'humid', segment: 'origin=JFK' }),
      digestFeature({ feature: 'wind', notice: 'resolved' }),
    ];
    expect(text(digest({ features }))).not.toContain('Drifting with');
  });

  it('has its own links in mail and Slack', async () => {
    const links = [{ label: 'Runbook', url: 'https://g.example/temp' }];
    const message = digest({ features: [digestFeature({ links })] });
    expect(text(message)).toContain('  Runbook: https://g.example/temp');
    const { body } = await sent((target) => createSlackNotifier([target]), message);
    expect(body).toContain('"url":"https://g.example/temp"');
  });
});

describe('a feature whose data is broken', () => {
  const broken = digestFeature({
    cause: 'data',
    toldAs: [],
    faults: [{ check: 'missing', value: 0.4, expected: 0.02 }],
    ks: null,
    psi: null,
  });
  const hook = (target: Target) => createWebhookNotifier([{ ...target, secret: null }]);

  it('is told as that, not as drift', async () => {
    const message = digest({ features: [broken] });
    expect(subjectOf(message)).toBe(
      '[critical] flights-late: 1 feature with faulty data, temp (missing 40 %)',
    );
    expect(renderText(viewOf(message))).toContain(
      '40 % of the values are missing, 2 % in the baseline',
    );
    expect(renderText(viewOf(message))).not.toMatch(/[Dd]rift(ed|ing) since|KS 0/);
    expect((await sent(hook, message)).json).toMatchObject({
      alerts: [{ labels: { alertname: 'DataQuality', feature: 'temp' } }],
    });
  });

  it('and drifts once it is well again has its first alert ended, and both in the end', async () => {
    const drifts = digestFeature({ cause: 'drift', toldAs: ['data'] });
    expect((await sent(hook, digest({ features: [drifts] }))).json).toMatchObject({
      alerts: [
        { status: 'firing', labels: { alertname: 'FeatureDrift' } },
        { status: 'resolved', labels: { alertname: 'DataQuality' } },
      ],
    });
    const ends = digestFeature({ notice: 'resolved', toldAs: ['data', 'drift'] });
    expect((await sent(hook, digest({ features: [ends] }))).json).toMatchObject({
      alerts: [
        { status: 'resolved', labels: { alertname: 'DataQuality' } },
        { status: 'resolved', labels: { alertname: 'FeatureDrift' } },
      ],
    });
  });

  it('stands after those that drifted in one subject', () => {
    const features = [digestFeature(), { ...broken, feature: 'wind' }];
    expect(subjectOf(digest({ features }))).toBe(
      '[critical] flights-late: 1 feature drifted, temp (KS 0.93), 1 feature with faulty data',
    );
  });
});

describe('a test by alertmanager', () => {
  it('ends by itself within minutes', async () => {
    const { json } = await sent((target) => createAlertmanagerNotifier([target]), test);
    const [alert] = json as { endsAt: string }[];
    expect(Date.parse(alert?.endsAt ?? '')).toBeLessThanOrEqual(Date.now() + 300_000);
  });
});

describe('pagerduty', () => {
  const create = (target: Target): Notifier =>
    createPagerdutyNotifier([{ ...target, routingKey: 'R0UTE' }]);

  it('triggers one incident a group, and resolves it when nothing fires', async () => {
    const first = await sent(create, both);
    const last = await sent(create, over);
    expect(first.json).toMatchObject({
      routing_key: 'R0UTE',
      event_action: 'trigger',
      payload: {
        summary: '[critical] flights-late: 1 feature drifted, temp (KS 0.93), 1 feature recovered',
        severity: 'critical',
        source: 'driftd',
        component: 'flights-late',
      },
    });
    expect(last.json).toMatchObject({ event_action: 'resolve' });
    expect((last.json as { dedup_key: string }).dedup_key).toBe(
      (first.json as { dedup_key: string }).dedup_key,
    );
  });

  it('has an incident for each monitor of a merged message, under the key that it always has', async () => {
    const { json, further } = await sent(create, merged);
    const events = [json, ...further] as { event_action: string; dedup_key: string }[];
    expect(events.map(({ event_action: action }) => action)).toEqual(['trigger', 'resolve']);
    const alone = await sent(create, digest({ monitor: 'daily' }));
    expect(events[1]?.dedup_key).toBe((alone.json as { dedup_key: string }).dedup_key);
    expect(events[0]?.dedup_key).not.toBe(events[1]?.dedup_key);
  });

  it('closes the incident of a test at once', async () => {
    const { json, further } = await sent(create, test);
    expect(json).toMatchObject({ event_action: 'trigger', payload: { severity: 'info' } });
    expect(further).toMatchObject([
      { event_action: 'resolve', dedup_key: (json as { dedup_key: string }).dedup_key },
    ]);
  });

  it('keeps the incident open while something else still fires', async () => {
    const message = digest({ features: [resolved], stillFiring: [digestFeature()] });
    expect((await sent(create, message)).json).toMatchObject({ event_action: 'trigger' });
  });
});

describe('slack', () => {
  it('puts names where nothing is parsed', async () => {
    const name = '<!channel> *x* :fire: <http://evil.example|click>';
    const { json } = await sent(
      (target) => createSlackNotifier([target]),
      digest({ model: name, features: [digestFeature({ feature: name })] }),
    );
    const { text, blocks } = json as { text: string; blocks: { type: string }[] };
    expect(text).not.toMatch(/[<>]/);
    expect(new Set(blocks.map(({ type }) => type))).toEqual(new Set(['rich_text']));
    expect(JSON.stringify(blocks)).not.toContain('mrkdwn');
    expect(JSON.stringify(blocks)).toContain('<!channel>');
  });

  it('stays within 50 blocks, and says what it left out', async () => {
    const features = Array.from({ length: 60 }, (_, i) => digestFeature({ feature: `f${i}` }));
    const { json } = await sent((target) => createSlackNotifier([target]), digest({ features }));
    expect((json as { blocks: unknown[] }).blocks.length).toBeLessThanOrEqual(50);
    expect(JSON.stringify(json)).toContain('... and 50 more');
  });
});

describe('teams', () => {
  it('is an adaptive card whose text knows no Markdown', async () => {
    const message = digest({ features: [digestFeature({ feature: '[x](http://evil.example)' })] });
    const { json } = await sent((target) => createTeamsNotifier([target]), message);
    const { type, attachments } = json as {
      type: string;
      attachments: { contentType: string; content: { type: string; body: { type: string }[] } }[];
    };
    expect(type).toBe('message');
    expect(attachments[0]?.contentType).toBe('application/vnd.microsoft.card.adaptive');
    expect(attachments[0]?.content.type).toBe('AdaptiveCard');
    expect(new Set(attachments[0]?.content.body.map((block) => block.type))).toEqual(
      new Set(['RichTextBlock']),
    );
  });

  it('stays below 28 kB with many features of long names', async () => {
    const long = 'x'.repeat(5_000);
    const feature = digestFeature({ feature: long, explanation: Array(20).fill(long) as string[] });
    const features = Array.from({ length: 100 }, () => feature);
    const message = digest({ model: long, monitor: long, features, stillFiring: features });
    const { body } = await sent((target) => createTeamsNotifier([target]), message);
    expect(Buffer.byteLength(body)).toBeLessThan(28 * 1024);
  });
});
