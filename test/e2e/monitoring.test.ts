import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startDriftd } from '../../scripts/demo/daemon.ts';
import type { Daemon } from '../../scripts/demo/daemon.ts';
import { createTopic, publishFlights } from '../../scripts/demo/publisher.ts';
import { startMailbox } from '../../scripts/servers/mailbox.ts';
import type { Mailbox } from '../../scripts/servers/mailbox.ts';
import { startAlertmanager, startPrometheus } from '../../scripts/servers/prometheus.ts';
import type { WebServer } from '../../scripts/servers/prometheus.ts';
import { sleep } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { freshDatabase, kafkaBrokers, uniqueName } from '../support/servers.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const DASHBOARDS = `${ROOT}config/grafana/dashboards`;
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
  // Rates need two scrapes of what has moved, and the rules one look at the last.
  await sleep(8_000);
}, 240_000);

afterAll(async () => {
  await prometheus.stop();
  await alertmanager.stop();
  await daemon.stop();
  await pool.end();
  await mailbox.stop();
});

interface Panel {
  readonly title: string;
  readonly targets?: readonly {
    readonly expr?: string;
    readonly rawSql?: string;
  }[];
}

async function ask(expr: string): Promise<unknown[]> {
  const response = await fetch(
    `${prometheus.url}/api/v1/query?${new URLSearchParams({ query: expr }).toString()}`,
  );
  const answer = (await response.json()) as {
    status: string;
    error?: string;
    data: { result: unknown[] };
  };
  if (answer.status !== 'success') throw new Error(`${expr}: ${answer.error}`);
  return answer.data.result;
}

/** Grafana's variables and macros, as it would put them in. */
function filledIn(query: string, feature = 'temp'): string {
  const chosen: Readonly<Record<string, string>> = { ...CHOSEN, feature };
  return query
    .replaceAll(/\$\{(\w+):sqlstring\}/g, (_, name: string) => `'${chosen[name]}'`)
    .replaceAll(
      /\$__timeFilter\(([^)]+)\)/g,
      `$1 BETWEEN to_timestamp(${FROM / 1000}) AND to_timestamp(${TO / 1000})`,
    )
    .replaceAll('$__timeFrom()', `to_timestamp(${FROM / 1000})`)
    .replaceAll('$__timeTo()', `to_timestamp(${TO / 1000})`)
    .replaceAll(/\$(model|feature|window|segment)\b/g, (_, name: string) => chosen[name] ?? '');
}

describe('the dashboards', () => {
  const panels = readdirSync(DASHBOARDS).flatMap((file) => {
    const { title, panels: list } = JSON.parse(readFileSync(`${DASHBOARDS}/${file}`, 'utf8')) as {
      title: string;
      panels: Panel[];
    };
    return list.flatMap((panel) =>
      (panel.targets ?? []).map((target, i) => ({
        name: `${title}: ${panel.title}, query ${i + 1}`,
        ...target,
      })),
    );
  });

  it('are there', () => {
    expect(panels.length).toBeGreaterThan(30);
  });

  it.each(panels)('$name has data', async ({ expr, rawSql }) => {
    if (rawSql !== undefined) {
      const { rows } = await pool.query(filledIn(rawSql));
      expect(rows.length).toBeGreaterThan(0);
    } else {
      // Some statistics are of numbers only, some of categories only.
      const answers = await Promise.all(
        ['temp', 'carrier'].map((feature) => ask(filledIn(expr ?? '', feature))),
      );
      expect(answers.flat().length).toBeGreaterThan(0);
    }
  });
});

describe('the rules', () => {
  it('load in Prometheus without an error', async () => {
    const response = await fetch(`${prometheus.url}/api/v1/rules`);
    const { data } = (await response.json()) as {
      data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
    };
    const rules = data.groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(20);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
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
