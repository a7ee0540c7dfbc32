import type { SendOutcome } from '../notifier.ts';

/** Answers that may be different next time: request timeout, too early, too many requests; and every 5xx. */
const RETRIED = new Set([408, 425, 429]);
const MAX_TEXT = 200;

/**
 * What an HTTP answer means. 2xx: delivered. 408, 425, 429, 5xx: later, not before Retry-After. Everything else, a
 * redirect too, stays wrong however often it is tried.
 */
export function outcomeOfStatus(
  status: number,
  retryAfter: string | undefined,
  text: string,
  now: number,
): SendOutcome {
  if (status >= 200 && status < 300) return { outcome: 'sent' };
  const told = text === '' ? '' : `: ${text.slice(0, MAX_TEXT)}`;
  const error = `HTTP ${String(status)}${told}`;
  if (!RETRIED.has(status) && status < 500) return { outcome: 'permanent', error };
  const retryAfterMs = retryAfterOf(retryAfter, now);
  return { outcome: 'retry', error, ...(retryAfterMs === null ? {} : { retryAfterMs }) };
}

/** RFC 9110: seconds or a date. null: not given, or not understood. */
function retryAfterOf(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1000;
  if (!/^\s*[A-Z][a-z]{2,8},? /.test(header)) return null;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
