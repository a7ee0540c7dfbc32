import { readFile } from 'node:fs/promises';
import type { KafkaTokenConfig } from '../../config/types.ts';
import { systemClock } from '../../platform/clock.ts';

const ASK_MS = 10_000;
/** A token is used for this share of its life, then another is fetched. */
const USED_SHARE = 0.8;
/** Of servers that do not say how long a token lives. */
const DEFAULT_LIFE_S = 60;

/** Gives the token to log in with: fetched again when it is about to expire. Rejects with what went wrong. */
export type BearerTokens = () => Promise<string>;

export function createBearerTokens(config: KafkaTokenConfig): BearerTokens {
  if ('file' in config) return async () => (await readFile(config.file, 'utf8')).trim();
  let current: Promise<string> | null = null;
  let renewAt = -Infinity;
  return () => {
    if (current !== null && systemClock.monotonic() < renewAt) return current;
    // Several connections log in at the same time: they share one request.
    renewAt = Infinity;
    const asked = systemClock.monotonic();
    current = askToken(config).then(
      ({ token, seconds }) => {
        renewAt = asked + seconds * 1000 * USED_SHARE;
        return token;
      },
      (thrown: unknown) => {
        renewAt = -Infinity;
        throw thrown;
      },
    );
    return current;
  };
}

/** OAuth 2 client credentials: RFC 6749, section 4.4. */
async function askToken(
  config: Exclude<KafkaTokenConfig, { file: string }>,
): Promise<{ token: string; seconds: number }> {
  const { url, clientId, clientSecret, scope } = config;
  const login = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(login).toString('base64')}`,
      accept: 'application/json',
    },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      ...(scope === null ? {} : { scope }),
    }),
    redirect: 'error',
    signal: AbortSignal.timeout(ASK_MS),
  });
  if (!response.ok) throw new Error(`the token endpoint answers ${response.status}`);
  // What is no JSON is not repeated: it may hold anything, what was sent among it.
  const answer = (await response.json().catch(() => ({}))) as {
    access_token?: unknown;
    expires_in?: unknown;
  };
  if (typeof answer.access_token !== 'string')
    throw new Error('the token endpoint answers without access_token');
  const seconds = typeof answer.expires_in === 'number' ? answer.expires_in : DEFAULT_LIFE_S;
  return { token: answer.access_token, seconds };
}
