import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { startMailbox } from '../../scripts/servers/mailbox.ts';
import type { SmtpConfig } from '../../src/config/types.ts';
import { createEmailNotifier, type EmailLimits } from '../../src/notify/email/email-notifier.ts';
import type { Notification } from '../../src/notify/notifier.ts';
import { createLog } from '../../src/platform/log.ts';
import { digest, digestFeature, WINDOW_END } from '../support/digests.ts';
import { type SmtpScript, startScriptedSmtp } from '../support/scripted-smtp.ts';

const log = createLog('silent');
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function smtp(port: number, change: Partial<SmtpConfig> = {}): SmtpConfig {
  return {
    host: '127.0.0.1',
    port,
    auth: null,
    from: 'driftd@example.com',
    tls: 'none',
    ...change,
  };
}

function notification(change: Partial<Notification> = {}): Notification {
  return {
    dedupKey: 'a1b2c3',
    recipient: 'oncall@example.com',
    reason: 'first',
    createdAt: WINDOW_END,
    message: digest(),
    ...change,
  };
}

async function mailbox(options: Parameters<typeof startMailbox>[0] = {}) {
  const box = await startMailbox(options);
  stops.push(() => box.stop());
  return box;
}

async function scripted(script: SmtpScript, limits?: EmailLimits) {
  const server = await startScriptedSmtp(script);
  stops.push(() => server.stop());
  return {
    server,
    notifier: createEmailNotifier(smtp(server.port), log, limits === undefined ? {} : { limits }),
  };
}

describe('a message that arrives', () => {
  it('has one recipient, headers that thread and identify, and two parts with the same facts', async () => {
    const box = await mailbox();
    const notifier = createEmailNotifier(smtp(box.port), log);
    expect(await notifier.send(notification())).toEqual({ outcome: 'sent' });
    const [mail] = await box.waitFor(1);
    expect(mail).toMatchObject({ from: 'driftd@example.com', to: ['oncall@example.com'] });
    const parsed = await mail?.parse();
    expect(parsed?.subject).toBe('[critical] flights-late: 1 feature drifted, temp (KS 0.93)');
    expect(parsed?.messageId).toBe('<driftd.a1b2c3@example.com>');
    expect(parsed?.date?.getTime()).toBe(WINDOW_END);
    expect(parsed?.references).toMatch(/^<incident\.[0-9a-f]{32}@example\.com>$/);
    expect(parsed?.inReplyTo).toBe(parsed?.references);
    expect(mail?.raw.toString()).toMatch(
      /^List-ID: <flights-daily\.flights-late\.driftd\.example\.com>/im,
    );
    expect(parsed?.headers.get('auto-submitted')).toBe('auto-generated');
    expect(parsed?.attachments).toEqual([]);
    for (const fact of [
      '0.93, between 0.92 and 0.94',
      '6,512 in 7d',
      '12 %, < 0.1 % in the baseline',
    ]) {
      expect(parsed?.text).toContain(fact);
      expect(String(parsed?.html)).toContain(fact.replace('<', '&lt;'));
    }
  });

  it('carries the same Message-ID on every attempt, and threads with the next of its incident', async () => {
    const box = await mailbox();
    const notifier = createEmailNotifier(smtp(box.port), log);
    await notifier.send(notification());
    await notifier.send(notification());
    await notifier.send(notification({ dedupKey: 'other' }));
    const mails = await Promise.all((await box.waitFor(3)).map((mail) => mail.parse()));
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(2);
    expect(new Set(mails.map(({ references }) => String(references))).size).toBe(1);
  });

  it('logs in', async () => {
    const box = await mailbox({ credentials: { username: 'driftd', password: 'right' } });
    const auth = (password: string) => ({ auth: { username: 'driftd', password } });
    const wrong = createEmailNotifier(smtp(box.port, auth('wrong')), log);
    const refused = await wrong.send(notification());
    expect(refused.outcome).toBe('retry'); // the password can be mended
    expect(JSON.stringify(refused)).not.toContain('"wrong"');
    const right = createEmailNotifier(smtp(box.port, auth('right')), log);
    expect(await right.send(notification())).toEqual({ outcome: 'sent' });
  });

  it('keeps names that try to break out of header or markup in their place', async () => {
    const box = await mailbox();
    const notifier = createEmailNotifier(smtp(box.port), log);
    const evil = '<img src=x onerror=alert(1)>\r\nBcc: victim@example.com\u202E';
    const message = digest({
      model: evil,
      features: [digestFeature({ feature: evil, explanation: [evil] })],
    });
    expect(await notifier.send(notification({ message }))).toEqual({ outcome: 'sent' });
    const [mail] = await box.waitFor(1);
    expect(mail?.to).toEqual(['oncall@example.com']);
    const parsed = await mail?.parse();
    expect(parsed?.bcc).toBeUndefined();
    expect(String(parsed?.html)).not.toContain('<img');
    expect(parsed?.text).not.toContain('\u202E');
  });
});

