import { simpleParser } from 'mailparser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMailbox } from '../../../scripts/servers/mailbox.ts';
import type { Mailbox } from '../../../scripts/servers/mailbox.ts';
import { createMetrics } from '../../../src/expose/metrics/metrics.ts';
import { createDispatcher } from '../../../src/notify/dispatcher.ts';
import { createEmailNotifier } from '../../../src/notify/email/email-notifier.ts';
import { renderPng } from '../../../src/notify/email/render-png.ts';
import type { Notifier } from '../../../src/notify/notifier.ts';
import { createSlackNotifier } from '../../../src/notify/slack/slack-notifier.ts';
import { createTeamsNotifier } from '../../../src/notify/teams/teams-notifier.ts';
import { problemMessages } from '../../../src/notify/watch/problem-messages.ts';
import { createWebhookNotifier } from '../../../src/notify/webhook/webhook-notifier.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createLog } from '../../../src/platform/log.ts';
import { digest, digestFeature, WINDOW_END } from '../../support/digests.ts';
import { startHttpSink } from '../../support/http-sink.ts';
import type { HttpSink } from '../../support/http-sink.ts';
import { promtoolCheckMetrics } from '../../support/promtool.ts';

/** Names as an attacker would send them in an event; each is somebody's payload. */
const NAMES = {
  script: '<script>alert(1)</script>',
  image: '"><img src=x onerror=alert(1)>',
  style: '</style><style>*{display:none}</style>',
  comment: '--><svg/onload=alert(1)>',
  entity: '&lt;b&gt;&#x3c;i&#x3e;',
  template: '{{constructor.constructor("alert(1)")()}}${7*7}#{7*7}<%= 7*7 %>{% raw %}',
  formula: '=HYPERLINK("http://evil.example","x")+@SUM(1+1)*cmd|\' /C calc\'!A0',
  header: 'x\r\nBcc: victim@example.com\r\nContent-Type: text/html\r\n\r\n<b>',
  encoded: '=?utf-8?q?=0ABcc:_victim@example.com?=',
  mention: '<!channel> <@U012> @everyone :fire: *bold* <http://evil.example|bank>',
  markdown: '[bank](http://evil.example) ![x](http://evil.example/x.png)',
  bidi: 'safe\u202Egnp.exe\u2066\u2069\u200F\u061C',
  lines: 'a\u2028b\u2029c\u0085d\u000be',
  control: '\u0000\u0007\u001b[31m\u001b]0;owned\u0007\u009b31m',
  surrogate: 'half \uD800 a pair',
  label: 'x"} 1\ndriftd_up 0\n# HELP y',
  log: 'x","level":"error","msg":"forged\n{"level":"fatal"}',
  path: '../../../etc/passwd%00',
  long: 'L'.repeat(20_000),
};
const CASES = Object.entries(NAMES);
/** What reorders or ends a line, or drives a terminal. */
const DISGUISE =
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069\uD800-\uDFFF]/;

const messageWith = (name: string) => {
  const feature = digestFeature({
    feature: name,
    segment: `origin=${name}`,
    explanation: [`New category ${name}: 3 %`],
    picture: { kind: 'categorical', bars: [{ label: name, baseline: 0.5, live: 0.5 }] },
    links: [{ label: name, url: `javascript:alert(${JSON.stringify(name)})` }],
  });
  return digest({
    model: name,
    monitor: name,
    features: [feature],
    stillFiring: [{ ...feature, notice: null }],
    links: [{ label: name, url: `javascript:alert(${JSON.stringify(name)})` }],
  });
};

/** What driftd says about itself: a model's name, or a topic's, in title and sentence. */
const problemWith = (name: string) => {
  const problem = {
    kind: 'model-silent',
    about: name,
    detail: `Not read: ${name}.`,
    since: 0,
  } as const;
  const receivers = [
    { name: 'ops', targets: [{ channel: 'email', recipient: 'ops', sendResolved: true }] },
  ];
  return problemMessages(problem, 'first', 0, receivers)[0]?.message;
};

const MESSAGES = [messageWith, problemWith];

