import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startDriftd } from '../../scripts/demo/daemon.ts';
import type { Daemon } from '../../scripts/demo/daemon.ts';
import { createTopic, publishFlights } from '../../scripts/demo/publisher.ts';
import { startMailbox } from '../../scripts/servers/mailbox.ts';
import type { Mailbox } from '../../scripts/servers/mailbox.ts';
import { startAlertmanager, startPrometheus } from '../../scripts/servers/prometheus.ts';
import type { WebServer } from '../../scripts/servers/prometheus.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { dashboards, labelValues } from '../support/dashboards.ts';
import { selectorsIn } from '../support/promql.ts';
import { freshDatabase, kafkaBrokers, uniqueName } from '../support/servers.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const FROM = Date.UTC(2013, 0, 1);
const TO = Date.UTC(2013, 4, 1);
/** What a person has chosen in the variables, but for the feature. */
const CHOSEN: Readonly<Record<string, string>> = {
  model: 'flights-late',
  window: '7d',
  segment: 'all',
};

let mailbox: Mailbox;
let daemon: Daemon;
let alertmanager: WebServer;
let prometheus: WebServer;
let pool: Pool;

/** Rates need two scrapes of what has moved, and the rules a look at the last: none of it is there at once. */
const WAIT = { timeout: 60_000, interval: 500 };

/** A real Prometheus with the project's configuration scrapes a real driftd that reads the flights of February to April. */
beforeAll(async () => {
  mailbox = await startMailbox();
  const url = await freshDatabase();
  pool = createPool({ url, max: 2, applicationName: 'test', log: createLog('silent') });
  const topic = { brokers: kafkaBrokers(), name: uniqueName('predictions'), partitions: 2 };
  await createTopic(topic);
  daemon = await startDriftd({
    root: ROOT,
    config: `${ROOT}config/demo.yaml`,
    env: {
      DATABASE_URL: url,
      DRIFTD_DEMO_BROKER: topic.brokers[0] ?? '',
      DRIFTD_DEMO_TOPIC: topic.name,
      DRIFTD_DEMO_GROUP: uniqueName('driftd'),
      DRIFTD_DEMO_SMTP_PORT: String(mailbox.port),
    },
  });
  alertmanager = await startAlertmanager();
  prometheus = await startPrometheus({
    config: `${ROOT}config/prometheus/prometheus.yml`,
    targets: [new URL(daemon.url).host],
    alertmanager: alertmanager.url,
  });
  const { signal } = new AbortController();
  await publishFlights(topic, { dayMs: 60, signal, to: TO });
  await vi.waitFor(
    async () => {
      daemon.assertRunning();
      const { rows } = await pool.query<{ time: number | null }>(
        'SELECT max(window_end) AS time FROM evaluation',
      );
      expect(rows[0]?.time).toBeGreaterThanOrEqual(TO - 86_400_000);
    },
    { timeout: 120_000, interval: 500 },
  );
});

afterAll(async () => {
  await prometheus.stop();
  await alertmanager.stop();
  await daemon.stop();
  await pool.end();
  await mailbox.stop();
});

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** What Prometheus answers to a query; values that are no number are no data. */
async function ask(expr: string): Promise<Series[]> {
  const { result } = await get<{ result: Series[] }>('query', { query: expr });
  return result.filter(({ value }) => !Number.isNaN(Number(value[1].replace('Inf', 'Infinity'))));
}

async function get<T>(what: string, parameters: Record<string, string> = {}): Promise<T> {
  const response = await fetch(
    `${prometheus.url}/api/v1/${what}?${new URLSearchParams(parameters).toString()}`,
  );
  const answer = (await response.json()) as { status: string; error?: string; data: T };
  if (answer.status !== 'success')
    throw new Error(`${JSON.stringify(parameters)}: ${answer.error ?? ''}`);
  return answer.data;
}

/** Grafana's variables and macros, as it would put them in. */
function filledIn(query: string, feature = 'temp'): string {
  const chosen: Readonly<Record<string, string>> = { ...CHOSEN, feature };
  return query
    .replaceAll(/\$\{(\w+):sqlstring\}/g, (_, name: string) => `'${chosen[name] ?? ''}'`)
    .replaceAll(
      /\$__timeFilter\(([^)]+)\)/g,
      `$1 BETWEEN to_timestamp(${FROM / 1000}) AND to_timestamp(${TO / 1000})`,
    )
    .replaceAll('$__timeFrom()', `to_timestamp(${FROM / 1000})`)
    .replaceAll('$__timeTo()', `to_timestamp(${TO / 1000})`)
    .replaceAll(/\$(model|feature|window|segment)\b/g, (_, name: string) => chosen[name] ?? '');
}

