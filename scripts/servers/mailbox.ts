import { simpleParser } from 'mailparser';
import type { ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerSession } from 'smtp-server';
import { toError } from '../../src/platform/errors.ts';

export interface MailboxOptions {
  /** Ask for this login; without it anyone may send. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Answers 5xx to a recipient for which this returns true. */
  readonly rejectRecipient?: (address: string) => boolean;
  /** Called for every accepted message, in order. */
  readonly onMessage?: (mail: ReceivedMail) => void;
}

/** A message as it came over the wire. */
export interface ReceivedMail {
  /** Envelope sender and recipients. */
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: Buffer;
  /** ms since the epoch. */
  readonly receivedAt: number;
  /** Headers, text, HTML and attachments, decoded. */
  parse(): Promise<ParsedMail>;
}

export interface Mailbox {
  readonly host: string;
  readonly port: number;
  readonly messages: readonly ReceivedMail[];
  /**
   * Resolves with all messages once there are `count`.
   *
   * @throws Error when they have not come within `timeoutMs` (default 30 s)
   */
  waitFor(count: number, timeoutMs?: number): Promise<readonly ReceivedMail[]>;
  /** Closes the listener and its connections. Can be called twice. */
  stop(): Promise<void>;
}

async function readAll(stream: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function mailOf(session: SMTPServerSession, raw: Buffer): ReceivedMail {
  const { mailFrom, rcptTo } = session.envelope;
  return {
    from: mailFrom === false ? '' : mailFrom.address,
    to: rcptTo.map((recipient) => recipient.address),
    raw,
    receivedAt: Date.now(),
    parse: () => simpleParser(raw),
  };
}

/** Starts a real SMTP server on a free loopback port that keeps what it is sent, in memory. */
export async function startMailbox(options: MailboxOptions = {}): Promise<Mailbox> {
  const messages: ReceivedMail[] = [];
  const waiting = new Set<() => void>();
  const { credentials } = options;
  const keep = async (stream: AsyncIterable<Buffer | string>, session: SMTPServerSession) => {
    try {
      const mail = mailOf(session, await readAll(stream));
      messages.push(mail);
      options.onMessage?.(mail);
      for (const wake of waiting) wake();
      return null;
    } catch (thrown) {
      return toError(thrown);
    }
  };
  const server = new SMTPServer({
    disabledCommands: credentials === undefined ? ['AUTH', 'STARTTLS'] : ['STARTTLS'],
    authOptional: credentials === undefined,
    allowInsecureAuth: true,
    closeTimeout: 500,
    onAuth: (auth, _session, callback) => {
      const known =
        auth.username === credentials?.username && auth.password === credentials?.password;
      if (known) callback(null, { user: auth.username ?? '' });
      else callback(new Error('Invalid username or password'));
    },
    onRcptTo: (recipient, _session, callback) => {
      if (options.rejectRecipient?.(recipient.address) === true)
        callback(new Error('No such mailbox'));
      else callback();
    },
    onData: (stream, session, callback) => {
      void keep(stream, session).then(callback);
    },
  });
  server.on('error', () => undefined); // a client that drops the connection
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.server.address();
  let closed: Promise<void> | undefined;
  return {
    host: '127.0.0.1',
    port: typeof address === 'object' && address !== null ? address.port : 0,
    messages,
    waitFor: (count, timeoutMs = 30_000) => waitForCount(messages, waiting, count, timeoutMs),
    stop: () =>
      (closed ??= new Promise((resolve) => {
        server.close(resolve);
      })),
  };
}

function waitForCount(
  messages: readonly ReceivedMail[],
  waiting: Set<() => void>,
  count: number,
  timeoutMs: number,
): Promise<readonly ReceivedMail[]> {
  return new Promise((resolve, reject) => {
    const check = (): void => {
      if (messages.length < count) return;
      clearTimeout(timer);
      waiting.delete(check);
      resolve(messages);
    };
    const timer = setTimeout(() => {
      waiting.delete(check);
      const got = String(messages.length);
      reject(new Error(`${got} of ${String(count)} messages came within ${String(timeoutMs)} ms`));
    }, timeoutMs);
    waiting.add(check);
    check();
  });
}
