import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { validateCron } from '../../../src/app/validate-cron.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { DriftdConfig } from '../../../src/config/types.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftd-config-'));
  await writeFile(join(folder, 'slack'), 'https://hooks.slack.example/T0/B0/x\n');
  await writeFile(join(folder, 'key'), 'R0UTE\n');
});
afterEach(() => rm(folder, { recursive: true }));

async function load(yaml: string): Promise<DriftdConfig> {
  const file = join(folder, 'driftd.yaml');
  await writeFile(file, `postgres: { url: "postgres://u:p@127.0.0.1/d" }\n${yaml}`);
  return loadConfig(file, { env: {}, validateCron });
}

/** The messages, without file and place. */
async function problems(yaml: string): Promise<string[]> {
  try {
    await load(yaml);
    return [];
  } catch (thrown) {
    return String((thrown as Error).message)
      .split('\n')
      .map((line) => line.replace(/^.*?yaml:\d+:\d+:? */, ''));
  }
}

describe('receivers', () => {
  it('may have every channel; secrets come from files', async () => {
    const config = await load(`receivers:
  - name: ops
    webhook: { url: "https://example.com/hook", secret_file: key }
    slack: { url_file: slack, send_resolved: false }
    teams: { url: "http://10.0.0.1/flow", allow_private: true }
    alertmanager: { urls: ["http://am-0:9093", "http://am-1:9093"] }
    pagerduty: { routing_key_file: key }
`);
    expect(config.receivers).toEqual([
      {
        name: 'ops',
        targets: [
          { channel: 'webhook', recipient: 'ops', sendResolved: true },
          { channel: 'slack', recipient: 'ops', sendResolved: false },
          { channel: 'teams', recipient: 'ops', sendResolved: true },
          { channel: 'alertmanager', recipient: 'http://am-0:9093', sendResolved: true },
          { channel: 'alertmanager', recipient: 'http://am-1:9093', sendResolved: true },
          { channel: 'pagerduty', recipient: 'ops', sendResolved: true },
        ],
      },
    ]);
    const hook = { recipient: 'ops', allowPrivate: false };
    expect(config.channels).toEqual({
      webhook: [{ ...hook, url: 'https://example.com/hook', secret: 'R0UTE' }],
      slack: [{ ...hook, url: 'https://hooks.slack.example/T0/B0/x' }],
      teams: [{ recipient: 'ops', url: 'http://10.0.0.1/flow', allowPrivate: true }],
      alertmanager: ['http://am-0:9093', 'http://am-1:9093'].map((url) => ({
        recipient: url,
        url,
        allowPrivate: true,
        repeatIntervalMs: 0,
      })),
      pagerduty: [{ ...hook, url: 'https://events.pagerduty.com/v2/enqueue', routingKey: 'R0UTE' }],
    });
  });

  it('say an Alertmanager how long it may be until it hears of an alert again', async () => {
    const config = await load(`
receivers:
  - { name: a, alertmanager: { urls: ["http://am-0:9093", "http://am-1:9093"] } }
  - { name: b, alertmanager: { urls: ["http://am-1:9093"] } }
routes:
  - { receiver: a, repeat_interval: 3d, match: { severity: critical } }
  - { receiver: a, repeat_interval: 14d }
  - { receiver: b, repeat_interval: 30d }
`);
    expect(
      config.channels.alertmanager.map(({ url, repeatIntervalMs }) => [
        url,
        repeatIntervalMs / 86_400_000,
      ]),
    ).toEqual([
      ['http://am-0:9093', 14],
      ['http://am-1:9093', 30],
      ['http://am-1:9093', 30],
    ]);
  });

  it.each([
    ['{ name: a, slack: { url: "http://hooks.slack.example/x" } }', 'http is readable on the way'],
    ['{ name: a, slack: {} }', 'url is missing, give url or url_file'],
    ['{ name: a, slack: { url: "https://x.example", url_file: slack } }', 'keep one of the two'],
    ['{ name: a, webhook: { url: "ftp://x.example" } }', 'this is no address'],
    ['{ name: a, webhook: { url: "https://u:p@x.example" } }', 'take it out'],
    ['{ name: a, pagerduty: {} }', 'routing_key is missing'],
    ['{ name: a, alertmanager: { urls: ["am:9093"] } }', 'this is no address'],
    ['{ name: a }', 'has no channel'],
  ])('%s: %s', async (receiver, message) => {
    expect(await problems(`receivers: [${receiver}]`)).toEqual([expect.stringContaining(message)]);
  });

  it('never shows a secret address', async () => {
    const told = await problems(
      'receivers: [{ name: a, slack: { url: "http://s3cret.example" } }]',
    );
    expect(told.join()).not.toContain('s3cret');
  });
});

describe('routes, maintenance and heartbeat', () => {
  it('match owner and segment, and may go on', async () => {
    const config = await load(`models: [{ name: m, owner: team-a }]
receivers: [{ name: ops, slack: { url_file: slack } }]
routes: [{ receiver: ops, match: { owner: team-a, segment: "origin=JFK" }, continue: true }]
`);
    expect(config.models[0]?.owner).toBe('team-a');
    expect(config.routes[0]).toMatchObject({
      continue: true,
      match: { owner: 'team-a', segment: 'origin=JFK', model: null },
    });
  });

  it('maintenance is once or again and again', async () => {
    const config = await load(`maintenance:
  - { reason: move, from: "2026-05-01T20:00:00Z", to: "2026-05-02T04:00:00Z" }
  - { reason: load, match: { model: m }, schedule: "0 22 * * 6", duration: 6h, time_zone: Europe/Berlin }
`);
    expect(config.maintenance.map(({ when }) => when)).toEqual([
      { from: Date.UTC(2026, 4, 1, 20), to: Date.UTC(2026, 4, 2, 4) },
      { schedule: '0 22 * * 6', timeZone: 'Europe/Berlin', durationMs: 6 * 3_600_000 },
    ]);
  });

  it.each([
    ['maintenance: [{ reason: x }]', 'give one of the two'],
    ['maintenance: [{ reason: x, schedule: "0 0 * * *" }]', 'give one of the two'],
    ['maintenance: [{ reason: x, schedule: "x", duration: 1h }]', 'write five'],
    [
      'maintenance: [{ reason: x, from: "2026-05-01T20:00:00Z", to: "2026-05-01T19:00:00Z" }]',
      'ends before it begins',
    ],
    ['maintenance: [{ reason: x, from: "soon", to: "2026-05-01T19:00:00Z" }]', 'this is no time'],
    ['notify: { problem_receivers: [nobody] }', 'there is no receiver "nobody"'],
    ['notify: { test_schedule: "never" }', 'write five'],
    ['notify: { links: [{ label: x, url: "javascript:alert(1)" }] }', 'this is no address'],
    ['heartbeat: {}', 'url is missing'],
    ['heartbeat: { url: "https://x.example", interval: 1ms }', 'out of range'],
  ])('%s: %s', async (yaml, message) => {
    expect(await problems(yaml)).toEqual([expect.stringContaining(message)]);
  });

  it('a heartbeat and tests can be had and be left', async () => {
    const config = await load(
      'heartbeat: { url: "https://hc.example/x" }\nnotify: { test_schedule: off }\n',
    );
    expect(config.heartbeat).toEqual({
      url: 'https://hc.example/x',
      intervalMs: 60_000,
      allowPrivate: false,
    });
    expect(config.notify.testSchedule).toBe(null);
  });
});
