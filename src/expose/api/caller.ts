import type { FastifyRequest } from 'fastify';

import { grants } from '../../core/domain/access.ts';
import type { Scope } from '../../core/domain/access.ts';
import type { Actor } from '../../storage/api/token-store.ts';

/** Who asks: what the log and the audit call him, and what he may do. */
export interface Caller {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The only models he may ask about; null: all. */
  readonly models: readonly string[] | null;
}

/** Which models a route is about: the one in its path; those its answer is confined to; all of them. */
export type RouteModels = 'param' | 'filtered' | 'every';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a caller must be allowed; `open`: nothing. Every route of the API has one. */
    readonly scope?: Scope | 'open';
    readonly models?: RouteModels;
    /** Types of a body that no schema describes: files as they are, for the document. */
    readonly bodyTypes?: readonly string[];
  }
  interface FastifyRequest {
    caller: Caller | null;
  }
}

/** May the caller do this? Whoever may write a baseline may look, too. */
export function allows({ scopes }: Caller, scope: Scope): boolean {
  return grants(scopes, scope) || (scope === 'read' && scopes.includes('baseline:write'));
}

/** May the caller ask about this model? */
export function seesModel(caller: Caller | null, model: string): boolean {
  return caller !== null && (caller.models === null || caller.models.includes(model));
}

/** Who does something, for the audit. */
export function actorOf(request: FastifyRequest): Actor {
  return { name: request.caller?.name ?? 'nobody', requestId: request.id };
}
