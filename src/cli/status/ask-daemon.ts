import { parseStatus } from '../../app/status/status.ts';
import type { StatusDocument } from '../../app/status/status.ts';
import { DriftdError, toError } from '../../platform/errors.ts';

const ANSWER_MS = 15_000;

/**
 * How everything stands, from a running daemon: it needs neither configuration nor database here.
 * @param address like http://127.0.0.1:8080
 * @param token null: the daemon asks for none
 * @throws DriftdError DAEMON_UNREACHABLE when it does not answer, or not with this
 */
export async function askDaemon(address: string, token: string | null): Promise<StatusDocument> {
  const fail = (why: string, cause?: unknown): DriftdError =>
    new DriftdError('DAEMON_UNREACHABLE', `driftd at ${address} does not tell its status: ${why}`, {
      cause,
    });
  if (!URL.canParse(address)) throw fail('this is no address, write it like http://127.0.0.1:8080');
  let response: Response;
  try {
    response = await fetch(new URL('/api/v1/status', address), {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(ANSWER_MS),
      redirect: 'error',
    });
  } catch (thrown) {
    throw fail(`${causeOf(thrown)}; is it running, with the role serve?`, thrown);
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw fail(`${String(response.status)}, ${detailOf(body)}`);
  try {
    return parseStatus(body);
  } catch (thrown) {
    throw fail('the answer is no status; do both have the same version?', thrown);
  }
}

/** fetch hides the reason one level down. */
function causeOf(thrown: unknown): string {
  const { cause, message } = toError(thrown);
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}

function detailOf(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'detail' in body) return String(body.detail);
  return 'without a reason';
}
