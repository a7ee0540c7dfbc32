import type { TokenRow } from '../../app/api/token-actions.ts';
import { table } from '../status/table.ts';

export function tokenJson(row: TokenRow) {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    models: row.models,
    createdAt: iso(row.createdAt),
    createdBy: row.createdBy,
    rotatedAt: iso(row.rotatedAt),
    expiresAt: iso(row.expiresAt),
    revokedAt: iso(row.revokedAt),
    lastUsedAt: iso(row.lastUsedAt),
  };
}

/** One line a token, oldest first. */
export function tokenLines(rows: readonly TokenRow[], now: number): string {
  if (rows.length === 0) return 'There is no token; "driftd token create" makes one.\n';
  const lines = rows.map((row) => [
    row.name,
    row.scopes.join(','),
    row.models?.join(',') ?? 'all',
    stateOf(row, now),
    iso(row.lastUsedAt) ?? 'never',
  ]);
  return `${table(['token', 'scopes', 'models', 'state', 'last used'], lines)}\n`;
}

function stateOf({ revokedAt, expiresAt }: TokenRow, now: number): string {
  if (revokedAt !== null) return `revoked ${iso(revokedAt) ?? ''}`;
  if (expiresAt === null) return 'holds';
  return `${expiresAt <= now ? 'expired' : 'until'} ${iso(expiresAt) ?? ''}`;
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString().replace('.000Z', 'Z');
}
