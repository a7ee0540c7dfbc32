import { connect, type Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import type { Message } from '../../core/alerting/message.ts';
import type { SmtpConfig } from '../../config/types.ts';
import { toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { readMessage, UNREADABLE } from '../notifier.ts';
import type { Notification, Notifier, SendOutcome } from '../notifier.ts';
import { bodyOf } from './body.ts';
import type { MailBody, RenderPng } from './body.ts';
import { assertMailAddress, isMailAddress } from './address.ts';
import { threadOf } from './envelope.ts';
import { outcomeOf } from './smtp-outcome.ts';
import { subjectOf } from '../subject.ts';

export interface EmailLimits {
  readonly connectMs: number;
  /** Silence of the server within a conversation. */
  readonly idleMs: number;
  /** The whole attempt, also against a server that answers one byte at a time. */
  readonly totalMs: number;
}

export interface EmailOptions {
  readonly limits?: EmailLimits;
  /** Makes a PNG of an SVG. Without it, or when it fails, pictures are made of table cells. */
  readonly renderPng?: RenderPng;
}

const LIMITS: EmailLimits = { connectMs: 10_000, idleMs: 30_000, totalMs: 60_000 };

/**
 * Sends digests by SMTP, one connection and one recipient a message.
 * @throws DriftdError CONFIG_INVALID when the sender is not a bare address
 */
export function createEmailNotifier(
  smtp: SmtpConfig,
  log: Log,
  { limits = LIMITS, renderPng }: EmailOptions = {},
): Notifier {
  assertMailAddress(smtp.from, 'smtp.from');
  if (smtp.tls === 'none')
    log.warn({ host: smtp.host }, 'smtp.tls is none: mail leaves this process unencrypted');
  const open = new Set<Socket>();
  return {
    channel: 'email',
    async send(notification) {
      const refused = refuse(notification);
      if (refused !== null) return { outcome: 'permanent', error: refused };
      const message = readMessage(notification.message);
      if (message === null) return UNREADABLE;
      const body = await bodyOf(message, renderPng ?? null, log);
      const mail = { ...addressed(notification, message, smtp.from), ...body };
      const socket = connect({ host: smtp.host, port: smtp.port });
      open.add(socket);
      const deadline = setTimeout(() => {
        socket.destroy(new Error(`no complete answer within ${String(limits.totalMs)} ms`));
      }, limits.totalMs);
      try {
        return await attempt(socket, smtp, limits, mail);
      } finally {
        clearTimeout(deadline);
        socket.destroy();
        open.delete(socket);
      }
    },
    close() {
      for (const socket of open) socket.destroy(new Error('driftd is stopping'));
      return Promise.resolve();
    },
  };
}

/** Why a row can never be sent; null: it can. */
function refuse({ recipient }: Notification): string | null {
  return isMailAddress(recipient) ? null : 'the recipient is not a bare mail address';
}

function addressed(
  { recipient, dedupKey, createdAt }: Notification,
  message: Message,
  from: string,
) {
  return {
    from: { name: 'driftd', address: from },
    to: { name: '', address: recipient },
    // Explicit, so that no header is ever taken apart into recipients.
    envelope: { from, to: [recipient] },
    subject: subjectOf(message),
    date: new Date(createdAt),
    ...threadOf(message, dedupKey, from),
  };
}

type Mail = ReturnType<typeof addressed> & MailBody;

async function attempt(
  socket: Socket,
  smtp: SmtpConfig,
  limits: EmailLimits,
  mail: Mail,
): Promise<SendOutcome> {
  let fail: (error: Error) => void = () => undefined;
  const broken = new Promise<never>((_resolve, reject) => (fail = reject));
  socket.on('error', (error) => {
    fail(error);
  });
  // The deadline may strike when nobody listens to the socket any more.
  broken.catch(() => undefined);
  try {
    await Promise.race([connected(socket, limits.connectMs), broken]);
    const transport = createTransport({
      host: smtp.host,
      port: smtp.port,
      connection: socket,
      secure: smtp.tls === 'implicit',
      requireTLS: smtp.tls === 'starttls',
      ignoreTLS: smtp.tls === 'none',
      ...(smtp.auth === null
        ? {}
        : { auth: { user: smtp.auth.username, pass: smtp.auth.password } }),
      greetingTimeout: limits.connectMs,
      socketTimeout: limits.idleMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    await Promise.race([transport.sendMail(mail), broken]);
    return { outcome: 'sent' };
  } catch (thrown) {
    return outcomeOf(socket.errored ?? toError(thrown));
  }
}

function connected(socket: Socket, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no connection within ${String(timeoutMs)} ms`));
    }, timeoutMs);
    socket.once('connect', resolve);
    socket.once('connect', () => {
      clearTimeout(timer);
    });
    socket.once('close', () => {
      clearTimeout(timer);
    });
  });
}
