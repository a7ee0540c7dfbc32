import type { BaselineDesk } from '../../expose/api/baselines/desk.ts';
import { baselineRoutes } from '../../expose/api/baselines/routes.ts';
import { eventRoutes } from '../../expose/api/events/routes.ts';
import { reloadRoutes } from '../../expose/api/operations/reload.ts';
import type { Reloader } from '../../expose/api/operations/reload.ts';
import { statusRoutes } from '../../expose/api/operations/status.ts';
import type { RouteGroup } from '../../expose/api/register.ts';
import type { Clock } from '../../platform/clock.ts';
import type { EventInbox } from '../../storage/api/event-inbox.ts';
import type { StatusReader } from '../../storage/api/status-reader.ts';

/** What the groups of routes ask that bring ports of their own. */
export interface GroupPorts {
  readonly status: StatusReader;
  readonly reloader: Reloader;
  readonly baselines: BaselineDesk;
  /** null: no events are taken over HTTP. */
  readonly inbox: EventInbox | null;
  readonly clock: Clock;
}

/** The one list of these groups: the server and the OpenAPI document are made from it. */
export function furtherGroups({
  status,
  reloader,
  baselines,
  inbox,
  clock,
}: GroupPorts): readonly RouteGroup[] {
  return [
    statusRoutes(status),
    reloadRoutes(reloader),
    baselineRoutes(baselines, clock),
    eventRoutes(inbox),
  ];
}
