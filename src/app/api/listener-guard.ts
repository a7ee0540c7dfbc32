import type { HttpConfig } from '../../config/types.ts';
import { DriftdError } from '../../platform/errors.ts';
import type { TokenStore } from '../../storage/api/token-store.ts';

/**
 * An API that asks for tokens when there is none would be shut to everyone, or is about to be opened to everyone.
 * @throws DriftdError LISTEN_UNSAFE
 */
export async function assertToken(
  { listen, auth, adminToken }: HttpConfig,
  tokens: TokenStore,
): Promise<void> {
  if (auth !== 'token' || adminToken !== null || (await tokens.any())) return;
  throw new DriftdError(
    'LISTEN_UNSAFE',
    `the API at ${listen.host}:${listen.port} asks for a token, and there is none that holds: make one with ` +
      '"driftd token create", name a file in http.admin_token_file, listen on 127.0.0.1, ' +
      'or say "auth: none" if everyone who reaches it may read, change and delete',
  );
}
