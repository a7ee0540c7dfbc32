import { toError } from '../../platform/errors.ts';
import type { SendOutcome } from '../notifier.ts';
import { printable } from '../printable.ts';

const MAX_ERROR_LENGTH = 300;

/** What nodemailer adds to the errors it rejects with. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
}

/**
 * What a failed attempt means. A 5xx to the sender, the recipient or the message is final. A 4xx, a broken connection
 * and everything before the message is offered (TLS, login, a greeting that refuses) may be mended: it is tried again.
 */
export function outcomeOf(thrown: unknown): SendOutcome {
  const error = toError(thrown) as SmtpError;
  const text = printable(error.message.replace(/\s+/g, ' ')).slice(0, MAX_ERROR_LENGTH);
  const aboutMessage = error.code === 'EENVELOPE' || error.code === 'EMESSAGE';
  // Without an answer of the server, the library refused the addresses by itself: it always will.
  const final =
    error.responseCode === undefined ? error.code === 'EENVELOPE' : error.responseCode >= 500;
  return { outcome: aboutMessage && final ? 'permanent' : 'retry', error: text };
}
