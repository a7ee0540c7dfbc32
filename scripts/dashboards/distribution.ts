import { PanelBuilder as BarsBuilder } from '@grafana/grafana-foundation-sdk/barchart';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TrendBuilder } from '@grafana/grafana-foundation-sdk/trend';
import { FULL, HALF, POSTGRES, sql } from './parts.ts';

/**
 * The chosen feature's bins (h) in the newest judged window within the shown time, `part`: numeric bins in twenty parts
 * of equal baseline mass, categories each for itself.
 */
const BINS = `
WITH newest AS (
  SELECT max(e.window_end) AS ends FROM evaluation e
  JOIN monitor o ON o.id = e.monitor_id JOIN model m ON m.id = o.model_id
  WHERE m.name = \${model:sqlstring} AND e.window_end <= $__timeTo()),
h AS (
  SELECT d.*, CASE WHEN lower IS NULL AND upper IS NULL THEN bin
                   ELSE least(19, floor(20 * (baseline_cdf - baseline_share / 2)))::integer END AS part
  FROM newest, driftd_histogram(\${model:sqlstring}, \${feature:sqlstring}, \${segment:sqlstring},
    ends - \${window:sqlstring}::interval, ends) AS d),
parts AS (
  SELECT part, count(*) AS bins, min(label) AS label, min(coalesce(lower, '-Infinity')) AS lower,
    max(coalesce(upper, 'Infinity')) AS upper, sum(baseline_share) AS baseline, sum(live_share) AS live
  FROM h GROUP BY part HAVING sum(baseline_share) > 0 OR sum(live_share) > 0)`;

const LABEL = `CASE WHEN bins = 1 THEN label ELSE lower || ' to ' || upper END`;

const BARS = `${BINS}
SELECT ${LABEL} AS "values", baseline AS "baseline", live AS "live" FROM parts ORDER BY part`;

/** Both cumulative distributions at the edges of the bins: there, both are exact. */
const CURVES = `${BINS}
SELECT upper AS "value", baseline_cdf AS "baseline", live_cdf AS "live" FROM h
WHERE upper IS NOT NULL AND (baseline_cdf BETWEEN 0.001 AND 0.9995 OR live_cdf BETWEEN 0.001 AND 0.9995)
ORDER BY upper`;

/** Which parts have moved, and what each adds to the PSI. */
const CONTRIBUTIONS = `${BINS}
SELECT ${LABEL} AS "values", baseline AS "baseline", live AS "live", live - baseline AS "moved",
  (greatest(live, 0.0001) - greatest(baseline, 0.0001))
    * ln(greatest(live, 0.0001) / greatest(baseline, 0.0001)) AS "adds to the PSI"
FROM parts WHERE live IS NOT NULL ORDER BY 5 DESC LIMIT 10`;

/** The least edge that this share of the values does not exceed. */
const QUANTILES = `${BINS}
SELECT q AS "quantile",
  (SELECT min(upper) FROM h WHERE baseline_cdf >= q) AS "baseline", (SELECT min(upper) FROM h WHERE live_cdf >= q) AS "live"
FROM unnest(ARRAY[0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]) AS q ORDER BY q`;

const table = (title: string, query: string): TableBuilder =>
  new TableBuilder().title(title).datasource(POSTGRES).withTarget(sql(query)).span(HALF).height(9);

/** Baseline against live, from the stored counts themselves. */
export function distributionPanels(): readonly (BarsBuilder | TrendBuilder | TableBuilder)[] {
  return [
    new BarsBuilder()
      .title(
        'Share of the values, baseline beside live: parts of equal baseline mass, or categories',
      )
      .datasource(POSTGRES)
      .withTarget(sql(BARS))
      .xField('values')
      .unit('percentunit')
      .min(0)
      .span(FULL)
      .height(9),
    new TrendBuilder()
      .title('Cumulative distributions: the KS distance is their greatest gap')
      .datasource(POSTGRES)
      .withTarget(sql(CURVES))
      .xField('value')
      .unit('percentunit')
      .min(0)
      .max(1)
      .span(FULL)
      .height(9),
    table('What moved', CONTRIBUTIONS),
    table('Quantiles', QUANTILES),
  ];
}
