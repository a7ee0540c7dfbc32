import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createNormal } from '../support/baselines.ts';
import { serve } from '../support/served.ts';
import type { Served } from '../support/served.ts';
import { freshDatabase } from '../support/servers.ts';

const WAIT = { timeout: 30_000, interval: 100 };
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const normal = createNormal(5);

let folder: string;
let pool: Pool;
const processes: Served[] = [];

const spans = (name: string): { readonly traceId: string; readonly attributes: Attributes }[] =>
  exporter
    .getFinishedSpans()
    .filter((span) => span.name === name)
    .map((span) => ({ traceId: span.spanContext().traceId, attributes: span.attributes }));
type Attributes = Readonly<Record<string, unknown>>;

/** Events that have drifted are counted by one process; another one judges them and fails to tell. */
beforeAll(async () => {
  provider.register();
  folder = await mkdtemp(join(tmpdir(), 'driftd-traces-'));
  const rows = Array.from({ length: 2_000 }, () => String(normal()));
  await writeFile(join(folder, 'm.csv'), ['x', ...rows].join('\n'));
  const database = await freshDatabase();
  pool = createPool({ url: database, max: 2, applicationName: 'test', log: createLog('silent') });
  const config = `
http: { listen: "127.0.0.1:0" }
http_source: {}
baselines: { directory: '${folder}' }
models: [{ name: m, allowed_lateness: 0s }]
monitors: [{ name: often, model: m, schedule: '*/5 * * * *', windows: [1h], policy: { open: 1 of 1 } }]
receivers: [{ name: ops, email: { to: [ops@example.com] } }]
routes: [{ receiver: ops, group_wait: 0s }]
smtp: { host: 127.0.0.1, port: 1, from: driftd@example.com, tls: none }
log: { level: silent }
notify: { test_schedule: 'off' }`;
  const reader = await serve(database, config, 'ingest', 'serve');
  processes.push(reader);
  const ts = new Date(Date.now() - 20 * 60_000).toISOString();
  const events = Array.from({ length: 1_000 }, () => ({
    model: 'm',
    ts,
    features: { x: 3 + normal() },
  }));
  expect((await reader.ask('/events', { method: 'POST', body: events })).status).toBeLessThan(300);
  await vi.waitFor(async () => {
    const { rows: found } = await pool.query<{ counted: number }>(
      'SELECT counted FROM ingest_partition',
    );
    expect(found).toEqual([{ counted: 1_000 }]);
  }, WAIT);
  await pool.query("UPDATE monitor SET scheduled_from = now() - interval '6 min'");
  processes.push(await serve(database, config, 'evaluate', 'notify'));
  await vi.waitFor(() => expect(spans('driftd.delivery').length).toBeGreaterThan(0), WAIT);
});
afterAll(async () => {
  await Promise.all(processes.map((one) => one.stop()));
  await pool.end();
  await provider.shutdown();
  trace.disable();
  await rm(folder, { recursive: true });
});

describe('spans of a daemon', () => {
  it('lead from an evaluation to the delivery of its message, by the key', () => {
    const queued = spans('driftd.evaluation').flatMap(
      ({ attributes }) => attributes['driftd.dedup_keys'] as string[],
    );
    const delivered = spans('driftd.delivery').map(({ attributes }) => attributes);
    expect(delivered[0]).toMatchObject({ 'driftd.channel': 'email', 'driftd.outcome': 'retry' });
    for (const attributes of delivered) expect(queued).toContain(attributes['driftd.dedup_key']);
  });

  it.each([
    [0, 'driftd.checkpoint', 'driftd_checkpoint_duration_seconds'],
    [1, 'driftd.evaluation', 'driftd_evaluation_duration_seconds'],
  ])('of process %i are what exemplars lead to: %s', async (process, span, histogram) => {
    const response = await fetch(`${processes[process]?.url ?? ''}/metrics`, {
      headers: { accept: 'application/openmetrics-text; version=1.0.0' },
    });
    const buckets = (await response.text())
      .split('\n')
      .filter((line) => line.startsWith(`${histogram}_bucket`));
    const traces = buckets.flatMap((line) => /# \{trace_id="(\w+)"/.exec(line)?.[1] ?? []);
    expect(traces.length).toBeGreaterThan(0);
    const known = spans(span).map(({ traceId }) => traceId);
    for (const one of traces) expect(known).toContain(one);
  });
});
