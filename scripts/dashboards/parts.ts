import { VizOrientation } from '@grafana/grafana-foundation-sdk/common';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  MappingType,
  QueryVariableBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The two data sources, by the ids that config/grafana/provisioning gives them. */
export const PROMETHEUS: DataSourceRef = { type: 'prometheus', uid: 'prometheus' };
export const POSTGRES: DataSourceRef = {
  type: 'grafana-postgresql-datasource',
  uid: 'driftd-postgres',
};

/** The dashboards' ids: links and bookmarks hold on to them. */
export const UID = {
  fleet: 'driftd-fleet',
  model: 'driftd-model',
  feature: 'driftd-feature',
  daemon: 'driftd-daemon',
} as const;

/** A whole line of the grid is 24 wide. */
export const FULL = 24;
export const HALF = 12;

export function promql(expr: string, legend = ''): DataqueryBuilder {
  return new DataqueryBuilder().datasource(PROMETHEUS).expr(expr).range().legendFormat(legend);
}

export function promqlNow(expr: string, legend = ''): DataqueryBuilder {
  return new DataqueryBuilder().datasource(PROMETHEUS).expr(expr).instant().legendFormat(legend);
}

/** A query of the SQL data source, which the SDK has no builder for. */
export function sql(rawSql: string, format: 'table' | 'time_series' = 'table'): Builder<Dataquery> {
  const query = {
    refId: 'A',
    datasource: POSTGRES,
    editorMode: 'code',
    format,
    rawQuery: true,
    rawSql,
    _implementsDataqueryVariant: () => undefined,
  };
  return { build: (): Dataquery => query };
}

/** What driftd_feature_status says, in words and colours. */
export const STATUS: ValueMapping[] = [
  {
    type: MappingType.ValueToText,
    options: {
      '3': { text: 'drifted', color: 'red', index: 0 },
      '2': { text: 'warning', color: 'orange', index: 1 },
      '1': { text: 'suspected', color: 'yellow', index: 2 },
      '0': { text: 'stable', color: 'green', index: 3 },
      '-1': { text: 'insufficient', color: 'light-blue', index: 4 },
      '-2': { text: 'no data', color: 'purple', index: 5 },
      '-3': { text: 'no baseline', color: 'dark-purple', index: 6 },
      '-4': { text: 'not comparable', color: 'dark-purple', index: 7 },
    },
  },
];

/** Green below the first value, then one colour a step. */
export function steps(...later: readonly [number, string][]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: 'green' }, ...later.map(([value, color]) => ({ value, color }))]);
}

export function lines(
  title: string,
  unit: string,
  targets: readonly Builder<Dataquery>[],
  width = HALF,
): TimeseriesBuilder {
  return new TimeseriesBuilder()
    .title(title)
    .unit(unit)
    .datasource(PROMETHEUS)
    .targets([...targets])
    .fillOpacity(5)
    .lineWidth(1)
    .span(width)
    .height(8);
}

export function number(title: string, unit: string, expr: string): StatBuilder {
  return new StatBuilder()
    .title(title)
    .unit(unit)
    .datasource(PROMETHEUS)
    .withTarget(promqlNow(expr))
    .orientation(VizOrientation.Auto)
    .span(6)
    .height(4);
}

export function states(title: string, expr: string, legend: string): StateTimelineBuilder {
  return new StateTimelineBuilder()
    .title(title)
    .datasource(PROMETHEUS)
    .withTarget(promql(expr, legend))
    .mappings(STATUS)
    .rowHeight(0.8)
    .span(FULL)
    .height(9);
}

/** A variable whose values Prometheus knows. */
export function labelValues(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(PROMETHEUS)
    .query({ query, refId: name })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

export const modelVariable = (): QueryVariableBuilder =>
  labelValues('model', 'Model', 'label_values(driftd_model_events_total, model)');
export const featureVariable = (): QueryVariableBuilder =>
  labelValues('feature', 'Feature', 'label_values(driftd_feature_status{model="$model"}, feature)');
export const windowVariable = (): QueryVariableBuilder =>
  labelValues('window', 'Window', 'label_values(driftd_feature_samples{model="$model"}, window)');
export const segmentVariable = (): QueryVariableBuilder =>
  labelValues('segment', 'Segment', 'label_values(driftd_feature_status{model="$model"}, segment)');

/** A histogram's quantiles, with exemplars: the traces behind them, where there are any. */
export function quantile(q: number, metric: string, by: string, legend: string): DataqueryBuilder {
  const labels = by === '' ? 'le' : `le, ${by}`;
  return promql(
    `histogram_quantile(${q}, sum by (${labels}) (rate(${metric}_bucket[5m])))`,
    legend,
  ).exemplar(true);
}

/** What a dashboard is about: selectors by what they choose. */
export interface Chosen {
  readonly model?: string;
  readonly feature?: string;
}

/** When alerts fired, and when baselines became active, for what is chosen or for all. */
function annotations({ model = '', feature = '' }: Chosen): AnnotationQueryBuilder[] {
  return [
    new AnnotationQueryBuilder()
      .name('Alerts')
      .datasource(PROMETHEUS)
      .enable(true)
      .iconColor('red')
      .titleFormat('{{model}} / {{feature}}')
      .textFormat('the alert fires')
      .expr(
        `max by (model, feature) (driftd_alert_state{${[model, feature].filter((one) => one !== '').join(', ')}}) == 2`,
      ),
    new AnnotationQueryBuilder()
      .name('Baseline activated')
      .datasource(PROMETHEUS)
      .enable(true)
      .iconColor('blue')
      .titleFormat('{{model}}')
      .textFormat('baseline {{version}} became active')
      // The value is when it happened, in ms: also of the first one, and of those from before Prometheus looked.
      .useValueForTime(true)
      .expr(
        `1000 * max by (model, version) (driftd_baseline_activated_timestamp_seconds{${model}})`,
      ),
  ];
}

/** A dashboard with what all have in common: links to the others, annotations, one crosshair. */
export function dashboard(
  title: string,
  uid: string,
  description: string,
  chosen: Chosen = {},
): DashboardBuilder {
  return new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['driftd'])
    .timezone('utc')
    .time({ from: 'now-7d', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .annotations(annotations(chosen))
    .link(
      new DashboardLinkBuilder('driftd')
        .type(DashboardLinkType.Dashboards)
        .tags(['driftd'])
        .includeVars(true)
        .keepTime(true),
    );
}

/** A link from a series to another dashboard about its labels. */
export function linkTo(
  uid: string,
  title: string,
  ...labels: readonly string[]
): DashboardLinkBuilder {
  const query = labels.map((label) => `var-${label}=\${__field.labels.${label}}`).join('&');
  return new DashboardLinkBuilder(title).url(`/d/${uid}?${query}&\${__url_time_range}`);
}
