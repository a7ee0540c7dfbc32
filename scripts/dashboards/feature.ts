import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { distributionPanels } from './distribution.ts';
import {
  dashboard,
  featureVariable,
  FULL,
  lines,
  modelVariable,
  POSTGRES,
  promql,
  segmentVariable,
  sql,
  states,
  UID,
  windowVariable,
} from './parts.ts';

const SERIES = '{model="$model", feature="$feature", window="$window", segment="$segment"}';

function one(metric: string, legend: string): ReturnType<typeof promql> {
  return promql(`max(${metric}${SERIES})`, legend);
}

/** The stored evaluations of the chosen feature within the shown time. */
const JUDGEMENTS = `
SELECT e.window_end AS "window end", e.revision, s.window_name AS "window", s.verdict, s.n, s.m,
       s.psi AS "PSI", s.ks_low AS "KS from", s.ks_high AS "KS to", s.ks_log_p / ln(10) AS "log10 p"
  FROM score s
  JOIN evaluation e ON e.id = s.evaluation_id
  JOIN feature f ON f.id = s.feature_id
  JOIN model m ON m.id = f.model_id
 WHERE m.name = \${model:sqlstring} AND f.name = \${feature:sqlstring} AND s.segment = \${segment:sqlstring}
   AND $__timeFilter(e.window_end)
 ORDER BY e.window_end DESC, e.revision DESC
 LIMIT 500`;

/** One feature: how far it is from its baseline, and since when. */
export function featureDashboard(): DashboardBuilder {
  const board = dashboard(
    'driftd / Feature',
    UID.feature,
    'One feature: its distances, volume and quality over time.',
    { model: 'model="$model"', feature: 'feature="$feature"' },
  )
    .withVariable(modelVariable())
    .withVariable(featureVariable())
    .withVariable(windowVariable())
    .withVariable(segmentVariable())
    .withPanel(
      states(
        'State',
        'max by (feature) (driftd_feature_status{model="$model", feature="$feature", segment="$segment"})',
        '{{feature}}',
      ).height(4),
    )
    .withPanel(
      lines('KS distance: the exact one lies between the two', 'short', [
        one('driftd_feature_ks_statistic', 'from'),
        promql(
          `max(driftd_feature_ks_statistic${SERIES}) + max(driftd_feature_ks_error_bound${SERIES})`,
          'to',
        ),
        one('driftd_feature_minimum_detectable_effect', 'least that could be proven'),
      ])
        .min(0)
        .max(1),
    )
    .withPanel(lines('PSI', 'short', [one('driftd_feature_psi', 'PSI')]).min(0));
  for (const panel of distributionPanels()) board.withPanel(panel);
  return board
    .withPanel(
      lines('Share of the values', 'percentunit', [
        one('driftd_feature_missing_ratio', 'missing'),
        one('driftd_feature_invalid_ratio', 'invalid'),
        one('driftd_feature_out_of_range_ratio', 'outside the range'),
        one('driftd_feature_unseen_category_ratio', 'in new categories'),
      ]).min(0),
    )
    .withPanel(
      lines('Values in the window', 'short', [one('driftd_feature_samples', 'values')]).min(0),
    )
    .withPanel(
      lines('p-value of KS', 'short', [one('driftd_feature_ks_pvalue', 'p')], FULL)
        .min(0)
        .max(1),
    )
    .withPanel(
      new TableBuilder()
        .title('What was judged, newest first')
        .datasource(POSTGRES)
        .withTarget(sql(JUDGEMENTS))
        .span(FULL)
        .height(9),
    );
}
