import { METRICS, REFUSED_PROCESS_METRICS } from '../../src/expose/metrics/catalogue.ts';
import type { MetricSpec } from '../../src/expose/metrics/catalogue.ts';

const INTRODUCTION = `# Metrics

<!-- Generated from src/expose/metrics/catalogue.ts by \`npm run generate\`. Do not edit. -->

\`/metrics\` speaks the Prometheus text format 0.0.4, and OpenMetrics 1.0 to a scraper that asks for it.

- **Stored** metrics come from what the database holds: the same on every replica, there again after a restart before
  \`/metrics\` opens, gone with their model, feature or monitor. With several replicas take \`max by (...)\`, not \`sum\`.
  What cannot be computed (too few events, no baseline) has no series, never a 0. At most 10,000 stored series are
  exported; \`driftd_series_dropped_total\` counts what is left out.
- **Process** metrics count the work of one process since it started: \`sum\` them over the processes.
- \`driftd_gauges_refreshed_timestamp_seconds\` says how old the stored gauges are: they are kept while the database does
  not answer.
`;

export function metricsPage(): string {
  const entries = Object.entries(METRICS);
  return [
    INTRODUCTION,
    '## Stored',
    '',
    ...table(entries.filter(([, spec]) => spec.origin === 'stored')),
    '',
    '## Process',
    '',
    ...table(entries.filter(([, spec]) => spec.origin === 'process')),
    '',
    'Beside these stand the `process_*` and `nodejs_*` metrics of prom-client, without',
    `${REFUSED_PROCESS_METRICS.map((name) => `\`${name}\``).join(', ')}, whose names promtool refuses.`,
    '',
  ].join('\n');
}

function table(entries: readonly [string, MetricSpec][]): string[] {
  return [
    '| Name | Type | Labels | Meaning |',
    '| --- | --- | --- | --- |',
    ...entries.map(
      ([name, { type, labels, help }]) =>
        `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help} |`,
    ),
  ];
}
