import { daemonDashboard } from './daemon.ts';
import { featureDashboard } from './feature.ts';
import { fleetDashboard } from './fleet.ts';
import { modelDashboard } from './model.ts';

/** Every dashboard as the JSON that Grafana reads, by file name. */
export function dashboardFiles(): [name: string, json: string][] {
  const dashboards = [fleetDashboard(), modelDashboard(), featureDashboard(), daemonDashboard()];
  return dashboards.map((builder) => {
    const built = builder.build();
    return [`${built.uid ?? ''}.json`, `${JSON.stringify(built, null, 2)}\n`];
  });
}