describe('a message that does not arrive', () => {
  it.each<[string, SmtpScript, 'retry' | 'permanent']>([
    ['421 greeting', { GREETING: '421 busy' }, 'retry'],
    ['554 greeting', { GREETING: '554 go away' }, 'retry'],
    ['450 recipient', { RCPT: '450 greylisted' }, 'retry'],
    ['550 recipient', { RCPT: '550 no such user' }, 'permanent'],
    ['553 sender', { MAIL: '553 not you' }, 'permanent'],
    ['452 message', { '.': '452 full' }, 'retry'],
    ['554 message', { '.': '554 spam' }, 'permanent'],
    ['connection lost after the message', { '.': 'drop' }, 'retry'],
    ['connection lost at once', { GREETING: 'drop' }, 'retry'],
  ])('%s', async (_name, script, outcome) => {
    const { notifier } = await scripted(script);
    expect(await notifier.send(notification())).toMatchObject({
      outcome,
      error: expect.stringMatching(/^.{3,300}$/) as unknown,
    });
  });

  it('is tried again when nobody listens', async () => {
    const server = await startScriptedSmtp();
    await server.stop();
    const notifier = createEmailNotifier(smtp(server.port), log);
    expect(await notifier.send(notification())).toMatchObject({
      outcome: 'retry',
      error: expect.stringContaining('ECONNREFUSED') as unknown,
    });
  });

  it.each(['silence', 'drip'])('gives up on a server that answers with %s', async (answer) => {
    const limits = { connectMs: 5_000, idleMs: 300, totalMs: 600 };
    const { notifier } = await scripted({ MAIL: answer }, limits);
    expect(await notifier.send(notification())).toMatchObject({ outcome: 'retry' });
  });

  it.each(['starttls', 'implicit'] as const)(
    'is not offered to a server whose certificate nobody vouches for (%s)',
    async (tls) => {
      let offered = false;
      // smtp-server brings a self-signed certificate.
      const server = new SMTPServer({
        secure: tls === 'implicit',
        authOptional: true,
        onMailFrom: (_address, _session, callback) => {
          offered = true;
          callback();
        },
      });
      server.on('error', () => undefined); // the client hangs up during the handshake
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      stops.push(
        () =>
          new Promise((resolve) => {
            server.close(resolve);
          }),
      );
      const address = server.server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const notifier = createEmailNotifier(smtp(port, { tls }), log);
      expect(await notifier.send(notification())).toMatchObject({
        outcome: 'retry',
        error: expect.stringContaining('certificate') as unknown,
      });
      expect(offered).toBe(false);
    },
  );

  it('is never sent in the clear when the server has no STARTTLS', async () => {
    const { server } = await scripted({});
    const notifier = createEmailNotifier(smtp(server.port, { tls: 'starttls' }), log);
    expect((await notifier.send(notification())).outcome).toBe('retry');
    expect(server.commands).not.toContain('MAIL');
  });

  it.each([
    'a@example.com, b@example.com',
    'A <a@example.com>',
    'a@example.com\r\nRCPT TO:<b@c.de>',
    '',
  ])('is refused for the recipient %j without a connection', async (recipient) => {
    const { server, notifier } = await scripted({});
    expect((await notifier.send(notification({ recipient }))).outcome).toBe('permanent');
    expect(server.commands).toEqual([]);
  });

  it('is given up when a newer release wrote it', async () => {
    const { notifier } = await scripted({});
    const outcome = await notifier.send(notification({ message: { version: 2 } }));
    expect(outcome).toEqual({
      outcome: 'permanent',
      error: 'this release cannot read the message',
    });
  });
});

it('a sender that is no bare address is refused at the start', () => {
  expect(() => createEmailNotifier(smtp(25, { from: 'driftd <d@example.com>' }), log)).toThrow(
    /smtp\.from.*is not a bare mail address/,
  );
});
