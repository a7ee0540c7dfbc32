import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as BarGaugeBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import { VizOrientation } from '@grafana/grafana-foundation-sdk/common';
import {
  dashboard,
  HALF,
  lines,
  linkTo,
  number,
  PROMETHEUS,
  promql,
  promqlNow,
  states,
  steps,
  UID,
} from './parts.ts';

const PSI = 'max by (model, feature) (driftd_feature_psi{segment="all"})';
const STATE = 'max by (model, feature) (driftd_feature_status{segment="all"})';

/** All models at a glance: which one needs a look. */
export function fleetDashboard(): DashboardBuilder {
  return dashboard('driftd / Fleet', UID.fleet, 'Every model: its state, and the worst features.')
    .withPanel(number('Models', 'short', 'count(max by (model) (driftd_model_features))'))
    .withPanel(
      number(
        'Drifted features',
        'short',
        'sum(max by (model) (driftd_model_drifted_features))',
      ).thresholds(steps([1, 'red'])),
    )
    .withPanel(
      number(
        'Alerts firing',
        'short',
        'count(max by (model, feature) (driftd_alert_state) == 2) or vector(0)',
      ).thresholds(steps([1, 'red'])),
    )
    .withPanel(
      number(
        'Models without data',
        'short',
        'count(max by (model) (driftd_feature_status{segment="all"}) == -2) or vector(0)',
      ).thresholds(steps([1, 'purple'])),
    )
    .withPanel(
      states(
        'Worst state of each model',
        'max by (model) (driftd_feature_status{segment="all"})',
        '{{model}}',
      ).dataLinks([linkTo(UID.model, 'Open the model', 'model')]),
    )
    .withPanel(
      new BarGaugeBuilder()
        .title('Worst features: by state, then by PSI, which is shown')
        .datasource(PROMETHEUS)
        .withTarget(
          promqlNow(
            // Every kind of feature has a PSI; the state comes before it, the PSI decides among equal states.
            `sort_desc(${PSI} and topk(15, ${STATE} + on (model, feature) clamp_max(${PSI}, 0.999)))`,
            '{{model}} / {{feature}}',
          ),
        )
        .orientation(VizOrientation.Horizontal)
        .min(0)
        .thresholds(steps([0.1, 'yellow'], [0.2, 'orange'], [0.3, 'red']))
        .dataLinks([linkTo(UID.feature, 'Open the feature', 'model', 'feature')])
        .span(HALF)
        .height(10),
    )
    .withPanel(
      lines('Events by model', 'cps', [
        promql('max by (model) (rate(driftd_model_events_total[5m]))', '{{model}}'),
      ]).height(10),
    )
    .withPanel(
      lines('Share of features drifted', 'percentunit', [
        promql(
          'max by (model) (driftd_model_drifted_features) / max by (model) (driftd_model_features)',
          '{{model}}',
        ),
      ]).min(0),
    )
    .withPanel(
      lines('Time since the newest event', 's', [
        promql('time() - max by (model) (driftd_model_last_event_timestamp_seconds)', '{{model}}'),
      ]),
    );
}
