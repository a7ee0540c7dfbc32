import { startMailbox } from '../../scripts/servers/mailbox.ts';
import { createEmailNotifier } from '../../src/notify/email/email-notifier.ts';
import { createAlertmanagerNotifier } from '../../src/notify/alertmanager/alertmanager-notifier.ts';
import type { HttpChannelOptions } from '../../src/notify/http/http-notifier.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import { createPagerdutyNotifier } from '../../src/notify/pagerduty/pagerduty-notifier.ts';
import { createSlackNotifier } from '../../src/notify/slack/slack-notifier.ts';
import { createTeamsNotifier } from '../../src/notify/teams/teams-notifier.ts';
import { createWebhookNotifier } from '../../src/notify/webhook/webhook-notifier.ts';
import { createLog } from '../../src/platform/log.ts';
import { channelContract } from '../support/channel-contract.ts';
import type { ChannelUnderTest, FarSide } from '../support/channel-contract.ts';
import { startHttpSink } from '../support/http-sink.ts';
import type { SinkAnswer } from '../support/http-sink.ts';
import { startScriptedSmtp } from '../support/scripted-smtp.ts';
import type { SmtpScript } from '../support/scripted-smtp.ts';

const log = createLog('silent');

/** Whoever answers is waited for: only who never does is given up on soon. */
const patienceMs = (farSide: FarSide): number => (farSide === 'hangs' ? 1_000 : 20_000);

function emailTo(port: number, farSide: FarSide): Pick<ChannelUnderTest, 'notifier' | 'recipient'> {
  const smtp = {
    host: '127.0.0.1',
    port,
    auth: null,
    from: 'driftd@example.com',
    tls: 'none',
  } as const;
  const ms = patienceMs(farSide);
  const limits = { connectMs: 20_000, idleMs: ms, totalMs: ms };
  return { notifier: createEmailNotifier(smtp, log, { limits }), recipient: 'oncall@example.com' };
}

const SCRIPTS: Readonly<Record<Exclude<FarSide, 'accepts'>, SmtpScript>> = {
  'refuses for now': { RCPT: '450 greylisted' },
  'refuses for good': { RCPT: '550 no such user' },
  hangs: { MAIL: 'silence' },
  'is gone': {},
  'breaks off': { '.': 'drop' },
};

channelContract('email', async (farSide) => {
  if (farSide === 'accepts') {
    const mailbox = await startMailbox();
    return {
      ...emailTo(mailbox.port, farSide),
      received: () =>
        mailbox.messages.map(({ to, raw }) => {
          const text = raw.toString();
          const key = /^Message-ID: (.*)$/im.exec(text)?.[1] ?? '';
          return { recipient: to.join(','), raw: text, key };
        }),
      stop: () => mailbox.stop(),
    };
  }
  const server = await startScriptedSmtp(SCRIPTS[farSide]);
  if (farSide === 'is gone') await server.stop();
  return { ...emailTo(server.port, farSide), received: () => [], stop: () => server.stop() };
});

const ANSWERS: Readonly<Record<Exclude<FarSide, 'is gone'>, SinkAnswer>> = {
  accepts: { status: 202, body: 'ok' },
  'refuses for now': { status: 503, body: 'come back later' },
  'refuses for good': { status: 400, body: 'invalid_payload' },
  hangs: 'silence',
  'breaks off': 'drop',
};

type CreateHttpChannel = (
  target: { recipient: string; url: string; allowPrivate: boolean },
  options: HttpChannelOptions,
) => Notifier;

const HTTP_CHANNELS: Readonly<Record<string, CreateHttpChannel>> = {
  webhook: (target, options) => createWebhookNotifier([{ ...target, secret: 's3cret' }], options),
  slack: (target, options) => createSlackNotifier([target], options),
  teams: (target, options) => createTeamsNotifier([target], options),
  alertmanager: (target, options) => createAlertmanagerNotifier([target], options),
  pagerduty: (target, options) =>
    createPagerdutyNotifier([{ ...target, routingKey: 'R0UT1NG' }], options),
};

for (const [name, create] of Object.entries(HTTP_CHANNELS)) {
  channelContract(name, async (farSide) => {
    const sink = await startHttpSink(() => ANSWERS[farSide === 'is gone' ? 'hangs' : farSide]);
    if (farSide === 'is gone') await sink.stop();
    const recipient = 'ml-oncall';
    return {
      notifier: create(
        { recipient, url: sink.url, allowPrivate: true },
        { totalMs: patienceMs(farSide) },
      ),
      recipient,
      received: () =>
        sink.requests.map(({ headers, body }) => ({
          recipient,
          raw: `${JSON.stringify(headers)}\n${body}`,
          key: String(headers['idempotency-key']),
        })),
      stop: () => sink.stop(),
    };
  });
}
