import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { faultsOf } from '../../support/promql.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const RULES = 'config/prometheus/driftd.rules.yml';
const TESTS = 'config/prometheus/tests/driftd.rules.test.yml';

/** Where the docs are to be read, if Prometheus is told. */
const DOCS = '{{ with $externalLabels.driftd_docs }}{{ . }}{{ else }}docs{{ end }}';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

function read(file: string): string {
  return readFileSync(`${ROOT}${file}`, 'utf8');
}

const { groups } = parse(read(RULES)) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const alerts = rules.filter((rule) => rule.alert !== undefined);

function promtool(...args: string[]): { status: number | null; output: string } {
  const run = spawnSync('promtool', args, { cwd: ROOT, encoding: 'utf8' });
  if (run.error !== undefined)
    throw new Error(
      `promtool is needed (Debian: apt-get install prometheus): ${run.error.message}`,
    );
  return { status: run.status, output: `${run.stdout}${run.stderr}` };
}

describe('the Prometheus rules', () => {
  it('are accepted by promtool, and fire as their unit tests say', () => {
    for (const args of [
      ['check', 'rules', RULES],
      ['test', 'rules', TESTS],
    ]) {
      const { status, output } = promtool(...args);
      expect(status, output).toBe(0);
    }
  });

  it('ask for metrics that driftd has, with the labels that they have', () => {
    const recorded = new Set(rules.map((rule) => rule.record));
    for (const { expr } of rules) {
      expect(faultsOf(expr), expr).toEqual([]);
      for (const [name] of expr.matchAll(/\bdriftd:[a-z_0-9:]+/g)) expect(recorded).toContain(name);
    }
  });

  it('say how bad it is, what it is, and which runbook of docs/operations.md helps', () => {
    const headings = [...read('docs/operations.md').matchAll(/^### (\S+)$/gm)].map(
      ([, name]) => `docs/operations.md#${(name ?? '').toLowerCase()}`,
    );
    expect(alerts.length).toBeGreaterThan(10);
    for (const { alert, labels, annotations } of alerts) {
      expect(['warning', 'critical'], alert).toContain(labels?.['severity']);
      expect(annotations?.['summary'], alert).toBeTruthy();
      const runbook = annotations?.['runbook_url'] ?? '';
      expect(runbook.startsWith(DOCS), alert).toBe(true);
      expect(headings, alert).toContain(`docs${runbook.slice(DOCS.length)}`);
    }
  });

  it('are each made to fire by a unit test', () => {
    const tested = read(TESTS);
    for (const { alert } of alerts)
      expect(tested, alert).toMatch(
        new RegExp(`alertname: ${alert}\\n\\s+eval_time: \\w+\\n\\s+exp_alerts:\\n`),
      );
  });
});
