import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { systemClock } from '../../platform/clock.ts';
import type { Clock } from '../../platform/clock.ts';
import { toError } from '../../platform/errors.ts';
import type { SendOutcome } from '../notifier.ts';
import { printable } from '../printable.ts';
import { AddressDenied, guardedLookup, isPublicAddress } from './address-guard.ts';
import { outcomeOfStatus } from './status-outcome.ts';

/** What is kept of an answer: enough for an error line, however much the other side sends. */
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_ERROR_LENGTH = 300;
/** Shorter parts of an address are words, such as `hooks`. */
const MIN_KEY_LENGTH = 12;
/** The whole attempt: name, connection, TLS, answer. */
const TOTAL_MS = 10_000;

export interface PostRequest {
  /** Default POST. */
  readonly method?: 'GET' | 'POST';
  readonly url: string;
  /** Addresses of private networks and plain http are allowed. */
  readonly allowPrivate: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Texts that no error may show. */
  readonly secrets: readonly string[];
}

export interface Poster {
  /** One request in bounded time; follows no redirect. Never rejects. */
  post(request: PostRequest): Promise<SendOutcome>;
  /** Ends what is under way. */
  close(): void;
}

export function createPoster(totalMs: number = TOTAL_MS, clock: Clock = systemClock): Poster {
  const open = new Set<AbortController>();
  return {
    async post(request) {
      const denied = denialOf(request);
      if (denied !== null) return { outcome: 'permanent', error: denied };
      const secrets = [...request.secrets, ...keysIn(request.url)];
      const attempt = new AbortController();
      open.add(attempt);
      const timer = setTimeout(() => {
        attempt.abort(new Error(`no complete answer within ${String(totalMs)} ms`));
      }, totalMs);
      try {
        const { status, retryAfter, text } = await exchange(request, attempt.signal);
        return outcomeOfStatus(status, retryAfter, safe(text, secrets), clock.now());
      } catch (thrown) {
        const error = toError(attempt.signal.aborted ? attempt.signal.reason : thrown);
        const outcome = error instanceof AddressDenied ? 'permanent' : 'retry';
        return { outcome, error: safe(error.message || error.name, secrets) };
      } finally {
        clearTimeout(timer);
        open.delete(attempt);
      }
    },
    close() {
      for (const attempt of open) attempt.abort(new Error('driftd is stopping'));
    },
  };
}

/** Why a request is not even tried; null: it may go. */
function denialOf({ url, allowPrivate }: PostRequest): string | null {
  const parsed = URL.parse(url);
  if (parsed === null) return 'the URL cannot be read';
  if (parsed.username !== '' || parsed.password !== '') return 'the URL holds a user name';
  if (allowPrivate) {
    return /^https?:$/.test(parsed.protocol) ? null : 'the URL is neither http nor https';
  }
  if (parsed.protocol !== 'https:') return 'the URL is not https; allow_private permits http';
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 || isPublicAddress(host) ? null : new AddressDenied(host).message;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

function exchange(request: PostRequest, signal: AbortSignal): Promise<Answer> {
  const { url, headers, body, allowPrivate, method = 'POST' } = request;
  return new Promise((resolve, reject) => {
    const open = new URL(url).protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = open(
      url,
      {
        method,
        agent: false,
        signal,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'driftd',
          ...headers,
        },
        ...(allowPrivate ? {} : { lookup: guardedLookup() }),
      },
      (response) => {
        read(response).then(resolve, reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The answer, as much of it as is kept; the rest is not waited for. */
async function read(response: IncomingMessage): Promise<Answer> {
  const status = response.statusCode ?? 0;
  const retryAfter = response.headers['retry-after'];
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return { status, retryAfter, text: Buffer.concat(parts).toString('utf8') };
}

/** Parts of an address that may be a key: the far side may repeat its path without the rest. */
function keysIn(url: string): string[] {
  const { pathname, search, searchParams } = new URL(url);
  const values = [...searchParams.values()];
  const parts = [...pathname.split('/'), ...values, ...values.map(encodeURIComponent)];
  return [`${pathname}${search}`, search, ...parts].filter((part) => part.length >= MIN_KEY_LENGTH);
}

function safe(text: string, secrets: readonly string[]): string {
  let shown = text;
  // A longer one may hold a shorter one.
  for (const secret of secrets.toSorted((a, b) => b.length - a.length))
    if (secret !== '') shown = shown.replaceAll(secret, '***');
  return printable(shown.replace(/\s+/g, ' ').trim()).slice(0, MAX_ERROR_LENGTH).toWellFormed();
}
