import type { BaselineDesk } from '../../expose/api/baselines/desk.ts';
import { baselineRoutes } from '../../expose/api/baselines/routes.ts';
import { eventRoutes } from '../../expose/api/events/routes.ts';
import type { EventIntake } from '../../expose/api/events/routes.ts';
import { reloadRoutes } from '../../expose/api/operations/reload.ts';
import type { Reloader } from '../../expose/api/operations/reload.ts';
import { statusRoutes } from '../../expose/api/operations/status.ts';
import type { RouteGroup } from '../../expose/api/register.ts';
import type { Clock } from '../../platform/clock.ts';
import type { StatusReader } from '../../storage/api/status-reader.ts';

/** What the groups of routes ask that bring ports of their own. */
export interface GroupPorts {
  readonly status: StatusReader;
  readonly reloader: Reloader;
  readonly baselines: BaselineDesk;
  /** null: no events are taken over HTTP. */
  readonly intake: EventIntake | null;
  readonly clock: Clock;
}

/** The one list of these groups: the server and the OpenAPI document are made from it. */
export function furtherGroups({
  status,
  reloader,
  baselines,
  intake,
  clock,
}: GroupPorts): readonly RouteGroup[] {
  return [
    statusRoutes(status),
    reloadRoutes(reloader),
    baselineRoutes(baselines, clock),
    eventRoutes(intake),
  ];
}
