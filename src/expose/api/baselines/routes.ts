import type { Clock } from '../../../platform/clock.ts';
import type { RouteGroup } from '../register.ts';
import { changeRoutes } from './change-routes.ts';
import type { BaselineDesk } from './desk.ts';
import { lookRoutes } from './look-routes.ts';
import { uploadRoute } from './upload-route.ts';

/** Baselines: upload, check, look, compare, try on stored days, activate, take back. */
export function baselineRoutes(desk: BaselineDesk, clock: Pick<Clock, 'now'>): RouteGroup {
  return (api) => {
    lookRoutes(api, desk);
    changeRoutes(api, desk);
    uploadRoute(api, desk, clock);
  };
}
