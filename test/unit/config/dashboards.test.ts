import { describe, expect, it } from 'vitest';
import { dashboards, labelValues } from '../../support/dashboards.ts';
import { faultsOf } from '../../support/promql.ts';

describe.each(dashboards())('the dashboard $title', ({ panels, annotations, templating }) => {
  it('numbers its panels, and their queries by letter', () => {
    const ids = panels.map(({ id }) => id);
    expect(ids.every(Number.isInteger)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { title, targets = [] } of panels)
      expect(
        targets.map(({ refId }) => refId),
        title,
      ).toEqual(['A', 'B', 'C', 'D', 'E', 'F'].slice(0, targets.length));
  });

  it('asks for metrics that driftd has, with labels that they have', () => {
    const asked = [
      ...panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => expr ?? [])),
      ...annotations.list.map(({ expr }) => expr),
      ...(templating.list ?? []).map(({ query }) => {
        const { selector, label } = labelValues(query.query);
        return `count by (${label}) (${selector})`;
      }),
    ];
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.flatMap((expr) => faultsOf(expr).map((fault) => `${expr}: ${fault}`))).toEqual([]);
  });
});

describe('a query that is wrong', () => {
  it.each([
    ['max(driftd_model_evnts_total) or vector(0)', 'there is no metric driftd_model_evnts_total'],
    ['driftd_baseline_info{feature="x"}', 'driftd_baseline_info has no label feature'],
    ['sum by (topic) (driftd_up)', 'nothing in it has the label topic'],
    ['driftd_up_bucket', 'there is no metric driftd_up_bucket'],
  ])('%s is found out', (expr, fault) => {
    expect(faultsOf(expr)).toEqual([fault]);
  });
});