/** Curves need numbers in order; every other picture is of categories, too. */
const OF_NUMBERS = /^(Cumulative|Quantiles)/;
/** Shows 0 where there is nothing to count: an empty answer of the rest of it is well, if there is something to count in. */
const OR_ZERO = / or vector\(0\)$/;

describe('the dashboards', () => {
  const boards = dashboards();
  const panels = boards.flatMap(({ title, panels: list }) =>
    list.flatMap((panel) =>
      (panel.targets ?? []).map((target) => ({
        name: `${title}: ${panel.title}, query ${target.refId}`,
        features: OF_NUMBERS.test(panel.title) ? ['temp'] : ['temp', 'carrier'],
        ...target,
      })),
    ),
  );

  it('are there', () => {
    expect(panels.length).toBeGreaterThan(30);
  });

  it.each(panels)('$name has data', async ({ expr = '', rawSql, features }) => {
    if (rawSql !== undefined) {
      for (const feature of features) {
        const { rows } = await pool.query<Record<string, unknown>>(filledIn(rawSql, feature));
        expect(rows.length, feature).toBeGreaterThan(0);
        // Baseline without live beside it is half a picture.
        if (rows.some((row) => 'live' in row))
          expect(rows.filter(({ live }) => live !== null).length, feature).toBeGreaterThan(0);
      }
      return;
    }
    // Some statistics are of numbers only, some of categories only.
    const asked = OR_ZERO.test(expr)
      ? selectorsIn(expr).map(({ metric }) => metric)
      : features.map((feature) => filledIn(expr, feature));
    await expect
      .poll(async () => (await Promise.all(asked.map(ask))).flat().length, WAIT)
      .toBeGreaterThan(0);
  });

  it.each(
    boards.flatMap(({ title, annotations }) => annotations.list.map((one) => ({ title, ...one }))),
  )('$title marks: $name', async ({ expr }) => {
    const marks = async (): Promise<number> => {
      const answers = [filledIn(expr, 'temp'), filledIn(expr, 'carrier')].map((one) =>
        // What fired once need not fire at the end.
        ask(`last_over_time((${one})[10m:1s])`),
      );
      return (await Promise.all(answers)).flat().length;
    };
    await expect.poll(marks, WAIT).toBeGreaterThan(0);
  });

  it('mark when the baseline became active, the first one', async () => {
    const { rows } = await pool.query<{ at: number }>(
      "SELECT activated_at AS at FROM baseline WHERE state = 'active'",
    );
    const [mark] = boards[0]?.annotations.list.filter(({ name }) => name.startsWith('Base')) ?? [];
    const marks = async (): Promise<number[]> =>
      (await ask(filledIn(mark?.expr ?? ''))).map(({ value }) => Number(value[1]));
    await expect.poll(marks, WAIT).toEqual(rows.map(({ at }) => at));
  });

  it.each(
    boards.flatMap(({ title, templating }) =>
      (templating.list ?? []).map(({ name, query }) => ({ title, name, query: query.query })),
    ),
  )('$title offers values for $name', async ({ name, query }) => {
    const { selector, label } = labelValues(filledIn(query));
    await expect
      .poll(() => get<string[]>(`label/${label}/values`, { 'match[]': selector }), WAIT)
      .toContain({ ...CHOSEN, feature: 'temp' }[name]);
  });

  it('name categories among the worst features', async () => {
    const [worst] = panels.filter(({ name }) => name.includes('Worst features'));
    const features = async () =>
      (await ask(worst?.expr ?? '')).map(({ metric }) => metric['feature']);
    await expect.poll(features, WAIT).toEqual(expect.arrayContaining(['temp', 'carrier']));
  });
});

describe('the rules', () => {
  it('load in Prometheus without an error', async () => {
    const rules = async () => {
      const response = await fetch(`${prometheus.url}/api/v1/rules`);
      const { data } = (await response.json()) as {
        data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
      };
      return data.groups.flatMap((group) => group.rules);
    };
    // One that was never looked at is "unknown".
    const others = async () => (await rules()).filter(({ health }) => health !== 'ok');
    await expect.poll(others, WAIT).toEqual([]);
    expect((await rules()).length).toBeGreaterThan(20);
  });

  it('take the drift of temp to Alertmanager', async () => {
    await vi.waitFor(
      async () => {
        const response = await fetch(`${alertmanager.url}/api/v2/alerts`);
        const alerts = (await response.json()) as { labels: Record<string, string> }[];
        expect(alerts.map(({ labels }) => labels)).toContainEqual(
          expect.objectContaining({
            alertname: 'DriftdFeatureDrifted',
            model: 'flights-late',
            feature: 'temp',
            severity: 'critical',
          }),
        );
      },
      { timeout: 60_000, interval: 500 },
    );
  });
});
