import { createTransport } from 'nodemailer';
import { afterEach, describe, expect, it } from 'vitest';
import { startMailbox } from '../../scripts/servers/mailbox.ts';
import type { Mailbox } from '../../scripts/servers/mailbox.ts';

let mailbox: Mailbox | undefined;
afterEach(() => mailbox?.stop());

const MAIL = { from: 'driftd@example.com', to: 'oncall@example.com', subject: 'temp drifted' };

describe('startMailbox', () => {
  it('keeps what was sent, raw and parsed', async () => {
    mailbox = await startMailbox();
    const transport = createTransport({ host: mailbox.host, port: mailbox.port, secure: false });
    await transport.sendMail({ ...MAIL, text: 'PSI 0.31' });
    const [mail] = await mailbox.waitFor(1);
    expect(mail?.from).toBe(MAIL.from);
    expect(mail?.to).toEqual([MAIL.to]);
    const parsed = await mail?.parse();
    expect(parsed?.subject).toBe(MAIL.subject);
    expect(parsed?.text?.trim()).toBe('PSI 0.31');
  });

  it('refuses a wrong password and a rejected recipient', async () => {
    mailbox = await startMailbox({
      credentials: { username: 'driftd', password: 'right' },
      rejectRecipient: (address) => address.startsWith('nobody@'),
    });
    const at = { host: mailbox.host, port: mailbox.port, secure: false };
    const wrong = createTransport({ ...at, auth: { user: 'driftd', pass: 'wrong' } });
    await expect(wrong.sendMail({ ...MAIL, text: 'x' })).rejects.toThrow(/Invalid/);
    const right = createTransport({ ...at, auth: { user: 'driftd', pass: 'right' } });
    await expect(right.sendMail({ ...MAIL, to: 'nobody@example.com', text: 'x' })).rejects.toThrow(
      /No such mailbox|rejected/,
    );
    await right.sendMail({ ...MAIL, text: 'x' });
    expect(mailbox.messages).toHaveLength(1);
  });

  it('says how many messages came when they stay out', async () => {
    mailbox = await startMailbox();
    await expect(mailbox.waitFor(1, 50)).rejects.toThrow('0 of 1 messages came within 50 ms');
  });
});
