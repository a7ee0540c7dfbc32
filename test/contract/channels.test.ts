import { startMailbox } from '../../scripts/servers/mailbox.ts';
import { createEmailNotifier } from '../../src/notify/email/email-notifier.ts';
import { createLog } from '../../src/platform/log.ts';
import { channelContract } from '../support/channel-contract.ts';
import type { ChannelUnderTest, FarSide } from '../support/channel-contract.ts';
import { startScriptedSmtp } from '../support/scripted-smtp.ts';
import type { SmtpScript } from '../support/scripted-smtp.ts';

const log = createLog('silent');

function emailTo(port: number): Pick<ChannelUnderTest, 'notifier' | 'recipient'> {
  const smtp = {
    host: '127.0.0.1',
    port,
    auth: null,
    from: 'driftd@example.com',
    tls: 'none',
  } as const;
  const limits = { connectMs: 800, idleMs: 800, totalMs: 1_000 };
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
      ...emailTo(mailbox.port),
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
  return { ...emailTo(server.port), received: () => [], stop: () => server.stop() };
});
