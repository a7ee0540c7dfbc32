import { randomBytes } from 'node:crypto';

import type { Actor, IssuedToken, TokenRow, TokenStore } from '../../api/token-store.ts';
import { inTransaction } from '../pool.ts';
import type { Client, Pool } from '../pool.ts';
import { audit } from './audit.ts';
import { keyIdOf, matches, newToken } from './token-text.ts';

const COLUMNS = `id, name, scopes, models, created_at AS "createdAt", created_by AS "createdBy",
  rotated_at AS "rotatedAt", expires_at AS "expiresAt", revoked_at AS "revokedAt", last_used_at AS "lastUsedAt"`;
const HOLDS = 'revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())';

/** Compared with when no token has the key id: a wrong text takes the same time. */
const NOBODY = randomBytes(32);

export function createTokenStore(pool: Pool): TokenStore {
  async function one(where: string, parameter: unknown): Promise<TokenRow | null> {
    const { rows } = await pool.query<TokenRow>(`SELECT ${COLUMNS} FROM api_token WHERE ${where}`, [
      parameter,
    ]);
    return rows[0] ?? null;
  }
  return {
    create: ({ name, scopes, models, lifetimeMs }, by) =>
      inTransaction(pool, async (client) => {
        const { text, keyId, hash } = newToken();
        const { rows } = await client.query<TokenRow>(
          `INSERT INTO api_token (name, scopes, models, key_id, hash, created_by, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 millisecond')
           ON CONFLICT (name) DO NOTHING RETURNING ${COLUMNS}`,
          [name, scopes, models, keyId, hash, by.name, lifetimeMs],
        );
        const row = rows[0];
        if (row === undefined) return null;
        await audit(client, by, 'token.create', name, { scopes, models, expiresAt: row.expiresAt });
        return { row, token: text };
      }),
    authenticate: (text) => authenticate(pool, text),
    async list(after, limit) {
      const { rows } = await pool.query<TokenRow>(
        `SELECT ${COLUMNS} FROM api_token WHERE id > $1::bigint ORDER BY id LIMIT $2`,
        [after, limit],
      );
      return rows;
    },
    find: (id) => one('id = $1', id),
    findByName: (name) => one('name = $1', name),
    revoke: (id, by) =>
      inTransaction(pool, async (client) => {
        const { rows } = await client.query<{ name: string }>(
          `UPDATE api_token SET revoked_at = now(), previous_until = NULL WHERE id = $1 AND ${HOLDS} RETURNING name`,
          [id],
        );
        if (rows[0] === undefined) return false;
        await audit(client, by, 'token.revoke', rows[0].name);
        return true;
      }),
    rotate: (id, graceMs, by) => inTransaction(pool, (client) => rotate(client, id, graceMs, by)),
    async any() {
      const { rows } = await pool.query<{ any: boolean }>(
        `SELECT EXISTS (SELECT 1 FROM api_token WHERE ${HOLDS}) AS any`,
      );
      return rows[0]?.any ?? false;
    },
  };
}

async function rotate(
  client: Client,
  id: number,
  graceMs: number,
  by: Actor,
): Promise<IssuedToken | null> {
  const { text, keyId, hash } = newToken();
  const { rows } = await client.query<TokenRow>(
    `UPDATE api_token SET previous_key_id = key_id, previous_hash = hash,
       previous_until = now() + $4 * interval '1 millisecond', key_id = $2, hash = $3, rotated_at = now()
     WHERE id = $1 AND ${HOLDS} RETURNING ${COLUMNS}`,
    [id, keyId, hash, graceMs],
  );
  const row = rows[0];
  if (row === undefined) return null;
  await audit(client, by, 'token.rotate', row.name, { graceMs });
  return { row, token: text };
}

async function authenticate(pool: Pool, text: string): Promise<TokenRow | null> {
  const keyId = keyIdOf(text);
  const { rows } = await pool.query<
    TokenRow & { hash: Buffer; previousHash: Buffer | null; current: boolean; used: boolean }
  >(
    `SELECT ${COLUMNS}, hash, previous_hash AS "previousHash", key_id = $1 AS current,
       coalesce(last_used_at > now() - interval '1 minute', false) AS used
     FROM api_token
     WHERE (key_id = $1 OR (previous_key_id = $1 AND previous_until > now())) AND ${HOLDS}`,
    [keyId ?? ''],
  );
  const found = rows[0];
  const hash = found === undefined ? NOBODY : found.current ? found.hash : found.previousHash;
  if (!matches(text, hash ?? NOBODY) || found === undefined) return null;
  const { hash: _hash, previousHash: _previous, current: _current, used, ...row } = found;
  if (!used) await pool.query('UPDATE api_token SET last_used_at = now() WHERE id = $1', [row.id]);
  return row;
}
