import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Role } from '../../src/config/roles.ts';
import { serve } from '../support/served.ts';
import type { Served } from '../support/served.ts';
import { freshDatabase } from '../support/servers.ts';

const CONFIG = `
http: { listen: "127.0.0.1:0" }
http_source: {}
models: [{ name: m }]
monitors: [{ name: m-daily, model: m, schedule: '0 6 * * *', windows: [24h] }]
receivers: [{ name: ops, email: { to: [ops@example.com] } }]
smtp: { host: 127.0.0.1, port: 1, from: driftd@example.com, tls: none }
`;
const ROLES: readonly Role[] = ['ingest', 'evaluate', 'notify', 'serve'];

let processes: ReadonlyMap<Role, Served>;

/** One process a role, on one database. */
beforeAll(async () => {
  const database = await freshDatabase();
  const started: [Role, Served][] = [];
  for (const role of ROLES) started.push([role, await serve(database, CONFIG, role)]);
  processes = new Map(started);
});
afterAll(async () => {
  await Promise.all([...processes.values()].map((one) => one.stop()));
});

async function get(role: Role, where: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`${processes.get(role)?.url ?? ''}${where}`);
  return { status: response.status, body: await response.text() };
}

describe('a process with one role', () => {
  it.each(ROLES)('answers probes and shows gauges: %s', async (role) => {
    expect(await get(role, '/livez')).toMatchObject({ status: 200 });
    await vi.waitFor(async () => expect((await get(role, '/readyz')).status).toBe(200), 20_000);
    const { body } = await get(role, '/metrics');
    expect(body).toContain('driftd_up 1\n');
    expect(body).toContain('driftd_model_events_total{model="m"} 0\n');
  });

  it('shows what only it knows', async () => {
    await expect
      .poll(async () => (await get('ingest', '/metrics')).body)
      .toMatch(/driftd_consumer_lag\{.*\} 0\n/);
    const ingest = (await get('ingest', '/metrics')).body;
    expect(ingest).toContain('driftd_events_total{source="http",result="counted"} 0\n');
    expect(ingest).toContain('driftd_checkpoints_retried_total{source="http"} 0\n');
    const notify = (await get('notify', '/metrics')).body;
    expect(notify).toContain('driftd_notifications_total{channel="email",result="dead"} 0\n');
    expect(notify).not.toContain('driftd_events_total{');
  });

  it('has the API with the role serve, and nowhere else', async () => {
    for (const role of ROLES) {
      const served = role === 'serve';
      expect((await get(role, '/api/v1/status')).status).toBe(served ? 200 : 404);
      expect((await get(role, '/docs/')).status).toBe(served ? 200 : 404);
      expect((await get(role, '/')).body.includes('/docs')).toBe(served);
    }
  });
});
