import { METRICS } from '../../src/expose/metrics/catalogue.ts';
import type { MetricSpec } from '../../src/expose/metrics/catalogue.ts';

/** Labels that Prometheus gives to every series of a target. */
const TARGET = ['instance', 'job'];

/** A selector of a metric of driftd within a query. */
export interface Selector {
  readonly text: string;
  readonly metric: string;
  readonly matched: readonly string[];
}

export function selectorsIn(expr: string): Selector[] {
  return [...expr.matchAll(/\b(driftd_[a-z0-9_]+)(?:\{([^}]*)\})?/g)].map(
    ([text, metric = '', matchers = '']) => ({
      text,
      metric,
      matched: [...matchers.matchAll(/([a-z_]+)\s*(?:=|!=|=~|!~)"/g)].map(
        ([, label]) => label ?? '',
      ),
    }),
  );
}

/** What a query asks of driftd's metrics that they do not have: names, labels of selectors, labels of groups. */
export function faultsOf(expr: string): string[] {
  const faults: string[] = [];
  const known = new Set(TARGET);
  const selectors = selectorsIn(expr);
  for (const { metric, matched } of selectors) {
    const spec = specOf(metric);
    if (spec === null) {
      faults.push(`there is no metric ${metric}`);
      continue;
    }
    const own = [...spec.labels, ...(metric.endsWith('_bucket') ? ['le'] : [])];
    for (const label of own) known.add(label);
    for (const label of matched)
      if (![...own, ...TARGET].includes(label)) faults.push(`${metric} has no label ${label}`);
  }
  if (selectors.length === 0) return faults;
  for (const [, group = ''] of expr.matchAll(/\b(?:by|on|group_left)\s*\(([^)]*)\)/g))
    for (const label of group.split(',').map((one) => one.trim()))
      if (label !== '' && !known.has(label)) faults.push(`nothing in it has the label ${label}`);
  return faults;
}

function specOf(name: string): MetricSpec | null {
  const all: Readonly<Record<string, MetricSpec>> = METRICS;
  const histogram = all[name.replace(/_(bucket|sum|count)$/, '')];
  return all[name] ?? (histogram?.type === 'histogram' ? histogram : null);
}
