/** What a token of the HTTP API allows. `admin` allows everything. */
export const SCOPES = ['read', 'baseline:write', 'events:write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Does who holds these scopes have the one that is needed? */
export function grants(held: readonly Scope[], needed: Scope): boolean {
  return held.includes(needed) || held.includes('admin');
}
