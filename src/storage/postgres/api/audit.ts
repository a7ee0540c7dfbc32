import type { Actor } from '../../api/token-store.ts';
import type { Client } from '../pool.ts';

/** A line of the audit, in the transaction of what it tells of. */
export async function audit(
  client: Client,
  { name, requestId }: Actor,
  action: string,
  target: string,
  detail: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await client.query(
    'INSERT INTO audit (actor, action, target, detail, request_id) VALUES ($1, $2, $3, $4, $5)',
    [name, action, target, JSON.stringify(detail), requestId],
  );
}
