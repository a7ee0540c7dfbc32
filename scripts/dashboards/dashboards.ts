import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { daemonDashboard } from './daemon.ts';
import { featureDashboard } from './feature.ts';
import { fleetDashboard } from './fleet.ts';
import { modelDashboard } from './model.ts';

/** Grafana tells panels apart by number, and a panel's queries by letter. */
function numbered(dashboard: Dashboard): Dashboard {
  for (const [i, panel] of (dashboard.panels ?? []).entries()) {
    if (!('targets' in panel)) continue;
    panel.id = i + 1;
    for (const [j, target] of (panel.targets ?? []).entries())
      Object.assign(target, { refId: String.fromCodePoint('A'.charCodeAt(0) + j) });
  }
  return dashboard;
}

/** Every dashboard as the JSON that Grafana reads, by file name. */
export function dashboardFiles(): [name: string, json: string][] {
  const dashboards = [fleetDashboard(), modelDashboard(), featureDashboard(), daemonDashboard()];
  return dashboards.map((builder) => {
    const built = numbered(builder.build());
    return [`${built.uid ?? ''}.json`, `${JSON.stringify(built, null, 2)}\n`];
  });
}
