import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  dashboard,
  FULL,
  lines,
  linkTo,
  modelVariable,
  number,
  promql,
  segmentVariable,
  states,
  steps,
  UID,
  windowVariable,
} from './parts.ts';

const SERIES = '{model="$model", window="$window", segment="$segment"}';

function byFeature(metric: string): ReturnType<typeof promql> {
  return promql(`max by (feature) (${metric}${SERIES})`, '{{feature}}');
}

/** One model: all its features over time. */
export function modelDashboard(): DashboardBuilder {
  const feature = linkTo(UID.feature, 'Open the feature', 'feature').url(
    `/d/${UID.feature}?var-model=$model&var-window=$window&var-segment=$segment&var-feature=\${__field.labels.feature}&\${__url_time_range}`,
  );
  return dashboard(
    'driftd / Model',
    UID.model,
    'One model: states, distances, volume and missing values of its features.',
    { model: 'model="$model"' },
  )
    .withVariable(modelVariable())
    .withVariable(windowVariable())
    .withVariable(segmentVariable())
    .withPanel(number('Features', 'short', 'max(driftd_model_features{model="$model"})'))
    .withPanel(
      number('Drifted', 'short', 'max(driftd_model_drifted_features{model="$model"})').thresholds(
        steps([1, 'red']),
      ),
    )
    .withPanel(number('Events', 'short', 'max(driftd_model_events_total{model="$model"})'))
    .withPanel(
      number(
        'Age of the baseline',
        's',
        'time() - max(driftd_baseline_created_timestamp_seconds{model="$model"})',
      ),
    )
    .withPanel(
      states(
        'State of each feature',
        'max by (feature) (driftd_feature_status{model="$model", segment="$segment"})',
        '{{feature}}',
      )
        .height(12)
        .dataLinks([feature]),
    )
    .withPanel(
      lines('KS distance from the baseline', 'short', [byFeature('driftd_feature_ks_statistic')])
        .min(0)
        .max(1)
        .dataLinks([feature]),
    )
    .withPanel(
      lines('PSI', 'short', [byFeature('driftd_feature_psi')])
        .min(0)
        .dataLinks([feature]),
    )
    .withPanel(
      lines('What it predicts: quantiles and mean of the window', 'short', [
        promql(
          'max by (feature, share) (driftd_model_prediction{model="$model", window="$window"})',
          '{{feature}} {{share}}',
        ),
        promql(
          'max by (feature) (driftd_model_prediction_mean{model="$model", window="$window"})',
          '{{feature}} mean',
        ),
      ]),
    )
    .withPanel(
      lines('Predictions in the window', 'short', [
        promql(
          'max by (feature) (driftd_model_predictions{model="$model", window="$window"})',
          '{{feature}}',
        ),
      ]).min(0),
    )
    .withPanel(lines('Values in the window', 'short', [byFeature('driftd_feature_samples')]).min(0))
    .withPanel(lines('Missing', 'percentunit', [byFeature('driftd_feature_missing_ratio')]).min(0))
    .withPanel(
      lines('Outside the range of the baseline', 'percentunit', [
        byFeature('driftd_feature_out_of_range_ratio'),
      ]).min(0),
    )
    .withPanel(
      lines('In categories that the baseline never had', 'percentunit', [
        byFeature('driftd_feature_unseen_category_ratio'),
      ]).min(0),
    )
    .withPanel(
      lines(
        'Events',
        'cps',
        [promql('max(rate(driftd_model_events_total{model="$model"}[5m]))', 'events')],
        FULL,
      ).min(0),
    );
}
