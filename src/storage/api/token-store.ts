import type { Scope } from '../../core/domain/access.ts';

/** A token as people see it: never its text, of which only a hash is kept. Times in ms since the epoch. */
export interface TokenRow {
  readonly id: number;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** null: every model. */
  readonly models: readonly string[] | null;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly rotatedAt: number | null;
  /** null: it does not expire. */
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** To the minute. */
  readonly lastUsedAt: number | null;
}

export interface TokenWrite {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly models: readonly string[] | null;
  /** From now; null: it does not expire. */
  readonly lifetimeMs: number | null;
}

/** A token that was just made, with its text: shown this once. */
export interface IssuedToken {
  readonly row: TokenRow;
  readonly token: string;
}

/** Who does something, as the audit keeps it. */
export interface Actor {
  readonly name: string;
  /** null: not over HTTP. */
  readonly requestId: string | null;
}

/** Tokens of the HTTP API. Every change leaves a line in the audit, in the same transaction. */
export interface TokenStore {
  /** null: there is a token of this name, revoked ones included. */
  create(write: TokenWrite, by: Actor): Promise<IssuedToken | null>;
  /** The token that this text is, when it holds now: not revoked, not expired. Takes as long for a wrong one. */
  authenticate(token: string): Promise<TokenRow | null>;
  /** By id, after this one. */
  list(after: number, limit: number): Promise<TokenRow[]>;
  find(id: number): Promise<TokenRow | null>;
  findByName(name: string): Promise<TokenRow | null>;
  /** false: there is none of this id that holds. */
  revoke(id: number, by: Actor): Promise<boolean>;
  /**
   * A new text for the same token; the old one goes on for `graceMs`.
   * @returns null: there is none of this id that holds
   */
  rotate(id: number, graceMs: number, by: Actor): Promise<IssuedToken | null>;
  /** Is there any token that holds now? */
  any(): Promise<boolean>;
}
