import { createTransport } from 'nodemailer';
import type { SmtpConfig } from '../../config/types.ts';
import { toError } from '../../platform/errors.ts';

const PROBE_MS = 10_000;

/**
 * Talks to the mail server up to the login, with TLS and its certificate as configured; sends nothing.
 * @returns null when it would take mail, else what went wrong
 */
export async function probeSmtp(smtp: SmtpConfig): Promise<string | null> {
  const transport = createTransport({
    host: smtp.host,
    port: smtp.port,
    secure: smtp.tls === 'implicit',
    requireTLS: smtp.tls === 'starttls',
    ignoreTLS: smtp.tls === 'none',
    ...(smtp.auth === null ? {} : { auth: { user: smtp.auth.username, pass: smtp.auth.password } }),
    connectionTimeout: PROBE_MS,
    greetingTimeout: PROBE_MS,
    socketTimeout: PROBE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.verify();
    return null;
  } catch (thrown) {
    return toError(thrown).message;
  } finally {
    transport.close();
  }
}
