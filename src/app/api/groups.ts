import { statusRoutes } from '../../expose/api/operations/status.ts';
import type { RouteGroup } from '../../expose/api/register.ts';
import type { StatusReader } from '../../storage/api/status-reader.ts';

/** What the groups of routes ask that bring ports of their own. */
export interface GroupPorts {
  readonly status: StatusReader;
}

/** The one list of these groups: the server and the OpenAPI document are made from it. */
export function furtherGroups({ status }: GroupPorts): readonly RouteGroup[] {
  return [statusRoutes(status)];
}