let mailbox: Mailbox;
let sink: HttpSink;
beforeAll(async () => {
  mailbox = await startMailbox();
  sink = await startHttpSink();
});
afterAll(async () => {
  await mailbox.stop();
  await sink.stop();
});

async function send(notifier: Notifier, recipient: string, message: unknown): Promise<void> {
  const notification = {
    dedupKey: 'k',
    recipient,
    reason: 'first',
    createdAt: WINDOW_END,
  } as const;
  expect(await notifier.send({ ...notification, message })).toEqual({ outcome: 'sent' });
}

/** The JSON that a channel posts. */
async function posted(
  create: (target: { recipient: string; url: string; allowPrivate: boolean }) => Notifier,
  message: unknown,
): Promise<string> {
  const notifier = create({ recipient: 'ops', url: sink.url, allowPrivate: true });
  await send(notifier, 'ops', message);
  return sink.requests.at(-1)?.body ?? '';
}

/** Every text in a JSON document, keys too. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsOf(inner)]);
}

describe.each(CASES)('a name that is a payload (%s)', (_what, name) => {
  it.each(MESSAGES)(
    'is text in a mail (%o): one recipient, our headers, our markup',
    async (made) => {
      const smtp = { host: mailbox.host, port: mailbox.port, auth: null, tls: 'none' } as const;
      const log = createLog('silent');
      const notifier = createEmailNotifier({ ...smtp, from: 'driftd@example.com' }, log, {
        renderPng,
      });
      await send(notifier, 'oncall@example.com', made(name));
      const mail = mailbox.messages.at(-1);
      expect(mail?.to).toEqual(['oncall@example.com']);
      const parsed = await simpleParser(mail?.raw ?? '');
      const headers = parsed.headerLines.map(({ key }) => key).sort();
      const harmless = await (async () => {
        await send(notifier, 'oncall@example.com', made('temp'));
        const plain = await simpleParser(mailbox.messages.at(-1)?.raw ?? '');
        return plain.headerLines.map(({ key }) => key).sort();
      })();
      expect(headers).toEqual(harmless);
      expect(parsed.subject).not.toMatch(DISGUISE);
      expect(parsed.subject?.length).toBeLessThanOrEqual(140);
      expect(parsed.text?.replaceAll('\n', '')).not.toMatch(DISGUISE);
      const html = String(parsed.html);
      expect(html.replaceAll('\n', '')).not.toMatch(DISGUISE);
      const tags = new Set([...html.matchAll(/<\/?([a-z!][a-z0-9]*)/gi)].map(([, tag]) => tag));
      const ours =
        '!doctype html head meta title style body table tr td h1 h2 p span ul li strong br img a div';
      expect([...tags].filter((tag) => !ours.split(' ').includes(tag ?? ''))).toEqual([]);
      expect(html.match(/<style/g)).toHaveLength(1);
      expect(html.match(/<h1/g)).toHaveLength(1);
      expect(html.replace(/"[^"]*"/g, `""`)).not.toMatch(/<[^>]*\son\w+\s*=/i);
      expect(html).not.toMatch(/href="(?!https?:)/);
      expect(html).not.toMatch(/src="(?!data:image\/png|cid:)/);
    },
  );

  it.each(MESSAGES)('is text in Slack (%o): nothing is parsed', async (made) => {
    const body = JSON.parse(
      await posted((target) => createSlackNotifier([target]), made(name)),
    ) as {
      text: string;
      blocks: { type: string }[];
    };
    expect(body.text).not.toMatch(/[<>]/);
    expect(new Set(body.blocks.map(({ type }) => type))).toEqual(new Set(['rich_text']));
    for (const text of textsOf(body)) {
      expect(text.replaceAll('\n', '')).not.toMatch(DISGUISE);
      expect(text.length).toBeLessThanOrEqual(3_000);
    }
  });

  it.each(MESSAGES)(
    'is text in Teams (%o): Markdown stands in runs that know none',
    async (made) => {
      const body = await posted((target) => createTeamsNotifier([target]), made(name));
      expect(body).not.toContain('"TextBlock"');
      expect(body).not.toContain('"FactSet"');
      expect(body).not.toMatch(/"url":"(?!https?:)/);
      for (const text of textsOf(JSON.parse(body)))
        expect(text.replaceAll('\n', '')).not.toMatch(DISGUISE);
    },
  );

  it('is text in a webhook: labels that are ours, values that are short', async () => {
    const body = await posted(
      (target) => createWebhookNotifier([{ ...target, secret: null }]),
      messageWith(name),
    );
    const { alerts } = JSON.parse(body) as { alerts: { labels: Record<string, string> }[] };
    expect(alerts).toHaveLength(2);
    for (const { labels } of alerts) {
      expect(Object.keys(labels).sort()).toEqual([
        'alertname',
        'feature',
        'model',
        'monitor',
        'segment',
        'severity',
        'tier',
      ]);
      for (const value of Object.values(labels)) expect(value.length).toBeLessThanOrEqual(256);
    }
    for (const text of textsOf(JSON.parse(body))) expect(text).not.toMatch(DISGUISE);
  });

  it('is one line in the log, and forges no other', async () => {
    const lines: string[] = [];
    const log = createLog('info', { write: (line) => void lines.push(line) });
    const lease = {
      id: 1,
      leaseEpoch: 1,
      attempts: 0,
      createdAt: 0,
      ageMs: 0,
      dedupKey: name,
      receiver: name,
      channel: 'email',
      recipient: name,
      reason: 'first',
      message: {},
    } as const;
    let left = 1;
    await createDispatcher({
      log,
      notifiers: [
        {
          channel: 'email',
          send: () => Promise.resolve({ outcome: 'permanent', error: name }),
          close: () => Promise.resolve(),
        },
      ],
      store: {
        lease: (_limit, _ms, scope) =>
          Promise.resolve(
            left > 0 && scope !== undefined && 'only' in scope ? [((left -= 1), lease)] : [],
          ),
        markSent: () => Promise.resolve(true),
        markRetry: () => Promise.resolve(true),
        markDead: () => Promise.resolve(true),
        pending: () => Promise.resolve(0),
      },
    }).runOnce();
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(lines[0]?.trimEnd()).not.toMatch(DISGUISE);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'error', msg: 'message given up' });
  });

  it('is a label value in the metrics, whatever it holds', async () => {
    const shown = name.toWellFormed().slice(0, 128);
    const metrics = createMetrics({
      reader: {
        read: () =>
          Promise.resolve({
            now: 10_000,
            scores: [],
            features: [],
            predictions: [],
            alerts: [{ model: shown, feature: shown, state: 'firing', severity: 'critical' }],
            models: [{ model: shown, events: 7, lastEvent: 5_000, baseline: null }],
            monitors: [{ monitor: shown, lastSuccess: 7_000, lastDue: 0, ticksMissed: 2 }],
            partitions: [],
            quarantineDropped: new Map(),
            gapRecords: new Map(),
            outboxOldestSeconds: new Map(),
          }),
      },
      clock: systemClock,
      log: createLog('silent'),
      build: { name: 'driftd', version: '1.2.3', node: '24.0.0' },
      sources: [],
      channels: [],
      delivers: true,
      overdue: () => 1,
      allowedLatenessMs: new Map(),
    });
    await metrics.refresh();
    const { body } = await metrics.page(false);
    expect(body.match(/^driftd_up /gm)).toHaveLength(1);
    expect(body).toMatch(/^driftd_up 1$/m);
    expect(body.match(/^driftd_model_events_total\{/gm)).toHaveLength(1);
    expect(promtoolCheckMetrics(body)).toBe('');
  });

  it('is text in the labels and annotations of a problem', async () => {
    const body = await posted(
      (target) => createWebhookNotifier([{ ...target, secret: null }]),
      problemWith(name),
    );
    const { alerts } = JSON.parse(body) as { alerts: { labels: Record<string, string> }[] };
    expect(alerts.map(({ labels }) => Object.keys(labels).sort())).toEqual([
      ['about', 'alertname', 'problem', 'severity'],
    ]);
    expect(alerts[0]?.labels).toMatchObject({
      alertname: 'DriftdProblem',
      problem: 'model-silent',
    });
    expect(alerts[0]?.labels['about']?.length).toBeLessThanOrEqual(256);
    for (const text of textsOf(JSON.parse(body))) expect(text).not.toMatch(DISGUISE);
  });
});
