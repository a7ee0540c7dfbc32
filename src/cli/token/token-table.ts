import type { TokenRow } from '../../app/api/token-actions.ts';

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
  const cells = rows.map((row) => [
    shown(row.name),
    row.scopes.join(','),
    row.models === null ? 'all models' : shown(row.models.join(',')),
    stateOf(row, now),
    row.lastUsedAt === null ? 'never used' : `last used ${iso(row.lastUsedAt) ?? ''}`,
  ]);
  const widths = [0, 1, 2, 3].map((i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  return cells
    .map((line) => `${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}\n`)
    .join('');
}

function stateOf({ revokedAt, expiresAt }: TokenRow, now: number): string {
  if (revokedAt !== null) return `revoked ${iso(revokedAt) ?? ''}`;
  if (expiresAt === null) return 'holds';
  return `${expiresAt <= now ? 'expired' : 'until'} ${iso(expiresAt) ?? ''}`;
}

/** Names may hold anything: a terminal must not act on it. */
function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '\uFFFD');
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString().replace('.000Z', 'Z');
}
