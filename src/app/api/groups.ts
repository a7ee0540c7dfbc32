import type { RouteGroup } from '../../expose/api/register.ts';

/** What the groups of routes ask that bring ports of their own. */
export type GroupPorts = Readonly<Record<never, never>>;

/** The one list of these groups: the server and the OpenAPI document are made from it. */
export function furtherGroups(_ports: GroupPorts): readonly RouteGroup[] {
  return [];
}
