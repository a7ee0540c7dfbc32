import { apiDocument } from '../../expose/api/document.ts';
import { furtherGroups } from './groups.ts';
import type { GroupPorts } from './groups.ts';

/** The OpenAPI document of the API with all its groups; nothing behind it is needed. */
export function openApiDocument(version: string): Promise<object> {
  // Groups take their ports when they are made and ask them when a request comes: none does here.
  const nothing: unknown = new Proxy(() => undefined, {
    // What a route of events is made with are numbers, too.
    get: (_, port) => (port === 'intake' ? null : nothing),
    apply: () => nothing,
  });
  return apiDocument(version, furtherGroups(nothing as GroupPorts));
}
